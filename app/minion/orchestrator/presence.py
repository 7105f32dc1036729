"""The first sign of life: eyes on what was asked, and the label that says who is at work."""

from __future__ import annotations

from typing import Final

from minion.domain.task import Task, TaskStatus
from minion.orchestrator.step import Ground, Later, Scene, Step, changed

WORKING: Final = "minion-working"
NEEDS_HUMAN: Final = "minion-needs-human"
DONE: Final = "minion-done"


def acknowledge(scene: Scene) -> Step:
    """From `queued` to `working`; all of it may be done twice."""
    task = scene.task
    scene.github.react(scene.repository, task.number, task.trigger_comment_id, "eyes")
    label(scene, WORKING)
    return Later(changed(task, status=TaskStatus.WORKING), scene.now)


def label(scene: Ground, wanted: str | None) -> None:
    """Of the three state labels only `wanted` stays."""
    for other in (WORKING, NEEDS_HUMAN, DONE):
        if other != wanted and other in scene.item.labels:
            scene.github.remove_label(scene.repository, scene.task.number, other)
    if wanted is not None and wanted not in scene.item.labels:
        scene.github.add_labels(scene.repository, scene.task.number, [wanted])


def final_label(task: Task) -> str | None:
    match task.status:
        case TaskStatus.SUCCEEDED:
            return DONE
        case TaskStatus.HANDED_OFF | TaskStatus.FAILED:
            return NEEDS_HUMAN
        case _:
            return None
