"""Who wrote each line, and in which commit."""

from __future__ import annotations

from dataclasses import dataclass

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench
from minion.tools.git import bad_path, git, paths
from minion.tools.limits import GIT_BLAME

SCHEMA = ToolSchema(
    name="git_blame",
    description="The commit, author and day of each line of a file as it is now.",
    input_schema={
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "start": {"type": "integer", "minimum": 1, "description": "First line"},
            "count": {"type": "integer", "minimum": 1, "maximum": GIT_BLAME, "description": "Default 100"},
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    input_examples=({"path": "src/app.py", "start": 120, "count": 20},),
)


@dataclass(frozen=True)
class GitBlame:
    bench: ToolBench
    schema = SCHEMA
    writes = False

    def call(self, arguments: Json) -> ToolResult:
        path = str(arguments["path"])
        start, count = max(1, int(arguments.get("start", 1))), max(1, min(int(arguments.get("count", 100)), GIT_BLAME))
        refusal = bad_path(path)
        if refusal is not None:
            return refusal
        if start > 10**9:
            return ToolResult("no file has so many lines", error=True)
        options = [f"-L{start},+{count}", "--date=short", "--abbrev=8"]
        told = git(self.bench, ["blame", *options, *paths(path)], "(the file is empty)")
        if not told.error and str(told.content).count("\n") - 1 >= count:
            return ToolResult(f"{told.content}\n[go on with start: {start + count}, if there is more]")
        return told
