"""Turns a `run` step into a command line.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
"""

from __future__ import annotations

import shlex
import shutil
import uuid
from collections.abc import Mapping

from minion.hub.actions.expressions import Scope, Template
from minion.hub.actions.machine import Machine, StepError
from minion.hub.actions.processes import Command
from minion.hub.actions.workflow import Defaults, RunScript

_SHELLS: Mapping[str, tuple[str, str]] = {
    "": ("bash -e {0}", ".sh"),
    "bash": ("bash --noprofile --norc -eo pipefail {0}", ".sh"),
    "sh": ("sh -e {0}", ".sh"),
    "python": ("python {0}", ".py"),
}
_ELSEWHERE = frozenset({"pwsh", "powershell", "cmd"})


def script_command(
    machine: Machine, script: RunScript, defaults: tuple[Defaults, ...], scope: Scope, env: Mapping[str, str]
) -> Command:
    """Writes the script to RUNNER_TEMP. Raises StepError when the shell or the directory is not there."""
    shell = _first(script.shell, [entry.shell for entry in defaults], scope)
    directory = _first(script.working_directory, [entry.working_directory for entry in defaults], scope)
    template, extension = _shell(shell)
    file = machine.dirs.temp / f"{uuid.uuid4()}{extension}"
    file.write_text(script.script.text(scope) + "\n", encoding="utf-8")
    argv = [part.replace("{0}", str(file)) for part in shlex.split(template)]
    cwd = machine.dirs.workspace / directory
    if not cwd.is_dir():
        raise StepError(
            f"An error occurred trying to start process '{argv[0]}' with working directory '{cwd}'. "
            "No such file or directory"
        )
    return Command([_executable(argv[0], env), *argv[1:]], cwd, env)


def _first(own: Template | None, others: list[Template | None], scope: Scope) -> str:
    for candidate in (own, *others):
        if candidate is not None:
            return candidate.text(scope)
    return ""


def _shell(shell: str) -> tuple[str, str]:
    if shell in _SHELLS:
        return _SHELLS[shell]
    if shell.split(maxsplit=1)[0] in _ELSEWHERE:
        raise StepError(f"The shell '{shell}' is not available in this hub")
    if "{0}" not in shell:
        raise StepError(
            f"Invalid shell option. Shell must be a valid built-in (bash, sh, python) or a format string "
            f"containing '{{0}}', not '{shell}'"
        )
    return shell, ""


def _executable(name: str, env: Mapping[str, str]) -> str:
    found = shutil.which(name, path=env["PATH"])
    if found is None and name == "python":  # hosted runners have both names
        found = shutil.which("python3", path=env["PATH"])
    if found is None:
        raise StepError(f"{name}: command not found")
    return found


def script_heading(text: str, command: Command, env: Mapping[str, str]) -> str:
    """The folded lines that GitHub shows above a script's output."""
    lines = text.rstrip("\n").split("\n")
    shown = [
        command.argv[0],
        *("{0}" if part.startswith(command.env["RUNNER_TEMP"]) else part for part in command.argv[1:]),
    ]
    head = [f"##[group]Run {lines[0]}", *(f"\x1b[36;1m{line}\x1b[0m" for line in lines), f"shell: {' '.join(shown)}"]
    variables = [f"  {name}: {value}" for name, value in env.items()]
    return "\n".join([*head, *(["env:", *variables] if variables else []), "##[endgroup]"])
