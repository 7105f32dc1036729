"""A task that began in another version: a person takes it, with its work, and nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from minion.domain.protocol import RoundGrant
from minion.domain.task import Task, TaskStatus

from .world import World


def worked(world: World, **changes: Any) -> Task:
    """After a round whose work is not pushed yet, with the row as another version would have written it."""
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant), grant
    triage = ("ok", {"fit": "do", "question": ""})
    assert world.work(grant, {"triage": triage, "judge": "pass"}, {"a.py": b"x = 1\n"}).accepted
    task = world.task(5)
    assert task.carried is not None
    stored = world.store.tasks.save(task.model_copy(update={"state": {**task.state, **changes}}))
    assert stored is not None
    return world.settle(5)


def test_its_work_goes_to_a_branch_where_the_state_can_be_read(world: World) -> None:
    task = worked(world, digests={"implement": "0" * 64})
    assert task.status is TaskStatus.HANDED_OFF
    assert task.reason == (
        "this version cannot go on with the task: the blueprint `implement` has changed since the task began"
    )
    assert world.github.branches["minion/5-mend-thing-5"] == task.head_sha
    assert len(world.store.ledger.pushes(task.id)) == 1
    assert "minion-needs-human" in world.github.items[5].labels
    assert "Unfinished work was kept on the branch" in world.github.bodies(5)[-1]


@pytest.mark.parametrize("changes", [{"of_tomorrow": 1}, {"frames": []}, {"narrowed": 3}])
def test_its_work_goes_into_the_comment_where_it_cannot(world: World, changes: dict[str, Any]) -> None:
    task = worked(world, **changes)
    assert task.status is TaskStatus.HANDED_OFF
    assert task.reason.startswith("this version cannot go on with the task: not a state: ")
    assert world.store.ledger.pushes(task.id) == []
    assert "minion/5-mend-thing-5" not in world.github.branches
    assert "+x = 1" in world.github.bodies(5)[-1]


def test_a_narrowed_scope_holds_there_too(world: World) -> None:
    task = worked(world, digests={"implement": "0" * 64}, narrowed={"implement.triage": ["docs/**"]})
    assert task.status is TaskStatus.HANDED_OFF
    assert world.store.ledger.pushes(task.id) == []
