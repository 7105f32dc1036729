"""What the App and a runner say to each other under `/api/v1`. Versioned by path; unknown fields are errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from minion.domain.changeset import ChangeSet
from minion.domain.checks import Failure, PastCheck
from minion.domain.config import RepositoryConfiguration
from minion.domain.ids import CommitSha, TaskId
from minion.domain.receipt import ReceiptLine
from minion.domain.spec import TaskSpec
from minion.domain.trace import TraceEvent


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimRequest(_Wire):
    """POST /api/v1/claim. The OIDC token proves which run asks; the nonce which dispatch it answers."""

    oidc_token: str
    nonce: str
    minion_version: str


class RoundGrant(_Wire):
    """The answer to a claim: everything that one round needs, and nothing that can write to GitHub."""

    task_id: TaskId
    round: int
    attempt: int
    fence: int
    run_token: str
    """Bearer of every later call and of the model gateway; good for this task, round and fence only."""
    repository: str
    number: int
    clone_url: str
    clone_token: str
    """Reads the contents of this one repository; expires within the hour."""
    base_branch: str
    base_sha: CommitSha
    """The commit of the default (or the PR's base) branch where the task began: baselines and rules are read here."""
    head_sha: CommitSha
    """The commit that this round starts from: base_sha in round 1, else the task's last push or the PR's head."""
    carried: ChangeSet | None = None
    """Work of an earlier round that was not pushed, on top of head_sha."""
    spec: TaskSpec
    blueprints: dict[str, str]
    """Name to YAML text of the started blueprint and all that it calls, pinned for the task's life."""
    state: dict[str, Any]
    """The engine's state, resting at a work node."""
    failures: tuple[Failure, ...] = ()
    check_history: tuple[PastCheck, ...] | None = None
    """How the checks did lately; None where no node of the blueprints has the tool `ci.history`."""
    configuration: RepositoryConfiguration
    models: dict[str, str]
    """Role (cheap, standard, strong) to model id."""
    prices: tuple[str, ...] = ()
    """The operator's additions to the price table: `model=input/output/cache_read` in $/MTok."""
    model_base_url: str
    usd_left: Decimal
    wall_left_s: float
    follow_url: str


class ClaimRefused(_Wire):
    """409: somebody else holds the lease, or the task has ended. The job ends without an error."""

    reason: str


class EventBatch(_Wire):
    """POST /api/v1/rounds/{task_id}/events; also the heartbeat, so it may be empty."""

    fence: int
    events: tuple[TraceEvent, ...] = ()


class EventReply(_Wire):
    """`cancel` is the reason to stop at once, or None; `lease_s` how many seconds the lease holds from now."""

    cancel: str | None = None
    lease_s: float


class RoundResult(_Wire):
    """POST /api/v1/rounds/{task_id}/result: the end of a round. `state` rests at an effect, a wait or an end."""

    fence: int
    state: dict[str, Any]
    change_set: ChangeSet
    digest: str
    """change_set.digest(), checked on arrival: a partial body is refused."""
    receipt: tuple[ReceiptLine, ...] = ()
    sandbox: str
    """bubblewrap | unsafe"""
    summary: str = ""
    """What the agent says it did (untrusted text), for the PR's body."""
    confidence: Literal["", "high", "medium", "low"] = ""
    """The agent's own, at its last step; empty: it did not say."""
    risks: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Facts for people: gates left to CI, failures that the base has too, files that could not be taken."""
    gates: tuple[tuple[str, str], ...] = ()
    """(gate, what it said) for the PR's body: ("test", "214 passed; 1 fails on the base too")."""
    error: str = ""
    """When the round could not be carried out (set-up failed, ...): what, where and how to mend it."""


class RoundAccepted(_Wire):
    accepted: bool
    reason: str = ""
