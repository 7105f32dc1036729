"""Find text in files, or files by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench, refused
from minion.tools.limits import SEARCH_HEAD, SEARCH_LINES, SEARCH_LINES_MOST, SEARCH_TAIL

_SPECIAL = re.compile(r"[()\[\]{}.*+?|^$]")

SCHEMA = ToolSchema(
    name="search",
    description=(
        "Find a regular expression (ripgrep) in the repository, or with files: true list its files. "
        "Ignored files are left out."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "pattern": {"type": "string"},
            "path": {"type": "string", "description": "Folder or file"},
            "glob": {"type": "string", "description": "Several with commas; ! leaves out"},
            "files": {"type": "boolean"},
            "ignore_case": {"type": "boolean"},
            "context": {"type": "integer", "minimum": 0, "maximum": 20, "description": "Lines around each hit"},
            "limit": {
                "type": "integer",
                "minimum": 1,
                "maximum": SEARCH_LINES_MOST,
                "description": f"Lines; default {SEARCH_LINES}",
            },
        },
        "additionalProperties": False,
    },
    input_examples=({"pattern": "def parse_\\w+", "glob": "*.py"}, {"files": True, "glob": "*.json,!tests/**"}),
)


@dataclass(frozen=True)
class Search:
    bench: ToolBench
    schema = SCHEMA
    writes = False

    def call(self, arguments: Json) -> ToolResult:
        if not arguments.get("pattern") and not arguments.get("files"):
            return ToolResult("give a pattern, or files: true", error=True)
        globs = [glob.strip() for glob in str(arguments.get("glob", "")).split(",") if glob.strip()]
        answer: dict[str, Any] = self.bench.files.call(
            {"limit": SEARCH_LINES, **arguments, "op": "search", "globs": globs}
        )
        if not answer["ok"]:
            return refused(answer)
        return ToolResult(_shown(answer, arguments), data={"total": answer["total"]})


def _shown(answer: dict[str, Any], arguments: Json) -> str:
    lines = [str(line) for line in answer["lines"]]
    if not answer["total"]:
        return _nothing(int(answer["looked_at"]), arguments)
    more = f"\n[{answer['total'] - len(lines)} more lines; narrow the search]" if answer["total"] > len(lines) else ""
    head = _fitting(lines, SEARCH_HEAD + SEARCH_TAIL)
    if len(head) == len(lines):
        return by_file(lines) + more
    head, tail = _fitting(lines, SEARCH_HEAD), _fitting(lines[::-1], SEARCH_TAIL)[::-1]
    left = len(lines) - len(head) - len(tail)
    return f"{by_file(head)}\n[… {left} lines left out …]\n{by_file(tail)}{more}"


def _fitting(lines: Sequence[str], room: int) -> Sequence[str]:
    """The first of them, as many as have that many characters together; a path counts once for its neighbours."""
    before = None
    for index, line in enumerate(lines):
        path, _, found = line.partition("\0")
        room -= len(found) + 1 + (len(path) + 1 if path != before else 0)
        before = path
        if room < 0:
            return lines[:index]
    return lines


def by_file(lines: Sequence[str]) -> str:
    """A path once, above what was found in the file, as ripgrep shows it on a terminal."""
    rows: list[str] = []
    before = None
    for line in lines:
        path, found, text = line.partition("\0")
        if not found:  # the name of a file, or what stands between two hits
            rows.append(line)
            continue
        if path != before:
            rows += [*_gap(rows), path]
        rows.append(text)
        before = path
    return "\n".join(rows)


def _gap(rows: list[str]) -> list[str]:
    if rows and rows[-1] == "--":
        rows.pop()
    return [""] if rows else []


def _nothing(looked_at: int, arguments: Json) -> str:
    """Why that may be, as far as it can be told."""
    if looked_at == 0:
        asked = " and ".join(name for name in ("path", "glob") if arguments.get(name)) or "the repository"
        return f"nothing found: no file fits {asked} (ignored files are left out; a glob without / fits names anywhere)"
    hints = [] if arguments.get("ignore_case") else ["ignore_case: true"]
    if _SPECIAL.search(str(arguments.get("pattern", ""))):
        hints.append("escape characters that are meant literally")
    more = f"; try {', or '.join(hints)}" if hints else ""
    return f"nothing found in {looked_at} files{more}"
