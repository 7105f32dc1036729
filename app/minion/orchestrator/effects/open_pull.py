"""`pr.open`: a pull request for the pushed branch."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from minion.blueprint.model import ActionNode
from minion.domain.outcomes import Outcome
from minion.domain.task import Task
from minion.orchestrator.step import Scene, Step, arguments, changed, done
from minion.orchestrator.talk import pull_text
from minion.ports.github import PullOpened, PullRequest, WriteRefused

_MOST_LINES: Final = 12


def open_pull(scene: Scene, node: ActionNode) -> Step:
    """ok {number, draft} | fail {reason}. A task that was asked for on a pull request has one.

    `text`: what the reviewer has to know, a note for each line.
    """
    given = arguments(scene, node)
    task = _told(scene.task, str(given.get("text") or ""))
    if task.pull_number is not None:
        pull = scene.github.pull(scene.repository, task.pull_number)
        return _opened(scene, task, pull) if pull else _failed(task, f"the pull request #{task.pull_number} is gone")
    if not task.branch:
        return _failed(task, "nothing was pushed, so there is nothing to open a pull request for")
    found = scene.github.pull_by_head(scene.repository, task.branch)
    if found is not None:
        return _opened(scene, task, found)
    title, body = pull_text(replace(scene, task=task))
    drafted = given.get("draft") is not False
    answer = scene.github.open_pull(
        scene.repository,
        head=task.branch,
        base=task.base_branch,
        title=title,
        body=body,
        draft=drafted,
    )
    match answer:
        case PullOpened(pull=pull):
            return _opened(scene, _noted(task, drafted=drafted, pull=pull), pull)
        case WriteRefused(reason=reason):
            return _failed(task, f"GitHub opened no pull request: {reason}")


def _told(task: Task, text: str) -> Task:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    more = [f"And {len(lines) - _MOST_LINES} more lines of this kind."] if len(lines) > _MOST_LINES else []
    return changed(task, notes=tuple(dict.fromkeys((*task.notes, *lines[:_MOST_LINES], *more))))


def _opened(scene: Scene, task: Task, pull: PullRequest) -> Step:
    for push in scene.desk.ledger.pushes(task.id):
        if push.sha is not None:
            scene.desk.ledger.record(task.id, push.round, push.sha, pull.number)
    return done(changed(task, pull_number=pull.number), Outcome.OK, number=pull.number, draft=pull.draft)


def _noted(task: Task, *, drafted: bool, pull: PullRequest) -> Task:
    """Private repositories of free plans take no drafts: https://docs.github.com/en/get-started/learning-about-github/githubs-plans"""
    if not drafted or pull.draft:
        return task
    note = "GitHub takes no draft pull requests here, so this one was open for review before its checks had ended."
    return changed(task, notes=(*task.notes, note))


def _failed(task: Task, reason: str) -> Step:
    return done(changed(task, reason=reason), Outcome.FAIL, reason=reason)
