"""From a run node to the command that it means here, and running it in the box."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minion.blueprint.model import RunNode
from minion.nodes.base import WorkBench
from minion.nodes.detect import Detected, detect
from minion.nodes.instrument import READ_FROM_STDOUT, Script, instrument
from minion.nodes.reports import CommandRun
from minion.ports.sandbox import BoxCommand
from minion.tools.outputs import plain
from minion.tools.scope import WriteScope

DEFAULT_WALL_S = 900.0
_LONGEST_LIST = 90_000
"""Characters: Linux takes 128 KiB as one argument (MAX_ARG_STRLEN, https://man7.org/linux/man-pages/man2/execve.2.html)."""


@dataclass(frozen=True)
class NoCommand:
    """There is nothing to run, and why."""

    reason: str


def detected(bench: WorkBench) -> Detected:
    """Told from the base commit: a change may not rewrite the commands that judge it."""
    workspace = bench.workspace

    def read(path: str) -> str | None:
        data = workspace.read_at_base(path)
        return None if data is None else data.decode("utf-8", "replace")

    return detect(workspace.list_at_base(), read)


def command_of(node: RunNode, bench: WorkBench) -> Script | NoCommand:
    if node.argv:
        return instrument(shlex.join(node.argv), node.parse)
    text = node.script if node.program is None else started(node.program, node.program_text)
    if text is not None:
        return Script(text, node.parse if node.parse in READ_FROM_STDOUT else None)
    return named(node.command or "", bench, node.parse, wide=not node.gate_only)


def started(file: str, text: str) -> str:
    """Lines for `bash` that run a program. It becomes a file of the box's own /tmp: what stands beside it is what
    Python imports first (https://docs.python.org/3/library/sys.html#sys.path), and that must not be the repository."""
    end = f"END_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    path = f'"$program"/{file}'
    return (
        "program=$(mktemp -d) && trap 'rm -rf \"$program\"' EXIT\n"
        f"cat >{path} <<'{end}'\n{text}\n{end}\n"
        f"{'python3' if file.endswith('.py') else 'bash'} {path}\n"
    )


def named(name: str, bench: WorkBench, parse: str | None = None, *, wide: bool = False) -> Script | NoCommand:
    """The repository's own command of this name: configured, else detected. `wide`: a detected formatter is given all
    that the task is about, not only what the task changed."""
    configured: str | None = getattr(bench.configuration.commands, name, None)
    if configured is not None:
        return instrument(configured, parse)
    found = detected(bench)
    command: str | None = found.automatic if wide and name == "format" else getattr(found, name, None)
    if command is None:
        return NoCommand(f"no command for {name} is configured, and none could be told from the files")
    if "{files}" not in command:
        return instrument(command, parse)
    files = _at_hand(bench, found.suffixes) if wide else _changed(bench, found.suffixes)
    return Script(command.replace("{files}", shlex.join(files))) if files else NoCommand("no file to work on")


def _changed(bench: WorkBench, suffixes: Sequence[str]) -> list[str]:
    """Changed files that still exist."""
    files = bench.workspace.change_set().files
    return [f"./{file.path}" for file in files if file.content is not None and file.path.endswith(tuple(suffixes))]


def _at_hand(bench: WorkBench, suffixes: Sequence[str]) -> list[str]:
    """The files of the branch that is worked on; on the base itself, those of the repository. Only what may change."""
    workspace = bench.workspace
    files = workspace.changes_of_branch().files
    paths = [file.path for file in files if file.content is not None] if files else workspace.list_at_base()
    scope = WriteScope(bench.scope, bench.protected)
    found = [f"./{path}" for path in paths if path.endswith(tuple(suffixes)) and scope.refusal(path) is None]
    return found if sum(map(len, found)) < _LONGEST_LIST else ["."]


def run_boxed(script: Script, bench: WorkBench, timeout_s: float, env: Mapping[str, str] | None = None) -> CommandRun:
    """Paths in what it says are relative to the workspace."""
    argv = ["/bin/bash", "-c", script.text]
    result = bench.sandbox.run(BoxCommand(argv=argv, timeout_s=timeout_s, env=env or {}))
    root = f"{bench.sandbox.workspace}/"
    stdout, stderr = (plain(data).replace(root, "") for data in (result.stdout, result.stderr))
    shown, report = script.split(stdout)
    output = "\n".join(part for part in (shown.strip("\n"), stderr.strip("\n")) if part)
    return CommandRun(result.exit_code, output, result.timed_out, result.seconds, report)
