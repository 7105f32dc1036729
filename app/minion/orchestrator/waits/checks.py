"""`checks.settled`: CI has spoken about the head."""

from __future__ import annotations

from datetime import datetime, timedelta

from minion.blueprint.model import WaitNode
from minion.domain.outcomes import Outcome
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.heads import pull_at_our_head
from minion.orchestrator.interrupted import running_again
from minion.orchestrator.reading import verdict, with_not_ours
from minion.orchestrator.step import Later, Over, Scene, Step, changed, done
from minion.tasks.checks import NOT_JUDGED, Green, NoChecks, Pending, Red


def checks_settled(scene: Scene, node: WaitNode) -> Step:
    """ok | fail {failing} | none {reason} | timeout."""
    found = pull_at_our_head(scene)
    if isinstance(found, Over):
        return found
    task, pull = found
    match verdict(scene, pull):
        case Pending(why=why, look_at=look_at):
            return _wait_on(scene, node, changed(task, reason=why), look_at or scene.now + scene.desk.timing.look_again)
        case Green(not_ours=not_ours):
            return done(with_not_ours(_judged(task), not_ours), Outcome.OK)
        case Red(failing=failing, not_ours=not_ours) as red:
            names = ", ".join(sorted({check.name for check in failing}))
            if (until := running_again(scene, pull, red)) is not None:
                return _wait_on(scene, node, changed(task, reason=f"{names} did not end, and runs again"), until)
            task = with_not_ours(_judged(task), not_ours)
            return done(changed(task, reason=f"failing checks: {names}"), Outcome.FAIL, failing=len(failing))
        case NoChecks(reason=reason, remedy=remedy):
            task = changed(task, reason=remedy, notes=(*_judged(task).notes, f"{NOT_JUDGED}: {remedy}"))
            return done(task, Outcome.NONE, reason=reason.value)


def _judged(task: Task) -> Task:
    """A run that came after all takes the note back."""
    return changed(task, notes=tuple(note for note in task.notes if not note.startswith(NOT_JUDGED)))


def _wait_on(scene: Scene, node: WaitNode, task: Task, look_at: datetime) -> Step:
    until = (task.waiting_since or scene.now) + timedelta(seconds=node.timeout_s)
    if scene.now >= until:
        return done(changed(task, reason=f"the checks did not come to an end in time: {task.reason}"), Outcome.TIMEOUT)
    due = min(until, look_at, scene.now + scene.desk.timing.look_again)
    return Later(changed(task, status=TaskStatus.AWAITING_CHECKS), due)
