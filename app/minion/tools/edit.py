"""Change parts of a file by exact match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench, refused
from minion.tools.limits import EDIT_PLACES
from minion.tools.lint import Hunk, with_findings
from minion.tools.scope import WriteScope

SCHEMA = ToolSchema(
    name="edit",
    description=(
        "Replace text in a file that you have read. Each `old` must match exactly, white space too, and once (or set "
        "`all`). Put all edits of a file into one call: they apply in order, all or none. What breaks the syntax is "
        "refused."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "edits": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "old": {"type": "string"},
                        "new": {"type": "string"},
                        "all": {"type": "boolean"},
                    },
                    "required": ["old", "new"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["path", "edits"],
        "additionalProperties": False,
    },
    input_examples=({"path": "src/app.py", "edits": [{"old": "    return 1\n", "new": "    return 2\n"}]},),
)


@dataclass(frozen=True)
class Edit:
    bench: ToolBench
    schema = SCHEMA
    writes = True

    def call(self, arguments: Json) -> ToolResult:
        place = writable(self.bench, str(arguments["path"]))
        if isinstance(place, ToolResult):
            return place
        expected = self.bench.ledger.expected(place.real)
        if expected is None and place.exists:
            return ToolResult(f"{place.real} was not read yet; read it first", error=True)
        answer: dict[str, Any] = self.bench.files.call(
            {"op": "edit", "path": place.real, "expect": expected, "edits": arguments["edits"]}
        )
        if not answer["ok"]:
            return refused(answer)
        self.bench.ledger.note(answer)
        findings = self.bench.lint.edited(place.real, (expected, str(answer["sha"])), hunks_of(answer))
        told = with_findings(f"{answer['real']} is changed: {places(hunks_of(answer))}", findings)
        return ToolResult(told, paths=(str(answer["real"]),))


def hunks_of(answer: Mapping[str, Any]) -> list[Hunk]:
    return [(int(old), int(count), int(new), int(new_count)) for old, count, new, new_count in answer["hunks"]]


def places(hunks: Sequence[Hunk]) -> str:
    """Where the new text stands: `line 3, lines 9-12, 2 lines gone at 20`; the first of them where there are many."""
    shown = [_place(new, count, gone) for _, gone, new, count in hunks[:EDIT_PLACES]]
    more = [f"{len(hunks) - EDIT_PLACES} more places"] if len(hunks) > EDIT_PLACES else []
    return ", ".join([*shown, *more])


def _place(first: int, count: int, gone: int) -> str:
    if count == 0:
        return f"{gone} line{'s' if gone > 1 else ''} gone at {first}"
    return f"line {first}" if count == 1 else f"lines {first}-{first + count - 1}"


@dataclass(frozen=True)
class Place:
    real: str
    exists: bool


def writable(bench: ToolBench, path: str) -> Place | ToolResult:
    """Where `path` really is (links followed), or the refusal; the scope holds for the place, not for its name."""
    answer: dict[str, Any] = bench.files.call({"op": "stat", "path": path})
    if not answer["ok"]:
        return refused(answer)
    real = str(answer["real"])
    if real.startswith("/"):
        return ToolResult(f"{path} is outside the repository", error=True)
    refusal = WriteScope(bench.scope, bench.protected, bench.narrowing).refusal(real)
    if refusal is not None:
        return ToolResult(refusal, error=True)
    return Place(real, bool(answer["exists"]))
