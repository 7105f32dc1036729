"""`handoff`: keep the work where the ledger allows, and leave the rest to the words at the task's end."""

from __future__ import annotations

from minion import comments
from minion.blueprint.model import ActionNode
from minion.comments.voice import sentence
from minion.domain.outcomes import Outcome
from minion.domain.task import Task
from minion.orchestrator.publishing import Pushed, passes_gate, publish
from minion.orchestrator.step import Scene, Step, changed, done
from minion.tasks.gate import Blocked


def handoff(scene: Scene, node: ActionNode) -> Step:
    """ok. What was not pushed stays with the task, and its diff goes into the hand-off comment."""
    del node
    return done(kept(scene, _explained(scene)), Outcome.OK)


def _explained(scene: Scene) -> Task:
    """Where no effect has said what went wrong, the blueprint knows."""
    task, trouble = scene.task, scene.state.trouble
    return task if task.reason or trouble is None else changed(task, reason=comments.trouble(trouble))


def _stopped(task: Task, verdict: Blocked) -> Task:
    """Said once: a push that the gate stopped has it as its reason."""
    told = "; ".join(map(str, verdict.reasons))
    if told in task.reason:
        return task
    return changed(task, reason=f"{sentence(task.reason)} The gate keeps this work from being pushed: {told}".strip())


def kept(scene: Scene, task: Task) -> Task:
    """With unfinished work on the task's own branch, where gate and ledger allow it. On a person's own pull request
    nothing half done is pushed."""
    change_set = task.carried
    if change_set is None:
        return task
    verdict = passes_gate(scene, change_set)
    if isinstance(verdict, Blocked):
        return _stopped(task, verdict)
    if task.is_pull or not task.spec.trusted:
        return task
    answer = publish(scene, change_set)
    if not isinstance(answer, Pushed):
        return changed(task, branch=answer.task.branch if task.branch else "")
    note = f"Unfinished work was kept on the branch `{answer.task.branch}`."
    return changed(answer.task, reason=task.reason, notes=(*task.notes, note))
