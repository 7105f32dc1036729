"""`approval`: a person with write permission says yes to the spec as it stands."""

from __future__ import annotations

from datetime import timedelta

from minion.blueprint.model import WaitNode
from minion.domain.outcomes import Outcome
from minion.domain.task import TaskStatus
from minion.orchestrator.step import Later, Scene, Step, changed, done


def approval(scene: Scene, node: WaitNode) -> Step:
    """ok | timeout. Where there is work already, it is the change that people are asked about, as everywhere."""
    task = scene.task
    wanted = task.spec.digest() if task.carried is None else task.carried.digest()
    if task.approved_digest == wanted:
        return done(changed(task, approved_digest=""), Outcome.OK)
    until = (task.waiting_since or scene.now) + timedelta(seconds=node.timeout_s)
    if scene.now >= until:
        return done(task, Outcome.TIMEOUT)
    return Later(changed(task, status=TaskStatus.AWAITING_APPROVAL), until)
