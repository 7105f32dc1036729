"""The machine that one job runs on: its directories, environment, log and stop signals."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from minion.hub.actions.artifacts import ArtifactStore
from minion.hub.actions.expression_values import Value, to_text
from minion.hub.actions.file_commands import FileCommands
from minion.hub.actions.host import Host, RepositoryInfo
from minion.hub.actions.job_log import JobLog
from minion.hub.actions.log_commands import Annotation, CommandReader, Line, Mask, Refused, Silent
from minion.hub.actions.options import ActionsOptions
from minion.hub.actions.processes import Command, Ending, end_left_over, run_process
from minion.hub.actions.records import Instance, JobRecord, RunRecord

RUNNER_NAME = "Hub Actions"
CANCELLED = "The operation was canceled."
DIED = "runner died"
_VARIABLE_WORDS = (
    "action actor actor_id api_url base_ref event_name event_path graphql_url "
    "head_ref job ref ref_name ref_protected ref_type repository repository_id repository_owner repository_owner_id "
    "retention_days run_attempt run_id run_number server_url sha triggering_actor workflow workflow_ref workflow_sha "
    "workspace"
)
_VARIABLES = _VARIABLE_WORDS.split()
_ACTION_VARIABLES = ("action_path", "action_ref", "action_repository")


def runner_arch() -> str:
    return {"x86_64": "X64", "aarch64": "ARM64"}.get(platform.machine(), "X64")


class StepError(Exception):
    """A step cannot go on; the text is what its log says."""


_HUB = token_hex(8)
"""Tells this hub's processes from those of another hub on the machine, whose runs have the same numbers."""


@dataclass(frozen=True)
class Directories:
    root: Path
    workspace: Path
    temp: Path
    home: Path
    tools: Path
    actions: Path
    commands: Path

    @classmethod
    def create(cls, root: Path, repository: str) -> Directories:
        """Laid out as on a hosted runner: _work/<repo>/<repo>, _work/_temp, _work/_actions."""
        work = root / "_work"
        made = cls(
            root=root,
            workspace=work / repository / repository,
            temp=work / "_temp",
            home=root / "home",
            tools=root / "tools",
            actions=work / "_actions",
            commands=work / "_temp" / "_runner_file_commands",
        )
        for path in (made.workspace, made.temp, made.home, made.tools, made.actions, made.commands):
            path.mkdir(parents=True, exist_ok=True)
        return made

    def remove(self) -> None:
        """Also what the job made read-only."""
        for folder, _, _ in os.walk(self.root):
            Path(folder).chmod(0o700)
        shutil.rmtree(self.root, ignore_errors=True)
        if self.root.exists():  # something was written meanwhile
            shutil.rmtree(self.root)


@dataclass
class StepLimits:
    """Why the running process must stop, if it must."""

    deadline: float | None
    minutes: float = 0.0
    after_cancel: bool = False  # the step began after the cancellation


