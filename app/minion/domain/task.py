"""The durable unit of work."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from minion.domain.changeset import ChangeSet
from minion.domain.checks import Failure
from minion.domain.config import RepositoryConfiguration
from minion.domain.ids import Capability, CommitSha, TaskId
from minion.domain.receipt import Receipt
from minion.domain.spec import TaskSpec


class TaskStatus(StrEnum):
    QUEUED = "queued"
    WORKING = "working"
    PUBLISHING = "publishing"
    AWAITING_CHECKS = "awaiting_checks"
    AWAITING_REPLY = "awaiting_reply"
    AWAITING_APPROVAL = "awaiting_approval"
    SUCCEEDED = "succeeded"
    HANDED_OFF = "handed_off"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in ENDED


ENDED = frozenset(
    {
        TaskStatus.SUCCEEDED,
        TaskStatus.HANDED_OFF,
        TaskStatus.DECLINED,
        TaskStatus.CANCELLED,
        TaskStatus.FAILED,
    }
)


class Push(BaseModel):
    """A row of the push ledger. It is written before the ref moves, in the transaction that authorises the push."""

    model_config = ConfigDict(frozen=True)

    task_id: TaskId
    pull_number: int | None
    round: int
    sha: CommitSha | None
    """None while the commit is being made: the push counts from the moment it is authorised."""
    at: datetime


class Task(BaseModel):
    """One row; everything `advance` needs to go on after a restart. `state` is the engine's, as JSON."""

    model_config = ConfigDict(frozen=True)

    id: TaskId
    capability: Capability
    repository_id: int
    installation_id: int
    owner: str
    name: str
    number: int
    """The issue or PR that the task was asked for on."""
    is_pull: bool
    pull_number: int | None = None
    """The PR that it works on: its own (implement) or the one it was called on (fix)."""
    branch: str = ""
    status: TaskStatus = TaskStatus.QUEUED
    reason: str = ""
    """Why it ended, or what it waits for, in words for a person."""
    blueprint: str
    blueprints: dict[str, str]
    state: dict[str, Any]
    spec: TaskSpec
    configuration: RepositoryConfiguration = RepositoryConfiguration()
    base_branch: str
    base_sha: CommitSha
    head_sha: CommitSha
    round: int = 0
    carried: ChangeSet | None = None
    failures: tuple[Failure, ...] = ()
    receipt: Receipt = Receipt()
    summary: str = ""
    """What the last round says it did (untrusted, as everything of a runner)."""
    done: tuple[str, ...] = ()
    """What each round that was pushed says it did, oldest first."""
    confidence: str = ""
    """The lowest that a round said of its own work: high, medium, low, or empty."""
    risks: tuple[str, ...] = ()
    """What all rounds said, as `open_questions`: untrusted."""
    open_questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gates: tuple[tuple[str, str], ...] = ()
    sandbox: str = ""
    approved_digest: str = ""
    approved_by: tuple[str, ...] = ()
    """Who let changes go on that outsiders' words had a part in (logins), in the order of their first word."""
    max_usd: Decimal | None = None
    trigger_comment_id: int | None = None
    trigger_in_review: bool = False
    trigger_review_id: int | None = None
    """The review that asked for it by requesting changes."""
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    """When to look again without being woken; None only for ended tasks."""
    waiting_since: datetime | None = None
    version: int = 0
    """Optimistic lock: a save of an older version is refused."""

    @property
    def through(self) -> bool:
        """Its blueprint came to an end: nothing is left that a retry could go on with."""
        return self.state.get("ended") is not None
