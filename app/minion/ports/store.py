"""The App's durable memory: inbox, tasks, leases, push ledger, spend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from minion.domain.ids import Capability, CommitSha, DeliveryId, TaskId
from minion.domain.receipt import Tokens
from minion.domain.task import Push, Task
from minion.domain.trace import TraceEvent


@dataclass(frozen=True)
class Delivery:
    id: DeliveryId
    event: str
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class Lease:
    """The right to work on (task, round, attempt). `fence` grows with every lease of a task."""

    task_id: TaskId
    round: int
    attempt: int
    fence: int
    nonce: str
    run_id: int | None
    claimed_at: datetime | None
    expires_at: datetime
    ended: bool


@dataclass(frozen=True)
class PushAllowed:
    number: int  # 1 or 2


@dataclass(frozen=True)
class PushDenied:
    reason: str


class Inbox(Protocol):
    def put(self, delivery: Delivery) -> bool:
        """Commits it; False when this id is already there. Raises `Outage` when it cannot be stored."""
        ...

    def unhandled(self, limit: int) -> Sequence[Delivery]: ...

    def handled(self, delivery_id: DeliveryId, note: str) -> None:
        """`note` says what became of it: the task, or why it was ignored."""
        ...


class TaskStore(Protocol):
    def create(self, task: Task) -> Task | None:
        """None when an active task for the same repository and number exists (one active per issue or PR)."""
        ...

    def get(self, task_id: TaskId) -> Task | None: ...
    def by_capability(self, capability: Capability) -> Task | None: ...
    def active_for(self, repository_id: int, number: int) -> Task | None:
        """The active task that was asked for on this issue or PR, or works on this PR."""
        ...

    def last_for(self, repository_id: int, number: int) -> Task | None: ...
    def active_with_sha(self, repository_id: int, sha: CommitSha) -> Sequence[Task]: ...
    def due(self, now: datetime, limit: int) -> Sequence[TaskId]: ...
    def save(self, task: Task) -> Task | None:
        """Stores it with version + 1; None when somebody else saved in between."""
        ...


class PushLedger(Protocol):
    def authorise(
        self, task: Task, pull_number: int | None, now: datetime, *, per_task: int, per_pull: int
    ) -> PushAllowed | PushDenied:
        """One transaction: counts and writes. The same (task, round) asked again is the same push, not a second one."""
        ...

    def record(self, task_id: TaskId, round_: int, sha: CommitSha, pull_number: int | None) -> None: ...
    def pushes(self, task_id: TaskId) -> Sequence[Push]: ...
    def pushes_on_pull(self, repository_id: int, pull_number: int) -> int: ...


class Leases(Protocol):
    def offer(self, task_id: TaskId, round_: int, nonce: str, expires_at: datetime) -> Lease: ...
    def current(self, task_id: TaskId) -> Lease | None: ...
    def by_nonce(self, nonce: str) -> Lease | None: ...
    def claim(self, nonce: str, run_id: int, jti: str, until: datetime) -> Lease | str:
        """The lease, now held by that run, or the reason why not. A used `jti` is refused."""
        ...

    def extend(self, task_id: TaskId, fence: int, until: datetime) -> bool: ...
    def end(self, task_id: TaskId, fence: int) -> bool: ...


class SpendStore(Protocol):
    """Money that the gateway metered; the truth for budgets, whatever a runner reports."""

    def add(self, task_id: TaskId, model: str, tokens: Tokens, usd: Decimal, at: datetime) -> None: ...
    def spent(self, task_id: TaskId) -> Decimal: ...


class TraceStore(Protocol):
    def append(self, task_id: TaskId, round_: int, events: Sequence[TraceEvent]) -> None: ...
    def read(self, task_id: TaskId, after: int = 0, limit: int = 2000) -> Sequence[tuple[int, int, TraceEvent]]:
        """(row id, round, event), oldest first."""
        ...
