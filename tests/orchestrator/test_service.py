"""The orchestrator as it runs in the server: real threads, the real queue, real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import column, func, select, table

from minion.adapters.clock import SystemClock
from minion.domain.ids import DeliveryId
from minion.domain.protocol import RoundGrant
from minion.domain.task import TaskStatus
from minion.orchestrator.service import Orchestrator
from minion.orchestrator.slots import FileLocks, Slots
from minion.ports.store import Delivery

from .github_fake import FakeGitHub
from .test_pump import payload
from .world import World


def reach(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        time.sleep(0.02)


def test_from_a_delivery_to_the_end_with_a_restart_between(tmp_path: Path) -> None:
    clock = SystemClock()
    github = FakeGitHub(clock)
    github.seed()
    github.issue(5, labels=("minion",))
    world = World(tmp_path, github, clock)  # type: ignore[arg-type]
    world.desk = replace(world.desk, clock=clock)

    def begun() -> Orchestrator:
        locks = FileLocks(tmp_path / "minion.db")
        url = f"sqlite:///{tmp_path}/minion.db"
        made = Orchestrator(world.desk, world.store.inbox, world.store.cursors, Slots(locks), url)
        made.start()
        return made

    def left(*status: str) -> int:
        counted = select(func.count()).select_from(table("workflow_status")).where(column("status").in_(status))
        with world.store.database.read() as connection:
            return int(connection.execute(counted).scalar_one())

    orchestrator = begun()
    body = payload("labeled", label={"name": "minion"})
    world.store.inbox.put(Delivery(DeliveryId("g1"), "issues", body, clock.now()))
    orchestrator.nudge()
    reach(lambda: len(github.runs) == 1)
    orchestrator.stop()
    orchestrator = begun()
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    world.work(grant, {"triage": ("ok", {"fit": "do", "question": ""}), "judge": "pass"}, {"a.py": b"x = 1\n"})
    orchestrator.queue.wake(grant.task_id)
    reach(lambda: world.task(5).status is TaskStatus.AWAITING_CHECKS)
    world.say(5, "/minion stop")
    orchestrator.queue.wake(grant.task_id)
    reach(lambda: world.task(5).due_at is None)
    reach(lambda: left("PENDING", "ENQUEUED") == 0)  # the workflow that wrote the row ends a moment later
    assert left("SUCCESS") > 0
    orchestrator.queue.tidy(clock.now() + timedelta(days=2))
    orchestrator.stop()
    assert world.task(5).status is TaskStatus.CANCELLED
    assert left("SUCCESS") == 0
    assert len(github.bodies(5)) == 1
    world.close()
