"""Alembic's scripts; they run when the server starts."""
