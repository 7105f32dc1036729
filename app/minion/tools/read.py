"""Read a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench, refused

LINES = 2_000
CHARACTERS = 60_000

SCHEMA = ToolSchema(
    name="read",
    description="Read a file with line numbers: text, an image, or a notebook's cells. At most 2000 lines a call.",
    input_schema={
        "type": "object",
        "properties": {
            "path": {"type": "string", "minLength": 1},
            "start": {"type": "integer", "minimum": 1, "description": "First line"},
            "count": {"type": "integer", "minimum": 1, "maximum": LINES},
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    input_examples=({"path": "src/app.py", "start": 120, "count": 80},),
)


@dataclass(frozen=True)
class Read:
    bench: ToolBench

    @property
    def schema(self) -> ToolSchema:
        return SCHEMA

    @property
    def writes(self) -> bool:
        return False

    def call(self, arguments: Json) -> ToolResult:
        start, count = int(arguments.get("start", 1)), int(arguments.get("count", LINES))
        answer: dict[str, Any] = self.bench.files.call(
            {"op": "read", "path": arguments["path"], "start": start, "count": min(count, LINES)}
        )
        if not answer["ok"]:
            return refused(answer)
        self.bench.ledger.note(answer)
        self.bench.lint.seen(str(answer["real"]), str(answer["sha"]))
        return ToolResult(_shown(answer), paths=(str(answer["real"]),), data={"size": answer["size"]})


def _shown(answer: dict[str, Any]) -> str | list[dict[str, Any]]:
    if answer["kind"] == "image":
        source = {"type": "base64", "media_type": answer["media_type"], "data": answer["base64"]}
        return [{"type": "image", "source": source}]
    lines: list[str] = [str(line) for line in answer["lines"]]
    if not lines:
        return "(the file is empty)" if answer["total"] == 0 else f"(the file has only {answer['total']} lines)"
    return numbered(lines, int(answer["start"]), int(answer["total"]))


def numbered(lines: list[str], start: int, total: int) -> str:
    """Lines as `  12<tab>text`, stopped at 60,000 characters, with a note of what is left."""
    rows: list[str] = []
    size = 0
    for number, line in enumerate(lines, start):
        rows.append(f"{number:5}\t{line}")
        size += len(rows[-1])
        if size > CHARACTERS:
            break
    last = start + len(rows) - 1
    more = f"\n[lines {start}-{last} of {total}; go on with start: {last + 1}]" if last < total else ""
    return "\n".join(rows) + more
