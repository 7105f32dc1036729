"""What every step of a task may use: the ports and the operator's choices, nothing that remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from minion.blueprint.programs import names
from minion.domain.ids import RepositoryRef, TaskId
from minion.domain.secret import Secret
from minion.domain.task import Task
from minion.ports.clock import Clock
from minion.ports.github import GitHub, GitHubGate
from minion.ports.store import Cursors, Leases, PushLedger, SpendStore, TaskStore


@dataclass(frozen=True)
class RunnerHome:
    """Where rounds run: a repository, a workflow file in it, and the branch that it is dispatched on."""

    repository: RepositoryRef
    owner_id: int
    workflow: str
    ref: str

    @property
    def workflow_ref(self) -> str:
        """As the OIDC claim `job_workflow_ref` names it."""
        return f"{self.repository.full_name}/.github/workflows/{self.workflow}@refs/heads/{self.ref}"


@dataclass(frozen=True)
class NoHome:
    """There is nowhere to run; `remedy` tells a person what to do."""

    remedy: str


class RunnerHomes(Protocol):
    def home(self, task: Task) -> RunnerHome | NoHome: ...


@dataclass(frozen=True)
class Timing:
    """How long things may take."""

    claim: timedelta = timedelta(minutes=10)
    """From a dispatch to the runner's claim."""
    lease: timedelta = timedelta(seconds=180)
    """From one heartbeat to the next."""
    round: timedelta = timedelta(hours=5, minutes=30)
    """A whole round, whatever the runner says: hosted jobs end after six hours."""
    look_again: timedelta = timedelta(minutes=5)
    """Without an event, the truth is read again after this long."""
    approval: timedelta = timedelta(days=7)
    outage: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class Limits:
    per_task: int = 2
    """Pushes."""
    per_pull: int = 6
    max_usd: Decimal = Decimal(20)
    """What the operator allows any task to cost."""


@dataclass(frozen=True)
class Desk:
    gate: GitHubGate
    homes: RunnerHomes
    tasks: TaskStore
    leases: Leases
    ledger: PushLedger
    spend: SpendStore
    cursors: Cursors
    clock: Clock
    public_url: str
    models: Mapping[str, str]
    """Role to model id, by default; a repository may map otherwise within `allowed_models`."""
    allowed_models: frozenset[str]
    prices: tuple[str, ...] = ()
    """The operator's additions to the price table, as the settings have them; runners keep budgets by them too."""
    server_url: str = "https://github.com"
    allowed_bots: frozenset[int] = frozenset()
    shipped: Mapping[str, str] = field(default_factory=dict)
    """The blueprints that come with Minion, name to text, and their programs."""
    timing: Timing = Timing()
    limits: Limits = Limits()
    secrets: tuple[Secret, ...] = ()
    """Exact values that no change may carry: the installation's own keys."""

    @property
    def shipped_names(self) -> frozenset[str]:
        return frozenset(names(self.shipped))

    def github(self, task: Task) -> GitHub:
        return self.gate.installation(task.installation_id)

    def follow_url(self, task: Task) -> str:
        return f"{self.public_url}/tasks/{task.capability}"


def repository_of(task: Task) -> RepositoryRef:
    return RepositoryRef(task.repository_id, task.owner, task.name, task.installation_id)


class Wakeups(Protocol):
    """The queue, as everything else sees it: asks for an `advance` soon; asked twice is as good as once."""

    def wake(self, task_id: TaskId) -> None: ...
