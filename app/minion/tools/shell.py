"""Run a command."""

from __future__ import annotations

from dataclasses import dataclass

from minion.ports.sandbox import BoxCommand
from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.bench import ToolBench
from minion.tools.limits import SHELL_COMMAND
from minion.tools.lint import with_findings
from minion.tools.outputs import OutputStore, label

SCHEMA = ToolSchema(
    name="shell",
    description=(
        "Run a bash command. Each call is a new process in the repository's root: only files remain, /tmp is emptied, "
        "whatever it started is killed. No network, no input. Prefer read, search, edit and write for files."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "command": {"type": "string"},
            "timeout": {"type": "integer", "minimum": 1, "maximum": 600, "description": "Seconds; default 120"},
            "cwd": {"type": "string", "description": "Folder"},
        },
        "required": ["command"],
        "additionalProperties": False,
    },
    input_examples=({"command": "python -m pytest -q tests/test_api.py", "timeout": 300},),
)


@dataclass(frozen=True)
class Shell:
    bench: ToolBench
    schema = SCHEMA
    writes = True

    def call(self, arguments: Json) -> ToolResult:
        problem = _problem(str(arguments["command"])) or _problem(str(arguments.get("cwd", ".")))
        if problem is not None:
            return ToolResult(problem, error=True)
        wanted = float(arguments.get("timeout", self.bench.shell_timeout_s))
        command = BoxCommand(
            argv=["/bin/bash", "-o", "pipefail", "-c", str(arguments["command"])],
            cwd=str(arguments.get("cwd", ".")),
            timeout_s=min(wanted, self.bench.shell_timeout_max_s),
        )
        result = self.bench.sandbox.run(command)
        return ToolResult(
            with_findings(label(result, OutputStore(self.bench.output_dir)), self.bench.lint.late()),
            error=result.exit_code != 0 or result.timed_out,
            data={"exit_code": result.exit_code, "seconds": round(result.seconds, 3), "timed_out": result.timed_out},
        )


def _problem(text: str) -> str | None:
    """What execve(2) would not take: one argument has at most 128 KiB, and no NUL."""
    if "\0" in text:
        return "a command cannot hold a NUL character"
    if len(text.encode(errors="replace")) > SHELL_COMMAND:
        return f"the command has more than {SHELL_COMMAND} bytes; write a script with write, and run that"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "the command is not valid Unicode"
    return None
