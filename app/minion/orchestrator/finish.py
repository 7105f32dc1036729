"""The end of a task: stop its runner, say the last words, ask for reviews, put the labels right. All idempotent."""

from __future__ import annotations

from minion.domain.task import Task, TaskStatus
from minion.orchestrator.desk import Desk, repository_of
from minion.orchestrator.mended import begun, complete
from minion.orchestrator.presence import final_label, label
from minion.orchestrator.rounds import stop
from minion.orchestrator.step import Ground
from minion.orchestrator.talk import last_words, present, pull_text
from minion.orchestrator.unreported import with_unreported


def close(desk: Desk, task: Task) -> Task:
    """After this nothing is owed any more. The label comes last: who sees it sees all the rest."""
    stop(desk, task)
    task = with_unreported(desk, task)
    github = desk.github(task)
    item = github.item(repository_of(task), task.number)
    if item is None:
        return task
    scene = Ground(desk, github, task, item)
    last_words(scene)
    if (earlier := begun(scene)) is not None:
        complete(earlier)
        _ask_reviewers(earlier)
    elif task.status is TaskStatus.SUCCEEDED:
        _ask_reviewers(scene)
    elif task.status in (TaskStatus.HANDED_OFF, TaskStatus.FAILED):
        _warn_readers(scene)
    present(desk, task)
    label(scene, final_label(task))
    return task


def _warn_readers(scene: Ground) -> None:
    """Who meets the pull request first learns there that it is not finished."""
    task = scene.task
    if task.pull_number is not None and not task.is_pull:
        scene.github.update_pull(scene.repository, task.pull_number, title=None, body=pull_text(scene)[1])


def _ask_reviewers(scene: Ground) -> None:
    """Those that the repository names, and who asked. Who cannot be asked is left out by GitHub's own word."""
    task = scene.task
    if task.pull_number is None or task.is_pull:
        return
    people = tuple(dict.fromkeys((*task.configuration.reviewers, task.spec.requested_by)))
    asked = tuple(person for person in people if person and not person.endswith("[bot]"))
    scene.github.request_reviewers(scene.repository, task.pull_number, asked, task.configuration.team_reviewers)
