"""Path patterns as in .gitignore (https://git-scm.com/docs/gitignore#_pattern_format), written by people and models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

Narrowing: TypeAlias = tuple[tuple[str, ...], ...]
"""Lists of patterns, each of which must allow a path."""


def compiled(patterns: Sequence[str]) -> GitIgnoreSpec:
    """A pattern that cannot be read (`!`, a lone backslash) matches nothing."""
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except GitIgnorePatternError:
        return GitIgnoreSpec.from_lines([pattern for pattern in patterns if _sound(pattern)])


def outside(path: str, narrowing: Narrowing) -> tuple[str, ...] | None:
    """The first list that does not allow `path`, or None. A list of which nothing can be read allows nothing."""
    return next((allow for allow in narrowing if not compiled(_plain(allow)).match_file(path)), None)


def _plain(patterns: Sequence[str]) -> list[str]:
    return [pattern.strip().removeprefix("./") for pattern in patterns]


def _sound(pattern: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([pattern])
    except GitIgnorePatternError:
        return False
    return True
