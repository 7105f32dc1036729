"""The composition root: the one place that names adapters and joins them to what is written against ports."""
