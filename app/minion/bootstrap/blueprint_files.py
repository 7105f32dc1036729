"""Blueprint files that a person named on the command line: read with a bound, and spoken of safely."""

from __future__ import annotations

from pathlib import Path

from minion.blueprint.problem import Problems
from minion.blueprint.source import MAX_BYTES
from minion.domain.errors import UsageError


def content(path: Path, most: int = MAX_BYTES) -> bytes:
    """No more than what tells that it is too much. Raises `UsageError`."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def usage(problems: Problems) -> UsageError:
    return UsageError("\n".join(visible(str(problem)) for problem in problems))


def visible(text: str) -> str:
    """What a name in a file may hold must not steer a terminal, nor be unprintable."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
