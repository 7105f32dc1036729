"""What went wrong in a blueprint, in one or two sentences, for the person who takes over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from minion.blueprint.state import Last
from minion.tasks.outgoing import code
from minion.tools.outputs import cut_middle

_ENDINGS: Final[Mapping[str, str]] = {
    "budget": "used up its budget",
    "capped": "was not entered again",
    "fail": "failed",
    "none": "found nothing to do",
    "refused": "was refused by the model",
    "stuck": "got stuck",
    "timeout": "did not end in time",
    "veto": "said no",
}
_CAPS: Final[Mapping[str, str]] = {
    "pushes": "the task has used its pushes",
    "usd": "the money for it is spent",
    "visits": "it had its turns",
    "wall": "the time for it is up",
}
_FATES: Final[Mapping[str, str]] = {"reverted": "put back", "skipped": "skipped", "left": "not begun"}
"""What became of a map's items that were not kept."""
_HEAD, _TAIL = 500, 1_000
"""Characters of what a command printed: package managers begin with what is wrong, test programs end with it."""


def trouble(last: Last) -> str:
    """`implement` got stuck: 3 malformed tool calls in a row. The output is untrusted, and so is this."""
    node = code(last.node, 80)
    if last.output.get("blocked") is True:
        return f"{node} cannot go on without an answer: {last.output.get('question', '')}"
    if last.outcome == "none" and last.output.keys() >= {"count", *_FATES}:
        return f"{node} {_of_items(last.output)}"
    why = _why(last)
    said = f"{node} {_ENDINGS.get(last.outcome, f'ended with {last.outcome}')}"
    return f"{said}: {why}" if why else said


def _of_items(output: Mapping[str, Any]) -> str:
    """What a map says that kept nothing."""
    if output["count"] == 0:
        return "had no items"
    fates = ", ".join(f"{output[fate]} {words}" for fate, words in _FATES.items() if output[fate])
    return f"kept none of its items: of {output['count']}, {fates}"


def _why(last: Last) -> str:
    output = last.output
    if last.outcome == "capped":
        return _CAPS.get(str(output.get("cap", "")), "")
    if isinstance(output.get("reason"), str):
        return str(output["reason"])
    if isinstance(output.get("reasons"), list) and output["reasons"]:
        return "; ".join(_objection(item) for item in output["reasons"][:5])
    if isinstance(output.get("text"), str) and output["text"].strip():
        return f"exit code {output.get('exit_code')}\n\n{cut_middle(output['text'].strip(), _HEAD, _TAIL)}"
    return str(output.get("summary", ""))


def _objection(item: Any) -> str:
    """A judge's reason: {criterion, file, line, problem}."""
    if not isinstance(item, Mapping):
        return str(item)
    place = f"{item.get('file')}:{item.get('line')}" if item.get("file") else ""
    return ": ".join(str(part) for part in (place, item.get("problem", "")) if part)
