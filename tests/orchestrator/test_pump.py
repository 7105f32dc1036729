"""From the inbox to whoever it concerns."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

from minion.domain.events import Event
from minion.domain.ids import DeliveryId, TaskId
from minion.orchestrator.pump import Pump
from minion.orchestrator.reconcile import Reconciler
from minion.ports.github import FailedDelivery
from minion.ports.store import Delivery

from .github_fake import REPO
from .world import World


@dataclass
class Queue:
    received: list[tuple[DeliveryId, int]] = field(default_factory=list)

    def receive(self, delivery_id: DeliveryId, attempt: int) -> None:
        self.received.append((delivery_id, attempt))


class Broken:
    def handle(self, event: Event) -> str:
        raise RuntimeError(f"a bug with {type(event).__name__}")


def payload(action: str, **more: object) -> bytes:
    return json.dumps(
        {
            "action": action,
            "repository": {"id": REPO.id, "name": REPO.name, "owner": {"login": REPO.owner}},
            "installation": {"id": REPO.installation_id},
            "sender": {"login": "ann", "id": 11, "type": "User"},
            "issue": {"number": 5, "title": "Mend thing 5", "body": "Do it."},
            **more,
        }
    ).encode()


def put(world: World, name: str, event: str, body: bytes) -> None:
    world.store.inbox.put(Delivery(DeliveryId(name), event, body, world.clock.now()))


def pump_of(world: World, queue: Queue) -> Pump:
    return Pump(world.store.inbox, world.reception, queue, world.clock)


def test_a_label_goes_through_the_queue_and_becomes_a_task(world: World) -> None:
    world.github.issue(5, labels=("minion",))
    queue = Queue()
    pump = pump_of(world, queue)
    put(world, "g1", "issues", payload("labeled", label={"name": "minion"}))
    assert pump.drain() == 1
    assert queue.received == [("g1", 1)]
    pump.receive(DeliveryId("g1"))
    assert world.store.inbox.note(DeliveryId("g1")) == f"task {world.task(5).id}"
    pump.receive(DeliveryId("g1"))
    assert world.store.inbox.waiting() == 0
    assert len(world.store.tasks.all_active()) == 1


def test_what_only_wakes_is_done_at_once(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    queue = Queue()
    put(world, "g1", "issues", payload("closed"))
    put(world, "g2", "issues", payload("pinned"))
    put(world, "g3", "issues", b"{}")
    pump_of(world, queue).drain()
    assert queue.received == []
    assert world.woken.tasks[-1] == world.task(5).id
    notes = [world.store.inbox.note(DeliveryId(name)) or "" for name in ("g1", "g2", "g3")]
    assert [note.split()[0] for note in notes] == ["woke", "ignored:", "malformed:"]


def test_an_outage_postpones_and_a_bug_is_parked_in_the_end(world: World) -> None:
    world.github.issue(5, labels=("minion",))
    world.github.down = True
    queue = Queue()
    pump = pump_of(world, queue)
    put(world, "g1", "issues", payload("labeled", label={"name": "minion"}))
    pump.drain()
    pump.receive(DeliveryId("g1"))
    assert world.store.inbox.note(DeliveryId("g1")) == "GitHub does not answer"
    world.github.down = False
    world.wait(minutes=1)
    pump.drain()
    pump.receive(DeliveryId("g1"))
    assert world.store.inbox.waiting() == 0
    broken = Pump(world.store.inbox, Broken(), queue, world.clock)
    put(world, "g2", "issues", payload("closed"))
    for _ in range(10):
        broken.drain()
        world.wait(hours=1)
    assert world.store.inbox.parked() == 1
    assert world.store.inbox.note(DeliveryId("g2")) == "parked: RuntimeError: a bug with ItemClosed"


def test_failed_deliveries_are_asked_for_again_but_not_for_ever(world: World) -> None:
    world.github.failed = [FailedDelivery(1, "g1", world.clock.now())]
    passes = Reconciler(world.github, world.store.tasks, world.store.cursors, world.woken, world.clock)
    for _ in range(20):
        passes.tick()
        world.wait(minutes=1)
    assert len(world.github.redelivered) == 4
    for _ in range(60):
        passes.tick()
        world.wait(minutes=1)
    assert len(world.github.redelivered) == 5


def test_active_tasks_are_compared_with_github_every_ten_minutes(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.woken.tasks.clear()
    passes = Reconciler(world.github, world.store.tasks, world.store.cursors, world.woken, world.clock)
    passes.tick()
    world.wait(minutes=9)
    passes.tick()
    assert len(world.woken.tasks) == 1
    world.wait(minutes=2)
    passes.tick()
    assert world.woken.tasks == [TaskId(world.task(5).id)] * 2


def test_a_lost_check_delivery_is_found_by_the_due_time(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5)
    world.github.check(task.head_sha, "build", "success")
    assert task.due_at is not None
    assert task.due_at - world.clock.now() <= timedelta(minutes=10)
    world.until_due(5)
    if not world.task(5).status.ended:
        world.until_due(5)
    assert world.task(5).status.value == "succeeded"
