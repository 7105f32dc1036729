"""What a built-in action is given, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from minion.hub.actions.expression_values import Value
from minion.hub.actions.machine import Machine, StepError, StepLimits
from minion.hub.actions.processes import Command, Exited, NotStarted, Stopped, run_process


@dataclass
class ActionCall:
    """One use of a built-in action. Its methods raise StepError."""

    machine: Machine
    inputs: Mapping[str, str]
    github: Mapping[str, Value]
    env: Mapping[str, str]
    limits: StepLimits
    outputs: dict[str, str] = field(default_factory=dict)

    def log(self, text: str) -> None:
        self.machine.log.write(text)

    def warn(self, text: str) -> None:
        self.machine.log.write(f"##[warning]{text}")
        self.machine.annotate("warning", text)

    def flag(self, name: str) -> bool:
        """A boolean input, in YAML 1.2 spelling."""
        text = self.inputs[name]
        if text in {"true", "True", "TRUE"}:
            return True
        if text in {"false", "False", "FALSE", ""}:
            return False
        raise StepError(f'Input does not meet YAML 1.2 "Core Schema" specification: {name}')

    def number(self, name: str) -> int:
        text = self.inputs[name]
        if not text.isascii() or not text.isdigit():
            raise StepError(f"The input {name} must be a number, not '{text}'")
        return int(text)

    def lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.inputs[name].splitlines() if line.strip()]

    def refuse(self, name: str, *allowed: str) -> None:
        """Fails when an input asks for something that this hub does not do."""
        if self.inputs[name] not in allowed:
            raise StepError(f"{name}: '{self.inputs[name]}' is not available in this hub")

    def in_workspace(self, path: str) -> Path:
        workspace = self.machine.dirs.workspace.resolve()
        target = (workspace / path).resolve()
        if target != workspace and workspace not in target.parents:
            raise StepError(f"'{target}' is not under '{workspace}'")
        return target

    def run(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> None:
        """Runs with its output in the log."""
        self.log("[command]" + " ".join(argv))
        self._ended(argv, run_process(self._command(argv, cwd, env), self.log, self._stop))

    def capture(self, argv: Sequence[str], cwd: Path) -> str:
        lines: list[str] = []
        self._ended(argv, run_process(self._command(argv, cwd, None), lines.append, self._stop))
        return "\n".join(lines).strip()

    def _command(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None) -> Command:
        return Command(argv, cwd, {**self.env, **(env or {})})

    def _stop(self) -> str | None:
        return self.machine.stop_reason(self.limits)

    def _ended(self, argv: Sequence[str], ending: Exited | Stopped | NotStarted) -> None:
        match ending:
            case Exited(0):
                return
            case Exited(code):
                raise StepError(f"The process '{argv[0]}' failed with exit code {code}")
            case Stopped(reason):
                raise StepError(reason)
            case NotStarted(message):
                raise StepError(message)

    def add_path(self, directory: Path) -> None:
        self.machine.path.insert(0, str(directory))

    def after_job(self, name: str, work: Callable[[], None]) -> None:
        """A post step, run when the job's steps are done, last one first."""
        self.machine.posts.append((name, work))


@dataclass(frozen=True)
class Builtin:
    """`inputs`: each input that is known, with its default."""

    inputs: Mapping[str, str]
    run: Callable[[ActionCall], None]
