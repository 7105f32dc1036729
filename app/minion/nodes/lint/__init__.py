"""Lint within a second: the linters that a repository uses, by its base commit, and what they say of changed files.

`linters` says what a linter is, `table_*` list them, `plan` finds those of a repository, `reading` understands what
they print, `desk` runs them and remembers, `touched` keeps the findings of an agent's edits, `judging` is the gate's.
"""
