"""A runner claims a round: the lease, and everything that the round needs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from minion.blueprint.engine import is_work
from minion.blueprint.state import State, Unfit
from minion.domain.ids import CommitSha
from minion.domain.protocol import ClaimRefused, RoundGrant
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.budget import budget
from minion.orchestrator.check_history import check_history
from minion.orchestrator.desk import Desk, RunnerHome, repository_of
from minion.orchestrator.engines import restored
from minion.orchestrator.run_tokens import RunTokens
from minion.ports.oidc import RunIdentity
from minion.ports.store import Lease

NOT_OFFERED: Final = "no round was offered under this nonce"
_EVENT: Final = "workflow_dispatch"
_AFTERWARDS: Final = timedelta(minutes=15)
"""A round that is told to stop still hands in what it has."""


class Claims:
    def __init__(self, desk: Desk, tokens: RunTokens) -> None:
        self._desk = desk
        self._tokens = tokens

    def offered(self, nonce: str) -> bool:
        """Whether any round was ever offered under it: strangers are told before anything is asked of an issuer."""
        return self._desk.leases.by_nonce(nonce) is not None

    def claim(self, identity: RunIdentity, nonce: str) -> RoundGrant | ClaimRefused:
        """The identity's signature, issuer, audience and times have been verified. May raise `Outage`, `AccessLost`."""
        offered = self._desk.leases.by_nonce(nonce)
        task = None if offered is None else self._desk.tasks.get(offered.task_id)
        if task is None:
            return ClaimRefused(reason=NOT_OFFERED)
        if task.status is not TaskStatus.WORKING:
            return ClaimRefused(reason=f"the task is {task.status.value}")
        home = self._desk.homes.home(task)
        if not isinstance(home, RunnerHome):
            return ClaimRefused(reason=home.remedy)
        if (problem := foreign(identity, home)) is not None:
            return ClaimRefused(reason=problem)
        return self._lease(task, identity, nonce)

    def _lease(self, task: Task, identity: RunIdentity, nonce: str) -> RoundGrant | ClaimRefused:
        going_on = restored(task)
        if isinstance(going_on, Unfit) or not is_work(going_on[0].pending(going_on[1])):
            return ClaimRefused(reason="the task does not wait for a runner")
        now = self._desk.clock.now()
        lease = self._desk.leases.claim(nonce, identity.run_id, identity.jti, now, now + self._desk.timing.lease)
        if isinstance(lease, str):
            return ClaimRefused(reason=lease)
        return self._grant(task, lease, going_on[0].caps_left(going_on[1]).wall_s, going_on[1])

    def _grant(self, task: Task, lease: Lease, wall_left_s: float, state: State) -> RoundGrant:
        run_token = self._tokens.issue(lease, self._desk.clock.now() + self._desk.timing.round + _AFTERWARDS)
        clone_token, _ = self._desk.github(task).clone_token(repository_of(task))
        left = budget(task, self._desk.limits.max_usd) - self._desk.spend.spent(task.id)
        return RoundGrant(
            task_id=task.id,
            round=lease.round,
            attempt=lease.attempt,
            fence=lease.fence,
            run_token=run_token,
            repository=f"{task.owner}/{task.name}",
            number=task.number,
            clone_url=f"{self._desk.server_url}/{task.owner}/{task.name}.git",
            clone_token=clone_token,
            base_branch=task.base_branch,
            base_sha=task.base_sha,
            head_sha=CommitSha(task.head_sha),
            carried=task.carried,
            spec=task.spec,
            blueprints=task.blueprints,
            state=state.model_dump(mode="json"),
            failures=task.failures,
            check_history=check_history(self._desk, task),
            configuration=task.configuration,
            models=self._models(task),
            prices=self._desk.prices,
            model_base_url=f"{self._desk.public_url}/model",
            usd_left=max(left, Decimal(0)),
            wall_left_s=wall_left_s,
            follow_url=self._desk.follow_url(task),
        )

    def _models(self, task: Task) -> dict[str, str]:
        """The repository's own choice counts where the operator allows the model."""
        wanted = {**self._desk.models, **task.configuration.models}
        return {
            role: model if model in self._desk.allowed_models else self._desk.models.get(role, model)
            for role, model in wanted.items()
        }


def foreign(identity: RunIdentity, home: RunnerHome) -> str | None:
    """Why this run is not the one that was dispatched; None when it is. `sub` plays no part."""
    if identity.repository_id != home.repository.id or identity.repository_owner_id != home.owner_id:
        return "the run belongs to another repository"
    if identity.event_name != _EVENT:
        return f"the run was started by {identity.event_name}, not by {_EVENT}"
    if identity.job_workflow_ref.lower() != home.workflow_ref.lower():
        return f"the job runs another workflow than {home.workflow_ref}"
    if identity.run_attempt != 1:
        return "a re-run holds no round: comment /minion retry instead"
    return None
