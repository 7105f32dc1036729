"""What a task says when it ends: what it cost, who let it go on, what can still be asked of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from minion.domain.protocol import RoundGrant
from minion.domain.receipt import Tokens
from minion.domain.task import TaskStatus
from minion.ports.store import Reserved

from .world import World


def begun(world: World) -> RoundGrant:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    spend, now = world.store.spend, world.clock.now()
    spend.add(grant.task_id, "m", Tokens(input=5), Decimal("0.25"), now)
    assert isinstance(spend.reserve(grant.task_id, "m", Decimal(2), Decimal(9), now), Reserved)
    return grant


def test_a_stopped_round_tells_what_it_cost(world: World) -> None:
    begun(world)
    world.wait(seconds=30)
    world.say(5, "/minion stop")
    task = world.settle(5)
    assert (task.status, task.due_at) == (TaskStatus.CANCELLED, None)
    [line] = task.receipt.lines
    assert (line.round, line.outcome, line.usd, line.seconds) == (1, "stopped", Decimal("0.25"), 30)
    assert "Receipt: $0.25" in world.github.bodies(5)[0]


def test_a_round_that_went_silent_tells_what_it_cost(world: World) -> None:
    begun(world)
    world.until_due(5)
    assert isinstance(world.claim(), RoundGrant)
    task = world.until_due(5)
    assert (task.status, task.due_at) == (TaskStatus.HANDED_OFF, None)
    assert [line.usd for line in task.receipt.lines] == [Decimal("0.25")]


def test_only_what_was_not_told_is_added(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5)
    assert task.receipt.lines == ()
    world.say(5, "/minion stop")
    assert world.settle(5).receipt.lines == (), "its round had ended"


def test_the_pull_request_says_who_approved(world: World) -> None:
    world.outsider_issue(5)
    world.label(5)
    task = world.round(5)
    assert task.carried is not None
    world.say(5, f"/minion approve {task.carried.digest()[:16]}")
    task = world.settle(5)
    body = world.github.pulls[task.pull_number or 0].body
    assert "It was approved by @ann before it was pushed." in body


def test_nothing_is_offered_on_a_pull_request_that_had_its_pushes(world: World) -> None:
    world.desk = replace(world.desk, limits=replace(world.desk.limits, per_pull=2))
    world.github.issue(5)
    world.label(5)
    world.round(5)
    world.red(5)
    world.round(5, files={"a.py": b"x = 2\n"})
    task = world.red(5, log="Error: another thing failed")
    assert task.status is TaskStatus.HANDED_OFF
    status = world.github.bodies(5)[0]
    assert "/minion fix" not in status
    assert f"#{task.pull_number} has had all the pushes" in status
    assert world.github.check_runs[task.id].actions == ()


def test_what_a_person_may_change_only_is_stopped_at_the_push(world: World) -> None:
    """A runner that was captured has no gate of its own."""
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={".github/workflows/x.yml": b"on: push\n"})
    assert task.status is TaskStatus.HANDED_OFF
    assert world.store.ledger.pushes(task.id) == []
    assert task.reason.count("Change it by hand.") == 1
    assert "open_questions" not in task.reason


def test_unfinished_work_that_the_gate_stops_says_why_it_is_on_no_branch(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={".github/workflows/x.yml": b"on: push\n"}, implement=("stuck", {"reason": "too hard"}))
    assert task.status is TaskStatus.HANDED_OFF
    assert world.store.ledger.pushes(task.id) == []
    assert task.reason.startswith("`implement` got stuck: too hard. The gate keeps this work from being pushed: `.git")