@dataclass
class Machine:
    host: Host
    options: ActionsOptions
    job: JobRecord
    instance: Instance
    repository: RepositoryInfo
    dirs: Directories
    log: JobLog
    token: str
    id_token_request: Mapping[str, str]
    artifacts: ArtifactStore
    env: dict[str, str] = field(default_factory=dict)  # the workflow's, the job's, then GITHUB_ENV's
    path: list[str] = field(default_factory=list)  # GITHUB_PATH, last addition first
    posts: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    command_count: int = 0
    cancelled: bool = False
    timed_out: bool = False
    died: bool = False
    dies_at: float | None = None
    succeeded: bool = False
    cancelled_at: float | None = None
    job_deadline: float = 0.0

    @property
    def run(self) -> RunRecord:
        return self.job.run

    @property
    def marker(self) -> str:
        return f"RUNNER_TRACKING_ID=github_{_HUB}_{self.run.id}_{self.job.id}"

    def runner_context(self) -> dict[str, Value]:
        return {
            "name": RUNNER_NAME,
            "os": "Linux",
            "arch": runner_arch(),
            "temp": str(self.dirs.temp),
            "tool_cache": str(self.dirs.tools),
            "environment": "github-hosted",
            "debug": "",
        }

    def base_env(self, github: Mapping[str, Value]) -> dict[str, str]:
        """The variables that every process gets and that steps cannot change.
        https://docs.github.com/en/actions/reference/workflows-and-actions/variables#default-environment-variables"""
        runner = self.runner_context()
        names = ("name", "os", "arch", "temp", "tool_cache", "environment")
        return {
            **{f"GITHUB_{name.upper()}": to_text(github.get(name)) for name in _VARIABLES},
            **{f"GITHUB_{name.upper()}": to_text(github[name]) for name in _ACTION_VARIABLES if name in github},
            **{f"RUNNER_{name.upper()}": str(runner[name]) for name in names},
            "GITHUB_ACTIONS": "true",
            "RUNNER_WORKSPACE": str(self.dirs.workspace.parent),
            "RUNNER_TRACKING_ID": self.marker.partition("=")[2],
            **self.id_token_request,
        }

    def process_env(self, base: Mapping[str, str], overlay: Mapping[str, str]) -> dict[str, str]:
        """Everything that a process sees: nothing of the hub's own environment."""
        env = {"HOME": str(self.dirs.home), "LANG": "C.UTF-8", "CI": "true", **self.options.runner_env}
        env |= self.env
        env |= overlay
        env |= base
        given = env.get("PATH")
        env["PATH"] = os.pathsep.join([*self.path, given or os.pathsep.join(self.options.search_path())])
        return env

    def new_file_commands(self) -> FileCommands:
        self.command_count += 1
        files = FileCommands(self.dirs.commands / str(self.command_count))
        files.create()
        return files

    def stop_reason(self, limits: StepLimits) -> str | None:
        """Polled while a process runs."""
        if self.job.killed.is_set():
            return self._note_cancel(CANCELLED)
        moment = time.monotonic()
        if self.dies_at is not None and moment > self.dies_at:
            self.died = True
            return DIED
        if self._cancel_wanted(moment) and not self._in_always_time(limits, moment):
            return self._note_cancel(CANCELLED)
        if limits.deadline is not None and moment > limits.deadline:
            return f"The action has timed out after {limits.minutes:g} minutes."
        return None

    def _cancel_wanted(self, moment: float) -> bool:
        if moment > self.job_deadline and not self.timed_out:
            self.timed_out = True
        return self.job.cancelled.is_set() or self.timed_out

    def _in_always_time(self, limits: StepLimits, moment: float) -> bool:
        started = self.cancelled_at if self.cancelled_at is not None else moment
        return limits.after_cancel and moment - started < self.options.always_steps_s

    def check_cancel(self) -> bool:
        """Between steps: notices a cancellation or a job time-out. True when there is one."""
        if self._cancel_wanted(time.monotonic()) or self.job.killed.is_set():
            self._note_cancel(CANCELLED)
        return self.cancelled

    def _note_cancel(self, reason: str) -> str:
        self.cancelled = True
        if self.cancelled_at is None:
            self.cancelled_at = time.monotonic()
        return reason

    def annotate(self, level: str, message: str, more: Mapping[str, Any] | None = None) -> None:
        """An annotation of the job's check run; text is masked."""
        line = max(self.log.lines, 1)
        place = {"path": ".github", "start_line": line, "end_line": line, "title": ""}
        body = {**place, "annotation_level": level, "message": message, **(more or {})}
        texts = {key: self.log.masked(value) if isinstance(value, str) else value for key, value in body.items()}
        self.job.annotations.append(texts)

    def fail_line(self, message: str) -> None:
        """An error line in the log with its annotation."""
        self.log.write(f"##[error]{message}")
        self.annotate("failure", message)

    def run_command(self, command: Command, limits: StepLimits) -> tuple[Ending, list[str]]:
        """Runs a process with its output in the log; returns how it ended and what its commands did wrong."""
        reader = CommandReader(str(self.dirs.workspace))
        problems: list[str] = []

        def on_line(line: str) -> None:
            self._take_line(reader, line, problems)

        ending = run_process(command, on_line, lambda: self.stop_reason(limits), self.options.interrupt_grace_s)
        return ending, problems

    def _take_line(self, reader: CommandReader, line: str, problems: list[str]) -> None:
        match reader.read(line):
            case Line(text):
                self.log.write(text)
            case Annotation(text, body):
                self.log.write(text)
                self.annotate(str(body["annotation_level"]), str(body["message"]), body)
            case Mask(value):
                self.log.mask(value)
            case Refused(message):
                problems.append(message)
                self.fail_line(message)
            case Silent():
                pass

    def end_processes(self) -> Sequence[int]:
        """Kills whatever the job left running."""
        return end_left_over(self.marker, self.dirs.root)
