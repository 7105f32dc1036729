"""`checks.collect`: what fails on the head, cut to what the next round needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from minion.blueprint.model import ActionNode
from minion.domain.checks import CheckResult, Failure
from minion.domain.outcomes import Outcome
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.heads import pull_at_our_head
from minion.orchestrator.interrupted import running_again
from minion.orchestrator.reading import verdict, with_not_ours
from minion.orchestrator.step import Later, Over, Scene, Step, changed, done
from minion.tasks.checks import Green, NoChecks, Pending, Red
from minion.tasks.failures import collect as failures_of
from minion.tasks.failures import progress

_PATIENCE: Final = timedelta(hours=2)
_MOST: Final = 20


def collect(scene: Scene, node: ActionNode) -> Step:
    """ok {count, new_information} | none (nothing that fails is ours) | fail (the same failures as before)."""
    del node
    found = pull_at_our_head(scene)
    if isinstance(found, Over):
        return found
    task, pull = found
    match verdict(scene, pull):
        case Pending(why=why, look_at=look_at):
            due = look_at or scene.now + scene.desk.timing.look_again
            return _wait(scene, changed(task, reason=why), min(due, scene.now + scene.desk.timing.look_again))
        case Green(not_ours=not_ours):
            return done(with_not_ours(changed(task, failures=_named(not_ours)), not_ours), Outcome.NONE, count=0)
        case NoChecks():
            return done(changed(task, failures=()), Outcome.NONE, count=0)
        case Red() as red:
            if (until := running_again(scene, pull, red)) is not None:
                return _wait(scene, changed(task, reason="checks that did not end run again"), until)
            return _collected(scene, with_not_ours(task, red.not_ours), red)


def _collected(scene: Scene, task: Task, red: Red) -> Step:
    before = [failure for failure in task.failures if not failure.also_on_base]
    current = tuple(failure for check in red.failing[:_MOST] for failure in _read(scene, check, red))
    new = not before or progress(before, current)
    task = changed(task, failures=(*current, *_named(red.not_ours)))
    count = len(red.failing)
    if not new:
        reason = "the checks fail in the same way as before the last push: another one would change nothing"
        return done(changed(task, reason=reason), Outcome.FAIL, count=count, new_information=False)
    return done(task, Outcome.OK, count=count, new_information=True)


def _read(scene: Scene, check: CheckResult, red: Red) -> tuple[Failure, ...]:
    on_base = False if check.key in red.good_on_base else None
    return failures_of(check, scene.github.failed_steps(scene.repository, check), on_base)


def _named(not_ours: tuple[CheckResult, ...]) -> tuple[Failure, ...]:
    """For whoever reads what fails: without logs, since nothing is to be done about them here."""
    return tuple(failure for check in not_ours[:_MOST] for failure in failures_of(check, (), also_on_base=True))


def _wait(scene: Scene, task: Task, due: datetime) -> Step:
    """Asked for while checks run: what fails is only known when they are done."""
    since = task.waiting_since or scene.now
    if scene.now >= since + _PATIENCE:
        return done(changed(task, reason=f"the checks do not come to an end: {task.reason}"), Outcome.FAIL)
    return Later(changed(task, status=TaskStatus.AWAITING_CHECKS, waiting_since=since), due)
