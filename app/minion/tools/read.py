"""Read a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench, refused
from minion.tools.limits import READ_CHARACTERS, READ_LINES

SCHEMA = ToolSchema(
    name="read",
    description="Read a text file as it stands, an image, a notebook's cells, or the names in a folder.",
    input_schema={
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "start": {"type": "integer", "minimum": 1, "description": "First line"},
            "count": {"type": "integer", "minimum": 1, "maximum": READ_LINES},
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    input_examples=({"path": "src/app.py", "start": 120, "count": 80},),
)
NUMBERED = replace(SCHEMA, description=SCHEMA.description.replace("as it stands", "with line numbers"))


@dataclass(frozen=True)
class Read:
    bench: ToolBench
    writes = False

    @property
    def schema(self) -> ToolSchema:
        return NUMBERED if self.bench.numbered else SCHEMA

    def call(self, arguments: Json) -> ToolResult:
        start, count = int(arguments.get("start", 1)), int(arguments.get("count", READ_LINES))
        answer: dict[str, Any] = self.bench.files.call(
            {"op": "read", "path": arguments["path"], "start": start, "count": min(count, READ_LINES)}
        )
        if not answer["ok"]:
            return refused(answer)
        if answer["kind"] == "folder":
            return ToolResult(_listed(answer), paths=(str(answer["real"]),))
        self.bench.ledger.note(answer)
        self.bench.lint.seen(str(answer["real"]), str(answer["sha"]))
        return ToolResult(self._shown(answer), paths=(str(answer["real"]),), data={"size": answer["size"]})

    def _shown(self, answer: dict[str, Any]) -> str | list[dict[str, Any]]:
        if answer["kind"] == "image":
            source = {"type": "base64", "media_type": answer["media_type"], "data": answer["base64"]}
            return [{"type": "text", "text": str(answer["about"])}, {"type": "image", "source": source}]
        lines: list[str] = [str(line) for line in answer["lines"]]
        if not lines:
            return "(the file is empty)" if answer["total"] == 0 else f"(the file has only {answer['total']} lines)"
        return _text(lines, int(answer["start"]), int(answer["total"]), numbered=self.bench.numbered)


def _listed(answer: dict[str, Any]) -> str:
    names = [str(name) for name in answer["names"]]
    left = int(answer["total"]) - len(names)
    more = [f"[{left} more names]"] if left else []
    return "\n".join([f"{answer['real']} is a folder:", *(names or ["(empty)"]), *more])


def _text(lines: list[str], start: int, total: int, *, numbered: bool) -> str:
    """Stopped at 60,000 characters, with a note of what is left; a numbered line is `12<tab>text`."""
    rows: list[str] = []
    size = 0
    for number, line in enumerate(lines, start):
        rows.append(f"{number}\t{line}" if numbered else line)
        size += len(rows[-1])
        if size > READ_CHARACTERS:
            break
    last = start + len(rows) - 1
    more = f"\n[lines {start}-{last} of {total}; go on with start: {last + 1}]" if last < total else ""
    return "\n".join(rows) + more
