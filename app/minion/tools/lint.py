"""The seam between the tools that change files and the linters that look at what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

Hunk: TypeAlias = tuple[int, int, int, int]
"""(first old line, old lines, first new line, new lines), lines from 1, as in a unified diff without context."""


class LineLint(Protocol):
    """Never raises and never waits long: what is not known in time is told with a later answer."""

    def seen(self, path: str, sha: str) -> None:
        """The model read the file in this state; what linters say of it is not its doing."""
        ...

    def edited(self, path: str, shas: tuple[str | None, str], hunks: Sequence[Hunk]) -> str:
        """The file went from one content (None: it was not there, or not known) to another. What linters say of the
        edit, each finding a line of its own, or ""."""
        ...

    def late(self) -> str:
        """What they have said in the meantime of earlier edits, or ""."""
        ...


class NoLint:
    """Where no linter is known."""

    def seen(self, path: str, sha: str) -> None:
        pass

    def edited(self, path: str, shas: tuple[str | None, str], hunks: Sequence[Hunk]) -> str:  # noqa: ARG002
        return ""

    def late(self) -> str:
        return ""


NO_LINT = NoLint()


def with_findings(text: str, findings: str) -> str:
    return f"{text}\n{findings}" if findings else text
