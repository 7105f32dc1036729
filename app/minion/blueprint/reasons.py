"""Why an item of a map was reverted, in one line for people. What it quotes came from commands and models: tainted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from minion.blueprint.schema import GOOD
from minion.blueprint.state import Last, Step
from minion.blueprint.values import as_variable

LONGEST: Final = 300
"""Characters of a reason."""
_LINE: Final = 240
_ITEM: Final = 120
_FIELDS: Final = ("text", "summary", "question", "reason")
_DECORATION: Final = re.compile(r"[=\-_*#~]{3}|[\W\d_]*$")
_TROUBLE: Final = re.compile(r"error|fail|exception|denied|cannot|not found|missing", re.IGNORECASE)


def reason(item: Any, why: str) -> str:
    """`<item>: <why>`"""
    return f"{_clean(as_variable(item))[:_ITEM]}: {why}"[:LONGEST]


def why(steps: Sequence[Step], last: Last | None, cap: str) -> str:
    """`steps` are the item's, `last` is the outcome that led to its end; `cap` is the task's own that was reached."""
    if cap:
        return f"the task's cap of {cap} was reached"
    if last is None or not (steps or last.outcome == "capped"):
        return "nothing was done for it"
    at = culprit(steps, last)
    told = None if at is None else telling(steps[at].result.output)
    return f"`{last.node}` ended with {last.outcome}" + (f": {told[1]}" if told else "")


def culprit(steps: Sequence[Step], last: Last | None) -> int | None:
    """Which step's output says why: the last one, or where the engine let no more in, the last one that went wrong."""
    if last is None or not steps:
        return None
    if steps[-1].node == last.node and last.outcome != "capped":
        return len(steps) - 1
    bad = (at for at in range(len(steps) - 1, -1, -1) if steps[at].result.outcome not in GOOD)
    return next(bad, len(steps) - 1)


def telling(output: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first field that says something, and the line of it that says what is wrong. The line says the same of
    itself."""
    for name in _FIELDS:
        value = output.get(name)
        lines = _lines(value) if isinstance(value, str) else []
        if lines:
            return name, next((line for line in lines if _TROUBLE.search(line)), lines[0])
    return None


def _lines(text: str) -> list[str]:
    cleaned = (_clean(line)[:_LINE].rstrip() for line in text.splitlines())
    return [line for line in cleaned if not _DECORATION.match(line)]


def _clean(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable()).strip()
