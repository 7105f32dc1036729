"""The App's durable memory: inbox, tasks, leases, push ledger, spend, trace. Every method may raise `Outage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    attempt: int = 0
    """How often it has been taken; 0 when it has just arrived."""


@dataclass(frozen=True)
class Lease:
    """The right to work on (task, round, attempt). `fence` grows with every lease of a task."""

    task_id: TaskId
    round: int
    attempt: int
    fence: int
    nonce: str
    run_id: int | None
    offered_at: datetime
    dispatched_at: datetime | None
    """None: the dispatch has not been seen to succeed."""
    claimed_at: datetime | None
    expires_at: datetime
    ended: bool
    heard: bool = False
    """Its run has made a call under its run token."""
    result_digest: str = ""
    """Of the result that ended it."""


@dataclass(frozen=True)
class PushAllowed:
    number: int  # 1 or 2


@dataclass(frozen=True)
class PushDenied:
    reason: str


@dataclass(frozen=True)
class Finished:
    """The result is stored. `repeated`: it was stored before, by an earlier call with the same digest."""

    repeated: bool


@dataclass(frozen=True)
class ResultRefused:
    reason: str
    again: bool = False
    """The same call may succeed when it is made again with the task as it is now."""


@dataclass(frozen=True)
class Reserved:
    id: int


@dataclass(frozen=True)
class Unaffordable:
    usd_left: Decimal


class InboxDoor(Protocol):
    """The webhook door's side: many at once, few commits."""

    async def put(self, delivery: Delivery) -> bool:
        """Returns after the commit; False when this id is already there. Raises `Outage` when it cannot be stored."""
        ...


class Inbox(Protocol):
    def put(self, delivery: Delivery) -> bool:
        """Commits it; False when this id is already there."""
        ...

    def take(self, limit: int) -> Sequence[Delivery]:
        """Those that are due, oldest first; each is handed out again later unless it is settled by then. After the last
        attempt a delivery is parked."""
        ...

    def get(self, delivery_id: DeliveryId) -> Delivery | None: ...
    def all_handled(self, notes: Mapping[DeliveryId, str]) -> None:
        """`handled` for several, in one commit."""
        ...

    def handled(self, delivery_id: DeliveryId, note: str) -> None:
        """`note` says what became of it: the task, or why it was ignored. The body is dropped."""
        ...

    def postpone(self, delivery_id: DeliveryId, until: datetime, note: str) -> None:
        """An outage is no failed attempt: it is taken again at `until`."""
        ...

    def failed(self, delivery_id: DeliveryId, note: str) -> None:
        """This attempt failed; `note` says how."""
        ...

    def waiting(self) -> int: ...
    def parked(self) -> int: ...
    def forget(self, before: datetime) -> None:
        """Drops what was handled before; by then GitHub redelivers it no more."""
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

    def last_for(self, repository_id: int, number: int) -> Task | None:
        """The newest such task, active or ended."""
        ...

    def active_with_sha(self, repository_id: int, sha: CommitSha) -> Sequence[Task]: ...
    def active_with_branch(self, repository_id: int, branch: str) -> Task | None: ...
    def active_of(self, installation_id: int) -> Sequence[Task]: ...
    def all_active(self) -> Sequence[TaskId]: ...
    def due(self, now: datetime, limit: int) -> Sequence[TaskId]: ...
    def counts(self) -> dict[str, int]:
        """Status to number of tasks."""
        ...

    def save(self, task: Task) -> Task | None:
        """Stores it with version + 1; None when somebody else saved in between, or when it would be a second active
        task of its issue or PR."""
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
    def offer(self, task: Task, round_: int, nonce: str, now: datetime, expires_at: datetime) -> Lease | None:
        """A new lease with the next fence; every older one of the task has ended with it. None when the task is no
        longer as it was read: a result may have arrived, and then no other run is wanted."""
        ...

    def current(self, task_id: TaskId) -> Lease | None:
        """The newest, ended or not."""
        ...

    def by_nonce(self, nonce: str) -> Lease | None: ...
    def dispatched(self, task_id: TaskId, fence: int, now: datetime) -> None:
        """GitHub took the dispatch; the claim alone decides which run holds the lease."""
        ...

    def claim(self, nonce: str, run_id: int, jti: str, now: datetime, until: datetime) -> Lease | str:
        """The lease, now held by that run, or the reason why not. The run that holds the lease gets it again, since its
        first answer may have been lost; with the same `jti` only until it has been heard of under its run token."""
        ...

    def extend(self, task_id: TaskId, fence: int, until: datetime) -> bool: ...
    def end(self, task_id: TaskId, fence: int) -> bool: ...
    def allow_until(self, until: datetime) -> None:
        """No live lease expires before `until`: while the App was down, no runner could claim or keep one."""
        ...

    def forget(self, before: datetime) -> None:
        """Drops the `jti`s that were used before: their tokens expired long since."""
        ...

    def finish(self, task: Task, fence: int, digest: str) -> Finished | ResultRefused:
        """One transaction: the task is saved and its lease has ended with that result, or neither."""
        ...


class SpendStore(Protocol):
    """Money that the gateway metered; the truth for budgets, whatever a runner reports."""

    def reserve(
        self, task_id: TaskId, model: str, worst: Decimal, limit: Decimal, at: datetime
    ) -> Reserved | Unaffordable:
        """Counts `worst` as spent when the task's sum stays within `limit`; calls made at once can't overshoot it."""
        ...

    def settle(self, reservation: int, tokens: Tokens, usd: Decimal) -> None: ...
    def add(self, task_id: TaskId, model: str, tokens: Tokens, usd: Decimal, at: datetime) -> None: ...
    def spent(self, task_id: TaskId) -> Decimal:
        """With what is reserved."""
        ...

    def settled(self, task_id: TaskId) -> Decimal:
        """What calls that came to an end have cost."""
        ...


class TraceStore(Protocol):
    def append(self, task_id: TaskId, round_: int, fence: int, events: Sequence[TraceEvent]) -> None:
        """An event sent twice (same fence and seq) is kept once."""
        ...

    def read(self, task_id: TaskId, after: int = 0, limit: int = 2000) -> Sequence[tuple[int, int, TraceEvent]]:
        """(row id, round, event), oldest first."""
        ...

    def tail(self, task_id: TaskId, limit: int) -> Sequence[tuple[int, int, TraceEvent]]:
        """The last `limit`, oldest first."""
        ...


class Cursors(Protocol):
    """Where a periodic pass stopped."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
