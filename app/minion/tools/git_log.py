"""The commits that led here."""

from __future__ import annotations

from dataclasses import dataclass

from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench
from minion.tools.git import bad_name, bad_path, git, paths, run
from minion.tools.limits import GIT_LOG

SCHEMA = ToolSchema(
    name="git_log",
    description="Commits, newest first: hash, day, author, subject. With text, those that add or remove it.",
    input_schema={
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "File or folder"},
            "text": {"type": "string"},
            "count": {"type": "integer", "minimum": 1, "maximum": GIT_LOG, "description": "Default 20"},
            "commit": {"type": "string", "description": "Where to begin; default HEAD"},
        },
        "additionalProperties": False,
    },
    input_examples=({"path": "src/app.py", "count": 5}, {"text": "def parse("}),
)


@dataclass(frozen=True)
class GitLog:
    bench: ToolBench
    schema = SCHEMA
    writes = False

    def call(self, arguments: Json) -> ToolResult:
        commit, path, text = (str(arguments.get(key, "")) for key in ("commit", "path", "text"))
        count = max(1, min(int(arguments.get("count", 20)), GIT_LOG))
        refusal = bad_name(commit or "HEAD") or bad_path(path) or bad_path(text)
        if refusal is not None:
            return refusal
        search = [f"-S{text}"] if text else []
        options = [f"--max-count={count}", "--date=short", "--format=%h %ad %an  %s", *search]
        told = git(self.bench, ["log", *options, commit or "HEAD", *paths(path)], "no commit fits")
        if told.error or str(told.content).count("\n") - 1 >= count:
            return told
        return ToolResult(f"{told.content}{self._horizon()}")

    def _horizon(self) -> str:
        shallow = run(self.bench, ["rev-parse", "--is-shallow-repository"])
        return "\n[older commits are not in this checkout]" if shallow == "true" else ""
