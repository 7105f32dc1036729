"""The environment that a run node gives its command: data for a script, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LONGEST: Final = 100_000
"""Bytes of one value; Linux takes 128 KiB (MAX_ARG_STRLEN, https://man7.org/linux/man-pages/man2/execve.2.html)."""
MOST: Final = 500_000


def unfit(environment: Mapping[str, str]) -> str | None:
    """Why no process can be started with it, or None."""
    total = 0
    for name, value in environment.items():
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            return f"the value of {name} is no text that a process can be given"
        if "\0" in value:
            return f"the value of {name} has a NUL in it, which no process can be given"
        if size > LONGEST:
            return f"the value of {name} has {size:,} bytes; a process can be given {LONGEST:,}"
        total += size
    return f"all values have {total:,} bytes; a process can be given {MOST:,}" if total > MOST else None
