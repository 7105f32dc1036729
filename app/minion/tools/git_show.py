"""One commit: its message and what it changed; or a file as it was then."""

from __future__ import annotations

from dataclasses import dataclass

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench
from minion.tools.git import bad_name, bad_path, git, paths

SCHEMA = ToolSchema(
    name="git_show",
    description="A commit's message and diff, of one path if given. With file: true, that file as it was then.",
    input_schema={
        "type": "object",
        "properties": {
            "commit": {"type": "string", "description": "Hash, HEAD, HEAD~2"},
            "path": {"type": "string"},
            "file": {"type": "boolean"},
        },
        "required": ["commit"],
        "additionalProperties": False,
    },
    input_examples=({"commit": "HEAD~1"}, {"commit": "3f1c2ab", "path": "src/app.py", "file": True}),
)


@dataclass(frozen=True)
class GitShow:
    bench: ToolBench
    schema = SCHEMA
    writes = False

    def call(self, arguments: Json) -> ToolResult:
        commit, path = str(arguments["commit"]), str(arguments.get("path", ""))
        refusal = bad_name(commit) or bad_path(path)
        if refusal is not None:
            return refusal
        if arguments.get("file"):
            return self._file(commit, path)
        options = ["--no-ext-diff", "--no-textconv", "--stat", "--patch", "--date=short", "--format=fuller"]
        return git(self.bench, ["show", *options, commit, *paths(path)], "nothing of it is there")

    def _file(self, commit: str, path: str) -> ToolResult:
        if not path:
            return ToolResult("file: true needs a path", error=True)
        return git(self.bench, ["show", "--no-textconv", f"{commit}:{path}"], "(the file is empty)")
