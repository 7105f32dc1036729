"""People, CI, runners, lost deliveries, lost time and kills in any order: the invariants hold after every move."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from minion.domain.errors import Outage
from minion.domain.protocol import RoundGrant
from minion.domain.task import Task, TaskStatus

sys.path.insert(0, str(Path(__file__).parent.parent))

from orchestrator.github_fake import REPO, KilledError
from orchestrator.world import World

WORK = {"triage": ("ok", {"fit": "do", "question": ""}), "judge": "pass"}


class AnyOrder(RuleBasedStateMachine):
    """One issue, one maintainer, one outsider, a CI with moods."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="minion-any-"))
        self.world = World(self.folder)
        self.grants: list[RoundGrant] = []
        self.seen: set[str] = set()

    @initialize()
    def an_issue(self) -> None:
        self.world.github.issue(5, labels=("minion",))

    def _guarded(self, move: object) -> None:
        try:
            move()  # type: ignore[operator]
        except KilledError:
            self.world.github.before = self.world.github.after = None
            self.world.close()
            self.world = World(self.folder, self.world.github, self.world.clock)
        except Outage:
            self.world.github.before = self.world.github.after = None

    def _task(self) -> Task | None:
        return self.world.store.tasks.last_for(REPO.id, 5)

    # --- moves

    @rule(actor=st.sampled_from(["ann", "eve"]))
    def label(self, actor: str) -> None:
        self._guarded(lambda: self.world.label(5, actor=actor))

    @rule(
        body=st.sampled_from(["/minion implement", "/minion stop", "/minion retry", "/minion status", "Thanks!"]),
        actor=st.sampled_from(["ann", "ann", "eve"]),
    )
    def say(self, body: str, actor: str) -> None:
        self._guarded(lambda: self.world.say(5, body, actor=actor))

    @rule(steps=st.integers(1, 12))
    def advance(self, steps: int) -> None:
        for _ in range(steps):
            if self._task() is not None:
                self._guarded(lambda: self.world.step(5))

    @rule(minutes=st.sampled_from([0.1, 1, 5, 11, 60]))
    def time_passes(self, minutes: float) -> None:
        self.world.wait(minutes=minutes)

    @precondition(lambda self: bool(self.world.github.runs))
    @rule()
    def a_runner_claims(self) -> None:
        answer = self.world.claim()
        if isinstance(answer, RoundGrant):
            self.grants.append(answer)

    @precondition(lambda self: bool(self.grants))
    @rule(which=st.integers(0, 10), content=st.sampled_from([b"x = 1\n", b"x = 2\n"]), empty=st.booleans())
    def a_runner_hands_in(self, which: int, content: bytes, empty: bool) -> None:
        grant = self.grants[which % len(self.grants)]
        try:
            self.world.work(grant, WORK, {} if empty else {"a.py": content})  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return  # the task has moved on: this runner's nodes are not pending any more

    @precondition(lambda self: bool(self.world.github.pulls))
    @rule(conclusion=st.sampled_from(["success", "failure"]), log=st.sampled_from(["Error: a", "Error: b"]))
    def ci_speaks(self, conclusion: str, log: str) -> None:
        self.world.github.logs["build"] = log
        for pull in self.world.github.pulls.values():
            if not self.world.github.results.get(pull.head_sha):
                self.world.github.check(pull.head_sha, "build", conclusion)

    @rule(when=st.integers(1, 4), after=st.booleans(), kill=st.booleans())
    def trouble_ahead(self, when: int, after: bool, kill: bool) -> None:
        left = [when]

        def strike(_: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise KilledError if kill else Outage("502")

        setattr(self.world.github, "after" if after else "before", strike)

    @precondition(lambda self: bool(self.world.github.pulls))
    @rule()
    def a_person_pushes(self) -> None:
        self.seen.add(self.world.github.push_by_person(next(iter(self.world.github.pulls.values())).head_ref))

    @rule(state=st.sampled_from(["open", "closed"]))
    def the_issue_opens_and_closes(self, state: str) -> None:
        self.world.github.items[5] = replace(self.world.github.items[5], state=state)

    # --- what always holds

    @invariant()
    def at_most_one_task_is_active_and_it_has_a_deadline(self) -> None:
        active = self.world.store.tasks.all_active()
        assert len(active) <= 1
        for task_id in active:
            task = self.world.store.tasks.get(task_id)
            assert task is not None
            assert task.due_at is not None

    @invariant()
    def at_most_two_pushes_for_a_task_and_each_commit_is_counted(self) -> None:
        marks = [c.message for c in self.world.github.commits.values() if "Minion-Task: " in c.message]
        for task_id in {mark.partition("Minion-Task: ")[2].split()[0] for mark in marks}:
            commits = sum(f"Minion-Task: {task_id}" in mark for mark in marks)
            assert commits <= len(self.world.store.ledger.pushes(task_id)) <= 2  # type: ignore[arg-type]

    @invariant()
    def a_persons_work_is_never_lost(self) -> None:
        for branch, head in self.world.github.branches.items():
            if branch.startswith("minion/"):
                history = set()
                sha: str | None = head
                while sha is not None:
                    history.add(sha)
                    sha = self.world.github.commits[sha].parent
                self.seen_on(branch, history)

    def seen_on(self, branch: str, history: set[str]) -> None:
        pulls = [pull for pull in self.world.github.pulls.values() if pull.head_ref == branch]
        if pulls and pulls[0].number == next(iter(self.world.github.pulls)):
            assert self.seen <= history

    @invariant()
    def at_most_one_live_lease(self) -> None:
        with self.world.store.database.read() as connection:
            live = connection.exec_driver_sql(
                "SELECT count(*) FROM leases WHERE ended = 0 GROUP BY task_id ORDER BY 1 DESC LIMIT 1"
            ).scalar()
        assert (live or 0) <= 1

    @invariant()
    def one_status_comment_for_each_task(self) -> None:
        bodies = self.world.github.bodies(5)
        markers = [body.partition("\n")[0] for body in bodies if body.startswith("<!-- minion:status")]
        assert len(markers) == len(set(markers))

    def teardown(self) -> None:
        """With the troubles over, everything comes to its end by itself."""
        self.world.github.before = self.world.github.after = None
        for _ in range(400):
            task = self._task()
            if task is None or task.due_at is None:
                break
            self.world.clock.at = max(self.world.clock.at, task.due_at)
            self.world.step(5)
        task = self._task()
        assert task is None or (task.status.ended and task.due_at is None), task.status
        if task is not None and task.status is TaskStatus.HANDED_OFF:
            assert "minion-needs-human" in self.world.github.items[5].labels
        self.world.close()
        shutil.rmtree(self.folder)


AnyOrder.TestCase.settings = settings(
    max_examples=settings.default.max_examples // 2, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
