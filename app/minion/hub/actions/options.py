"""How the Actions service is set up, and the faults that can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class ActionsOptions:
    """`work_dir` holds logs, artifacts, caches and, while they run, the jobs. Times are in seconds."""

    work_dir: Path
    runner_path: Sequence[Path] = ()  # directories put first on PATH of jobs
    runner_env: Mapping[str, str] = field(default_factory=dict)  # extra environment of jobs
    workers: int = 2  # jobs at a time
    interrupt_grace_s: float = 2.0  # from SIGINT to SIGTERM; half of it again to SIGKILL
    always_steps_s: float = 300.0  # what `always()` steps get after a cancellation
    runner_dies_after_s: float = 0.5  # how long a runner lives with the knob `runner_dies`
    runner_lost_after_s: float = 2.0  # how long a dead runner's job stays in_progress
    max_job_minutes: float = 360.0

    def search_path(self) -> list[str]:
        return [*(str(path) for path in self.runner_path), *SYSTEM_PATH]


@dataclass(frozen=True)
class Knobs:
    """Faults. They hold for runs and jobs that start after they were set."""

    runs_never_start: bool = False  # runs stay queued
    runner_dies: bool = False  # a job's processes are killed; it stays in_progress for a while, then fails
    queue_delay_s: float = 0.0  # seconds that a job waits for a runner
    action_required: bool = False  # runs are completed/action_required with no jobs
    actions_disabled: bool = False  # events start nothing, dispatches are refused

    def changed(self, values: Mapping[str, Any]) -> Knobs:
        """A copy with these values. Raises ValueError for an unknown name or a value of another type."""
        kinds = {entry.name: float if entry.name == "queue_delay_s" else bool for entry in fields(self)}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"unknown knob {name}")
            if kinds[name] is bool and not isinstance(value, bool):
                raise ValueError(f"{name} is true or false")
            if kinds[name] is float and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ValueError(f"{name} is a number of seconds")
        return replace(self, **values)
