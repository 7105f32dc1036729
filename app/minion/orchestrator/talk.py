"""Says things on GitHub. The words are `minion.comments`; here they find their place, and are said once."""

from __future__ import annotations

import hashlib
from typing import Final

from minion import comments
from minion.blueprint.model import ActionNode
from minion.comments import CheckText, Voice
from minion.domain.changeset import ChangeSet
from minion.domain.ids import RepositoryRef
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.desk import Desk, repository_of
from minion.orchestrator.diffs import unified
from minion.orchestrator.step import Ground, Scene
from minion.ports.github import CheckRunRequest, GitHub

_TEMPLATES: Final = (
    ".github/PULL_REQUEST_TEMPLATE.md",
    ".github/pull_request_template.md",
    "PULL_REQUEST_TEMPLATE.md",
    "pull_request_template.md",
    "docs/pull_request_template.md",
)
_CHECK: Final = "minion"


def voice_of(desk: Desk) -> Voice:
    return Voice(public_url=desk.public_url, server_url=desk.server_url)


def present(desk: Desk, task: Task) -> None:
    """The one status comment and our own check run, edited in place when they would say something new."""
    pushes, at_ceiling = len(desk.ledger.pushes(task.id)), used_up(desk, task)
    body = comments.status(task, voice_of(desk), pushes=pushes, used_up=at_ceiling)
    if _is_new(desk, f"status:{task.id}", body):
        desk.github(task).upsert_comment(repository_of(task), task.number, comments.status_marker(task.id), body)
        _remember(desk, f"status:{task.id}", body)
    if task.pull_number is not None:
        _report_check(desk, task, comments.check_text(task, voice_of(desk), pushes=pushes, used_up=at_ceiling))


def _report_check(desk: Desk, task: Task, text: CheckText) -> None:
    said = f"{task.head_sha} {text.status} {text.conclusion} {text.summary}"
    if not _is_new(desk, f"check:{task.id}", said):
        return
    request = CheckRunRequest(
        name=_CHECK,
        head_sha=task.head_sha,
        external_id=task.id,
        status=text.status,
        conclusion=text.conclusion,
        title=text.title,
        summary=text.summary,
        details_url=desk.follow_url(task),
        actions=text.buttons,
    )
    desk.github(task).report_check(repository_of(task), request)
    _remember(desk, f"check:{task.id}", said)


def _is_new(desk: Desk, key: str, text: str) -> bool:
    return desk.cursors.get(key) != hashlib.sha256(text.encode()).hexdigest()


def _remember(desk: Desk, key: str, text: str) -> None:
    desk.cursors.set(key, hashlib.sha256(text.encode()).hexdigest())


def say(scene: Scene, node: ActionNode, template: str, text: str) -> None:
    """One comment for each visit of a node."""
    visit = scene.state.frame.visits.get(node.name, 1)
    marker = comments.note_marker(scene.task.id, f"{scene.state.frame.blueprint}.{node.name}.{visit}")
    words = {"ask": comments.question, "plan": comments.plan}
    body = words.get(template, comments.note)(scene.task, voice_of(scene.desk), text)
    scene.github.upsert_comment(scene.repository, scene.task.number, marker, body)


def ask_approval(scene: Scene, change_set: ChangeSet) -> None:
    """Shows the diff and the command; said once for each digest."""
    task, digest = scene.task, change_set.digest()
    key = f"approval:{task.id}"
    if scene.desk.cursors.get(key) == digest:
        return
    diff = unified(scene, change_set)
    scene.desk.cursors.set(diff_key(task), diff)
    body = comments.approval(task, voice_of(scene.desk), digest, diff)
    marker = comments.note_marker(task.id, f"approval-{digest[:16]}")
    scene.github.upsert_comment(scene.repository, task.number, marker, body)
    scene.desk.cursors.set(key, digest)


def diff_key(task: Task) -> str:
    """Where the whole diff is kept for the page, while somebody is asked about it."""
    return f"diff:{task.id}"


def waiting_diff(desk: Desk, task: Task) -> str | None:
    return desk.cursors.get(diff_key(task))


def pull_text(scene: Ground) -> tuple[str, str]:
    """Title and body of the task's pull request, in the repository's own template where there is one."""
    task = scene.task
    notes = comments.PullNotes(task.confidence, task.risks, task.open_questions)
    body = comments.pull_body(task, voice_of(scene.desk), template=_template(scene), notes=notes)
    return comments.pull_title(task), body


def _template(scene: Ground) -> str:
    for path in _TEMPLATES:
        found = scene.github.file(scene.repository, path, scene.task.base_branch)
        if found is not None:
            return found.decode("utf-8", "replace")
    return ""


def last_words(scene: Ground) -> None:
    """The terminal comment of a task that a person has to look at; others have their status comment."""
    task, voice = scene.task, voice_of(scene.desk)
    if task.status is TaskStatus.HANDED_OFF:
        diff = "" if task.carried is None else unified(scene, task.carried)
        pushed = any(push.sha is not None for push in scene.desk.ledger.pushes(task.id))
        at_ceiling = used_up(scene.desk, task)
        _note(scene, "handoff", comments.handoff(task, voice, diff=diff, pushed=pushed, used_up=at_ceiling))
    elif task.status is TaskStatus.FAILED:
        _note(scene, "failed", comments.failed(task, voice))


def used_up(desk: Desk, task: Task) -> bool:
    """Whether the task's pull request has had all the pushes that there are for one."""
    pull = task.pull_number
    return pull is not None and desk.ledger.pushes_on_pull(task.repository_id, pull) >= desk.limits.per_pull


def _note(scene: Ground, kind: str, body: str) -> None:
    marker = comments.note_marker(scene.task.id, kind)
    scene.github.upsert_comment(scene.repository, scene.task.number, marker, body)


def answer(github: GitHub, repository: RepositoryRef, number: int, comment_id: int | None, body: str) -> None:
    """The answer to somebody's comment, or to a label (which has no id of its own)."""
    marker = comments.answer_marker(-number if comment_id is None else comment_id)
    github.upsert_comment(repository, number, marker, body)
