"""Executing the work nodes of a blueprint: one file per node type, and one explicit registry."""
