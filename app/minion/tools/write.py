"""Make a file, or replace a whole one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench, refused
from minion.tools.edit import hunks_of, writable
from minion.tools.lint import with_findings

SCHEMA = ToolSchema(
    name="write",
    description="Make a file, or replace one that you have read; prefer edit.",
    input_schema={
        "type": "object",
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
        "required": ["path", "content"],
        "additionalProperties": False,
    },
    input_examples=({"path": "docs/new.md", "content": "# New\n"},),
)


@dataclass(frozen=True)
class Write:
    bench: ToolBench
    schema = SCHEMA
    writes = True

    def call(self, arguments: Json) -> ToolResult:
        place = writable(self.bench, str(arguments["path"]))
        if isinstance(place, ToolResult):
            return place
        expected = self.bench.ledger.expected(place.real)
        request = {"op": "write", "path": place.real, "text": arguments["content"], "expect": expected}
        answer: dict[str, Any] = self.bench.files.call(request)
        if not answer["ok"]:
            return refused(answer)
        self.bench.ledger.note(answer)
        verb = "made" if answer["created"] else "replaced"
        note = f"\nNote: its syntax is not sound: {answer['note']}" if answer["note"] else ""
        before = None if answer["created"] else expected
        findings = self.bench.lint.edited(place.real, (before, str(answer["sha"])), hunks_of(answer))
        told = with_findings(f"{answer['real']} is {verb} ({answer['size']} bytes){note}", findings)
        return ToolResult(told, paths=(str(answer["real"]),))
