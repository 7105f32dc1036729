"""Our own pull request, handed over unfinished and then mended by a command on it, becomes what it was meant to be."""

from __future__ import annotations

from dataclasses import replace

from minion import comments
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.presence import DONE, label
from minion.orchestrator.step import Ground, changed
from minion.orchestrator.talk import pull_text

_UNFINISHED = frozenset({TaskStatus.HANDED_OFF, TaskStatus.FAILED})


def begun(scene: Ground) -> Ground | None:
    """The task that opened the pull request which this one finished, told with what was done since; None where there
    is none, or nothing was left open."""
    task = scene.task
    earlier = _named(scene) if task.is_pull and task.status is TaskStatus.SUCCEEDED else None
    if earlier is None or earlier.status not in _UNFINISHED or earlier.pull_number != task.number or earlier.is_pull:
        return None
    item = scene.github.item(scene.repository, earlier.number)
    if item is None or earlier.repository_id != task.repository_id:
        return None
    told = changed(
        earlier, status=TaskStatus.SUCCEEDED, done=(*earlier.done, *task.done), gates=task.gates, notes=task.notes
    )
    return replace(scene, task=told, item=item)


def _named(scene: Ground) -> Task | None:
    """By the marker in its body, which counts only where the body is ours."""
    item = scene.item
    name = comments.pull_task(item.body) if item.author == scene.desk.gate.bot_login() else None
    return None if name is None else scene.desk.tasks.get(name)


def complete(scene: Ground) -> None:
    """`scene` is of the task that opened it."""
    number = scene.task.pull_number
    pull = None if number is None else scene.github.pull(scene.repository, number)
    if pull is None:
        return
    if pull.draft:
        scene.github.mark_ready(scene.repository, pull.number)
    scene.github.update_pull(scene.repository, pull.number, title=None, body=pull_text(scene)[1])
    label(scene, DONE)
