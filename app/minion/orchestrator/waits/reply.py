"""`reply`: a trusted person answers the bot's question; the answer joins the spec."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from minion.blueprint.model import WaitNode
from minion.domain.outcomes import Outcome
from minion.domain.spec import ThreadEntry
from minion.domain.task import TaskStatus
from minion.orchestrator.step import Later, Scene, Step, changed, done
from minion.ports.github import Comment
from minion.tasks.intake import command_in
from minion.tasks.sanitize import clean


def reply(scene: Scene, node: WaitNode) -> Step:
    """ok (the answers are in the thread, so the spec has a new digest) | timeout."""
    task = scene.task
    since = task.waiting_since or scene.now
    answers = tuple(_answers(scene, since))
    if answers:
        spec = task.spec.model_copy(update={"thread": (*task.spec.thread, *answers)})
        return done(changed(task, spec=spec, open_questions=()), Outcome.OK)  # they are answered now
    until = since + timedelta(seconds=node.timeout_s)
    if scene.now >= until:
        return done(changed(task, reason="nobody answered the question in time"), Outcome.TIMEOUT)
    return Later(changed(task, status=TaskStatus.AWAITING_REPLY), min(until, scene.now + timedelta(hours=1)))


def _answers(scene: Scene, since: datetime) -> Iterator[ThreadEntry]:
    known = {entry.url for entry in scene.task.spec.thread}
    for comment in scene.github.comments(scene.repository, scene.task.number):
        late = datetime.fromisoformat(comment.created_at) + timedelta(seconds=1) >= since
        if late and comment.url not in known and _is_answer(comment) and _trusted(scene, comment):
            yield ThreadEntry(
                author=comment.author,
                author_can_write=True,
                kind="comment",
                url=comment.url,
                created_at=comment.created_at,
                text=clean(comment.body).text,
            )


def _is_answer(comment: Comment) -> bool:
    """A command (`/minion status`) asks; it answers nothing."""
    return not comment.author_is_bot and command_in(comment.body, ()) is None


def _trusted(scene: Scene, comment: Comment) -> bool:
    return scene.github.permission(scene.repository, comment.author).can_write
