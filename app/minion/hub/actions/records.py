"""What the service remembers: runs, jobs and steps."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from minion.hub.actions.expression_values import Value
from minion.hub.actions.workflow import Job, Steps, Workflow

Status: TypeAlias = Literal["queued", "in_progress", "completed", "waiting", "requested", "pending"]
Conclusion: TypeAlias = Literal[
    "success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "startup_failure"
]
Result: TypeAlias = Literal["success", "failure", "cancelled", "skipped"]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Cause:
    """The event behind a run."""

    event: str
    payload: Mapping[str, Any]
    ref: str
    sha: str
    actor: str
    depth: int = 0  # how many workflow_run events lie behind it


@dataclass
class StepRecord:
    number: int
    name: str
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True)
class Instance:
    """One combination of a job's matrix, with the workflow that it belongs to."""

    job: Job
    work: Steps
    workflow: Workflow
    workflow_sha: str
    workflow_ref: str
    workflow_repository: str
    name: str
    labels: tuple[str, ...]
    matrix: Mapping[str, Value] | None
    strategy: Mapping[str, Value]
    needs: Mapping[str, Value]
    inputs: Mapping[str, Value]
    secrets: Mapping[str, str]
    permissions: Mapping[str, str]
    continue_on_error: bool


@dataclass
class JobRecord:
    """One job of one attempt. `id` is also the id of its check run."""

    id: int
    run: RunRecord
    attempt: int
    key: str
    name: str
    labels: tuple[str, ...]
    log: Path
    instance: Instance | None = None  # None: skipped before it was expanded
    status: Status = "queued"
    conclusion: Conclusion | None = None
    created_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    completed_at: datetime | None = None
    runner_id: int | None = None
    steps: list[StepRecord] = field(default_factory=list)
    step_offsets: list[tuple[int, int]] = field(default_factory=list)  # (step number, byte offset in the log)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    environment: str | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    killed: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def done(self) -> bool:
        return self.status == "completed"

    def begin(self) -> bool:
        """A runner takes the job. False when it was cancelled before."""
        with self.lock:
            if self.done or self.cancelled.is_set():
                return False
            self.status, self.started_at, self.runner_id = "in_progress", now(), self.id
            return True

    def withdraw(self) -> bool:
        """Asks for cancellation. True when no runner has taken the job, nor will."""
        with self.lock:
            self.cancelled.set()
            return not self.done and self.started_at is None


@dataclass(frozen=True)
class Artifact:
    id: int
    run_id: int
    name: str
    file: Path
    size: int
    digest: str
    created_at: datetime
    retention_days: int = 90


@dataclass
class RunRecord:
    """A workflow run with the jobs of all its attempts."""

    id: int
    number: int
    repository_id: int
    workflow_id: int
    workflow_path: str
    workflow_name: str
    cause: Cause
    head_sha: str
    head_branch: str
    display_title: str
    suite_id: int
    workflow: Workflow | None  # None: the file could not be read
    from_fork: bool = False
    inputs: Mapping[str, Value] = field(default_factory=dict)
    attempt: int = 1
    status: Status = "queued"
    conclusion: Conclusion | None = None
    created_at: datetime = field(default_factory=now)
    started_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    triggering_actor: str = ""
    problem: str | None = None  # why the run could not start: file, line and reason
    jobs: list[JobRecord] = field(default_factory=list)
    earlier: list[dict[str, Any]] = field(default_factory=list)  # the JSON of former attempts
    cancel_asked: bool = False

    @property
    def done(self) -> bool:
        return self.status == "completed"

    def attempt_jobs(self, attempt: int | None = None) -> list[JobRecord]:
        wanted = self.attempt if attempt is None else attempt
        return [job for job in list(self.jobs) if job.attempt == wanted]
