"""A burst of deliveries is handled when it has passed, and one that does not pass is handled nonetheless."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from minion.adapters.clock import SystemClock
from minion.domain.ids import DeliveryId
from minion.orchestrator.service import Orchestrator
from minion.orchestrator.slots import FileLocks, Slots
from minion.ports.store import Delivery

from .github_fake import FakeGitHub
from .test_pump import payload
from .test_service import reach
from .world import World


def test_deliveries_are_handled_while_others_never_cease_to_arrive(tmp_path: Path) -> None:
    clock = SystemClock()
    github = FakeGitHub(clock)
    github.seed()
    world = World(tmp_path, github, clock)  # type: ignore[arg-type]
    world.desk = replace(world.desk, clock=clock)
    slots = Slots(FileLocks(tmp_path / "minion.db"))
    url = f"sqlite:///{tmp_path}/minion.db"
    orchestrator = Orchestrator(world.desk, world.store.inbox, world.store.cursors, slots, url)
    over = threading.Event()

    def arriving() -> None:
        while not over.wait(0.005):
            orchestrator.nudge()

    thread = threading.Thread(target=arriving)
    thread.start()
    orchestrator.start()
    try:
        world.store.inbox.put(Delivery(DeliveryId("g1"), "issues", payload("pinned"), clock.now()))
        reach(lambda: world.store.inbox.waiting() == 0)
        assert (world.store.inbox.note(DeliveryId("g1")) or "").startswith("ignored:")
    finally:
        over.set()
        thread.join()
        orchestrator.stop()
        world.close()
