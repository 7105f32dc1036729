"""`advance(task)`: one idempotent step. It reads the task's row and GitHub, does at most one effect, and writes the row
with the time when it is due again. Whatever kills it, the next call goes on from what is really there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from minion.blueprint.engine import Engine, is_work
from minion.blueprint.fit import restored as readable
from minion.blueprint.model import ActionNode, WaitNode
from minion.blueprint.state import Ended, NodeResult, Pending, State, Status, Unfit
from minion.domain.errors import AccessLost, Outage
from minion.domain.ids import TaskId
from minion.domain.outcomes import Outcome
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.desk import Desk, repository_of
from minion.orchestrator.effects.handoff import kept
from minion.orchestrator.engines import restored
from minion.orchestrator.finish import close
from minion.orchestrator.presence import acknowledge
from minion.orchestrator.registry import EFFECTS, WAITS
from minion.orchestrator.rounds import work
from minion.orchestrator.step import Done, Ground, Later, Over, Scene, Step, changed, hand_off, over
from minion.orchestrator.talk import present
from minion.orchestrator.withdrawn import withdrawn

_log = logging.getLogger(__name__)
_CONFLICT: Final = timedelta(seconds=1)
_NO_ACCESS: Final = timedelta(hours=1)
_GIVEN_UP: Final = timedelta(days=3)
_LAST_WORDS: Final = timedelta(days=1)
_ENDS: Final[dict[Status, TaskStatus]] = {
    "success": TaskStatus.SUCCEEDED,
    "handed_off": TaskStatus.HANDED_OFF,
    "declined": TaskStatus.DECLINED,
    "failed": TaskStatus.FAILED,
}
_WAITING: Final = {
    "checks.settled": TaskStatus.AWAITING_CHECKS,
    "reply": TaskStatus.AWAITING_REPLY,
    "approval": TaskStatus.AWAITING_APPROVAL,
}


@dataclass(frozen=True)
class Again:
    """There is more to do at once."""


@dataclass(frozen=True)
class At:
    due: datetime


@dataclass(frozen=True)
class Rest:
    """The task has ended, or is not there."""


Next: TypeAlias = Again | At | Rest


def advance(desk: Desk, task_id: TaskId) -> Next:
    task = desk.tasks.get(task_id)
    if task is None or (task.status.ended and task.due_at is None):
        return Rest()
    try:
        return _advance(desk, task)
    except Outage as outage:
        later = desk.clock.now() + desk.timing.outage
        return _put_off(desk, task, max(outage.retry_at or later, later), str(outage))
    except AccessLost as lost:
        return _parked(desk, task, lost)


def _parked(desk: Desk, task: Task, lost: AccessLost) -> Next:
    """An owner has to act. Nobody waits for ever: after some days the task ends, and says so where it still can."""
    now = desk.clock.now()
    if now - task.updated_at < (_LAST_WORDS if task.status.ended else _GIVEN_UP):
        return _put_off(desk, task, now + _NO_ACCESS, f"parked, an owner has to act: {lost}")
    if not task.status.ended:
        ended = changed(task, status=TaskStatus.FAILED, reason=str(lost), updated_at=now)
        return _put_off(desk, ended, now, "the access did not come back")
    desk.tasks.save(changed(task, due_at=None))
    return Rest()


def _put_off(desk: Desk, task: Task, due: datetime, why: str) -> Next:
    """Nothing is lost: the same step is tried again. Ended tasks keep their last words owed too."""
    _log.warning("task %s waits until %s: %s", task.id, due.isoformat(timespec="seconds"), why)
    desk.tasks.save(changed(task, due_at=due))  # refused when somebody else saved: then that is looked at first
    return At(due)


def _advance(desk: Desk, task: Task) -> Next:
    if task.status.ended:
        return _close(desk, task)
    step = _step(desk, task)
    saved = desk.tasks.save(_after(desk, step))
    if saved is None:  # a person or a runner changed the row meanwhile: read it again
        return At(desk.clock.now() + _CONFLICT)
    if saved.status.ended:
        return Again()
    present(desk, saved)
    return At(step.due) if isinstance(step, Later) else Again()


def _close(desk: Desk, task: Task) -> Next:
    closed = close(desk, task)
    return Rest() if desk.tasks.save(changed(closed, due_at=None)) else At(desk.clock.now() + _CONFLICT)


def _step(desk: Desk, task: Task) -> Step:
    github, now = desk.github(task), desk.clock.now()
    item = github.item(repository_of(task), task.number)
    if item is None:
        return over(task, TaskStatus.CANCELLED, f"#{task.number} is gone")
    if (reason := withdrawn(task, item, github)) is not None:
        return over(task, TaskStatus.CANCELLED, reason)
    going_on = restored(task)
    if isinstance(going_on, Unfit):
        return _given_up(Ground(desk, github, task, item), going_on, now)
    scene = Scene(desk, github, task, item, *going_on, now)
    return acknowledge(scene) if task.status is TaskStatus.QUEUED else _at(scene, scene.engine.pending(scene.state))


def _given_up(ground: Ground, unfit: Unfit, now: datetime) -> Step:
    """The task began in another version, and where it stood is not guessed at. Its work is kept as a hand-off keeps
    it, if the state can at least say how far the scope was narrowed."""
    task = changed(ground.task, reason=f"this version cannot go on with the task: {unfit.reason}")
    state = readable(task.state)
    if isinstance(state, State):
        task = kept(Scene(ground.desk, ground.github, ground.task, ground.item, Engine({}), state, now), task)
    return hand_off(task, task.reason)


def _at(scene: Scene, pending: Pending) -> Step:
    if isinstance(pending, Ended):
        return over(scene.task, _ENDS[pending.status], scene.task.reason or pending.reason)
    if isinstance(pending, ActionNode):
        return EFFECTS[pending.uses](scene, pending)
    if isinstance(pending, WaitNode):
        return _wait(scene, pending)
    return work(scene)


def _wait(scene: Scene, node: WaitNode) -> Step:
    """The clock of a wait starts when it is entered."""
    task = scene.task
    if task.waiting_since is None:
        task = changed(task, status=_WAITING[node.event], waiting_since=scene.now)
        return Later(task, scene.now)
    return WAITS[node.event](scene, node)


def _after(desk: Desk, step: Step) -> Task:
    now = desk.clock.now()
    match step:
        case Over(task=task, status=status):
            return changed(task, status=status, updated_at=now, due_at=now, waiting_since=None)
        case Later(task=task, due=due):
            return changed(task, updated_at=now, due_at=due)
        case Done(task=task, result=result):
            return changed(_moved_on(task, result, now), updated_at=now, due_at=now)


def _moved_on(task: Task, result: NodeResult, now: datetime) -> Task:
    """The reason of a failure lives on through the hand-off, and is forgotten when something went well."""
    going_on = restored(task)
    if isinstance(going_on, Unfit):
        raise TypeError(f"{task.id} was fit a moment ago: {going_on.reason}")
    engine, state = going_on
    node = engine.pending(state)
    handing_off = isinstance(node, ActionNode) and node.uses == "handoff"
    state = engine.apply(state, result)
    pending = engine.pending(state)
    return changed(
        task,
        state=state.model_dump(mode="json"),
        status=_status(pending),
        reason=task.reason if handing_off or result.outcome != Outcome.OK else "",
        waiting_since=now if isinstance(pending, WaitNode) else None,
    )


def _status(pending: Pending) -> TaskStatus:
    """Of a task that is under way; what it ends as is decided when it is advanced at its end."""
    if isinstance(pending, WaitNode):
        return _WAITING[pending.event]
    return TaskStatus.WORKING if is_work(pending) else TaskStatus.PUBLISHING
