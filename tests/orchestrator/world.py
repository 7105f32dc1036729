"""A task's world in virtual time: the fake GitHub, a real store, and a runner that does what it is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from minion.adapters.store.store import Store, open_store
from minion.blueprint.engine import is_work
from minion.blueprint.state import NodeResult
from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.events import Commented, Event, Labeled
from minion.domain.ids import Login, TaskId
from minion.domain.protocol import ClaimRefused, EventBatch, EventReply, RoundAccepted, RoundGrant, RoundResult
from minion.domain.secret import Secret
from minion.domain.spec import Permission
from minion.domain.task import Task
from minion.orchestrator.advance import Again, At, Next, advance
from minion.orchestrator.claims import Claims
from minion.orchestrator.desk import Desk
from minion.orchestrator.engines import restored
from minion.orchestrator.homes import RunnerHomesOnGitHub
from minion.orchestrator.reception import Reception
from minion.orchestrator.results import Results
from minion.orchestrator.run_tokens import RunTokens
from minion.ports.oidc import RunIdentity
from minion.shipped import shipped

from .github_fake import REPO, FakeGitHub

Outcomes = dict[str, str | tuple[str, dict[str, Any]]]


@dataclass
class VirtualClock:
    at: datetime = field(default=datetime(2026, 1, 5, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass
class Woken:
    tasks: list[TaskId] = field(default_factory=list)

    def wake(self, task_id: TaskId) -> None:
        self.tasks.append(task_id)


class World:
    """`github`: one that an earlier process of the same play knew."""

    def __init__(self, folder: Path, github: FakeGitHub | None = None, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.github = github or FakeGitHub(self.clock)
        if github is None:
            self.github.seed()
        self.store: Store = open_store(f"sqlite:///{folder}/minion.db", self.clock)
        self.woken = Woken()
        self.desk = Desk(
            gate=self.github,
            homes=RunnerHomesOnGitHub(self.github, None, "minion.yml"),
            tasks=self.store.tasks,
            leases=self.store.leases,
            ledger=self.store.ledger,
            spend=self.store.spend,
            cursors=self.store.cursors,
            clock=self.clock,
            public_url="https://minion.example",
            models={"standard": "m"},
            allowed_models=frozenset({"m"}),
            shipped=shipped(),
        )
        self.tokens = RunTokens(Secret("root"), self.clock)
        self.claims = Claims(self.desk, self.tokens)
        self.results = Results(self.desk, self.store.trace, self.woken)
        self.reception = Reception(self.desk, self.woken)

    # --- people

    def label(self, number: int, label: str = "minion", actor: str = "ann") -> str:
        item = self.github.items[number]
        if label not in item.labels:
            self.github.add_labels(REPO, number, [label])
            self.github.labelled.setdefault(number, []).append((label, actor, self.clock.now()))
        return self.handle(Labeled(REPO, number, item.is_pull, label, Login(actor), 11))

    def say(self, number: int, body: str, actor: str = "ann") -> str:
        comment = self.github.comment(number, actor, body)
        is_pull = self.github.items[number].is_pull
        return self.handle(Commented(REPO, number, is_pull, comment.id, False, body, Login(actor), 11, False))

    def handle(self, event: Event) -> str:
        return self.reception.handle(event)

    # --- the App

    def task(self, number: int) -> Task:
        task = self.store.tasks.last_for(REPO.id, number)
        assert task is not None
        return task

    def step(self, number: int) -> Next:
        return advance(self.desk, self.task(number).id)

    def settle(self, number: int, most: int = 60) -> Task:
        """Advances as long as there is something to do at this moment."""
        for _ in range(most):
            answer = self.step(number)
            if not (isinstance(answer, Again) or (isinstance(answer, At) and answer.due <= self.clock.now())):
                return self.task(number)
        raise AssertionError(f"the task does not come to rest: {self.task(number).status}")

    def wait(self, **delta: float) -> None:
        self.clock.at += timedelta(**delta)

    def until_due(self, number: int) -> Task:
        """Lets time pass to the task's own due time, and advances it."""
        due = self.task(number).due_at
        assert due is not None
        self.clock.at = max(self.clock.at, due)
        return self.settle(number)

    # --- the runner

    def claim(self, run_id: int | None = None, nonce: str | None = None) -> RoundGrant | ClaimRefused:
        run = self.github.runs[-1]
        identity = RunIdentity(
            jti=uuid.uuid4().hex,
            repository_id=77,
            repository_owner_id=7,
            event_name="workflow_dispatch",
            job_workflow_ref="acme/minion-runner/.github/workflows/minion.yml@refs/heads/main",
            run_id=run_id or run.id,
            run_attempt=1,
        )
        return self.claims.claim(identity, nonce or run.title.removeprefix("minion "))

    def work(self, grant: RoundGrant, outcomes: Outcomes, files: dict[str, bytes], **more: Any) -> RoundAccepted:
        """Executes work nodes with the given outcomes until an effect, a wait or the end."""
        task = self.store.tasks.get(grant.task_id)
        assert task is not None
        going_on = restored(task)
        assert isinstance(going_on, tuple)
        engine, state = going_on
        while is_work(pending := engine.pending(state)):
            outcome = outcomes.get(pending.name, "ok")  # type: ignore[union-attr]
            name, output = outcome if isinstance(outcome, tuple) else (outcome, {})
            state = engine.apply(state, NodeResult(outcome=name, output=output))
        changes = ChangeSet(
            base_sha=grant.head_sha, files=tuple(ChangedFile.of(path, data) for path, data in sorted(files.items()))
        )
        token = self.tokens.read(grant.run_token)
        assert token is not None
        result = RoundResult(
            fence=grant.fence,
            state=state.model_dump(mode="json"),
            change_set=changes,
            digest=changes.digest(),
            sandbox="bubblewrap",
            summary="Mended.",
            **more,
        )
        return self.results.finish(token, result)

    def heartbeat(self, grant: RoundGrant) -> EventReply:
        token = self.tokens.read(grant.run_token)
        assert token is not None
        return self.results.events(token, EventBatch(fence=grant.fence))

    def round(
        self, number: int, files: dict[str, bytes] | None = None, said: dict[str, Any] | None = None, **outcomes: Any
    ) -> Task:
        """Dispatch, claim, work, result, and on."""
        self.settle(number)
        grant = self.claim()
        assert isinstance(grant, RoundGrant), grant
        given: Outcomes = {"triage": ("ok", {"fit": "do", "question": ""}), "judge": "pass", **outcomes}
        accepted = self.work(grant, given, {"a.py": b"x = 1\n"} if files is None else files, **(said or {}))
        assert accepted.accepted, accepted.reason
        return self.settle(number)

    def green(self, number: int) -> Task:
        head = self.github.pulls[self.task(number).pull_number or 0].head_sha
        self.github.check(head, "build", "success")
        self.wait(seconds=60)
        return self.settle(number)

    def red(self, number: int, log: str = "Error: it failed") -> Task:
        self.github.logs["build"] = log
        head = self.github.pulls[self.task(number).pull_number or 0].head_sha
        self.github.check(head, "build", "failure")
        self.wait(seconds=60)
        return self.settle(number)

    def outsider_issue(self, number: int) -> None:
        self.github.roles["eve"] = Permission.READ
        self.github.issue(number, author="eve")

    def close(self) -> None:
        self.store.close()


Chaos = Callable[[str], None]
