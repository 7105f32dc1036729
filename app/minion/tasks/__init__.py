"""Decisions, pure: what was asked, who may ask, what the checks say, what may be pushed. No I/O."""
