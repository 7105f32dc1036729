"""Says what is configured, what is missing, and how to mend it."""
