"""Filter patterns of `branches`, `tags` and `paths`.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache


class PatternError(ValueError):
    """The pattern is malformed."""


@lru_cache(maxsize=1024)
def pattern_regex(pattern: str) -> re.Pattern[str]:
    """The pattern (without its leading `!`) as a regular expression for the whole name."""
    pieces: list[str] = []
    at = 0
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        pieces.append(piece)
    try:
        return re.compile("".join(pieces) + r"\Z", re.DOTALL)
    except re.error as error:
        raise PatternError(f"invalid pattern '{pattern}': {error}") from error


def _piece(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at]
    if pattern.startswith("**/", at):
        return "(?:.*/)?", at + 3
    if pattern.startswith("**", at):
        return ".*", at + 2
    if char == "*":
        return "[^/]*", at + 1
    if char in "?+":
        return char, at + 1
    if char == "[":
        end = pattern.find("]", at + 1)
        if end < 0:
            raise PatternError(f"invalid pattern '{pattern}': missing ]")
        return f"[{re.escape(pattern[at + 1 : end]).replace(chr(92) + '-', '-')}]", end + 1
    if char == "\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1]), at + 2
    return re.escape(char), at + 1


def included(name: str, patterns: Sequence[str]) -> bool:
    """Patterns are tried in order; one with `!` takes a name out again; the last that matches decides."""
    verdict = False
    for pattern in patterns:
        negative = pattern.startswith("!")
        if pattern_regex(pattern.removeprefix("!")).match(name):
            verdict = not negative
    return verdict


def any_included(names: Iterable[str], patterns: Sequence[str]) -> bool:
    return any(included(name, patterns) for name in names)
