"""`push`: the round's change set goes to the branch."""

from __future__ import annotations

from minion.blueprint.model import ActionNode
from minion.domain.changeset import ChangeSet
from minion.domain.outcomes import Outcome
from minion.domain.task import TaskStatus
from minion.orchestrator.publishing import NotPushed, Pushed, passes_gate, publish
from minion.orchestrator.step import Later, Scene, Step, changed, done, hand_off
from minion.orchestrator.talk import ask_approval
from minion.tasks.gate import Blocked


def push(scene: Scene, node: ActionNode) -> Step:
    """ok {sha, digest} | none (nothing changed) | fail {reason} | capped."""
    del node
    task, change_set = scene.task, scene.task.carried
    if change_set is None or change_set.empty:
        return done(task, Outcome.NONE)
    verdict = passes_gate(scene, change_set)
    if isinstance(verdict, Blocked):
        reason = "The gate stopped the change: " + "; ".join(map(str, verdict.reasons))
        return done(changed(task, reason=reason), Outcome.FAIL, reason=reason[:2000])
    if not task.spec.trusted and task.approved_digest != change_set.digest():
        return _await_approval(scene, change_set)
    flags = tuple(str(flag) for flag in verdict.flags)
    task = changed(task, notes=tuple(dict.fromkeys((*task.notes, *flags))))
    return _published(scene, change_set, task.notes)


def _published(scene: Scene, change_set: ChangeSet, notes: tuple[str, ...]) -> Step:
    answer = publish(scene, change_set)
    task = changed(answer.task, notes=notes, waiting_since=None)
    match answer:
        case Pushed(sha=sha):
            return done(task, Outcome.OK, pushes=1, sha=sha, digest=change_set.digest())
        case NotPushed(reason=reason, capped=capped):
            outcome = Outcome.CAPPED if capped else Outcome.FAIL
            return done(changed(task, reason=reason), outcome, reason=reason)


def _await_approval(scene: Scene, change_set: ChangeSet) -> Step:
    """Text by people without write permission reached the agent, and CI would run the change with its secrets."""
    since = scene.task.waiting_since or scene.now
    until = since + scene.desk.timing.approval
    task = changed(scene.task, status=TaskStatus.AWAITING_APPROVAL, waiting_since=since)
    if scene.now >= until:
        return hand_off(task, "nobody approved the change in time")
    ask_approval(scene, change_set)
    return Later(task, until)
