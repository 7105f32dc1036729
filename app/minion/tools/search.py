"""Find text in files, or files by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench, refused
from minion.tools.limits import SEARCH_HEAD, SEARCH_LINES, SEARCH_LINES_MOST, SEARCH_TAIL
from minion.tools.outputs import cut_middle

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
    return cut_middle("\n".join(lines), SEARCH_HEAD, SEARCH_TAIL) + more


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
