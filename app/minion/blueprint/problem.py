"""What is wrong with a blueprint, for the person who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias


@dataclass(frozen=True)
class Mark:
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Problem:
    line: int
    column: int
    message: str
    hint: str = ""
    """How to mend it; may be empty."""
    source: str = ""
    """The file, as the caller named it."""

    def __str__(self) -> str:
        """`file:line:col: message (hint)`, the form that editors and CI annotations understand."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.source}:{self.line}:{self.column}: {self.message}{hint}"


Problems: TypeAlias = tuple[Problem, ...]


def problem(mark: Mark, message: str, hint: str = "") -> Problem:
    return Problem(mark.line, mark.column, message, hint)


def did_you_mean(word: str, valid: tuple[str, ...]) -> str:
    """The nearest valid spelling, or all of them when they are few."""
    near = get_close_matches(word, valid, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"one of: {', '.join(valid)}" if 0 < len(valid) <= 16 else ""
