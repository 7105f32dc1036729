"""`review.reply`: each thread gets its answer, once; those that the pushed change settles are resolved.

A thread is resolved only where all of this holds: the agent says that it is done, a commit of this task stands behind
that, our answer is in it, and nobody wrote there since the task was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from minion import comments
from minion.blueprint.model import ActionNode
from minion.comments import Fate
from minion.domain.outcomes import Outcome
from minion.domain.spec import ReviewPoint
from minion.orchestrator.step import Scene, Step, arguments, changed, done
from minion.orchestrator.talk import voice_of
from minion.ports.github import ReviewThread
from minion.tasks.review_answers import Answer, read_answers, said_since, to_ask_again


@dataclass(frozen=True)
class _Dealt:
    """With one point. `note` is for people, where something was left open."""

    answered: bool = False
    resolved: bool = False
    note: str = ""


def review_reply(scene: Scene, node: ActionNode) -> Step:
    """ok {count, resolved} | fail {reason}: GitHub let us answer nowhere, or there was no answer to give."""
    points = scene.task.spec.reviews
    answers = read_answers(arguments(scene, node).get("replies"), points)
    if points and not answers:
        return _failed(scene, "the agent gave no answer to any review thread")
    replying = _Replying(scene, _pushed(scene), _threads(scene))
    dealt = [replying.deal_with(answer) for answer in answers]
    count, resolved = sum(one.answered for one in dealt), sum(one.resolved for one in dealt)
    if answers and not count and not any(answer.point.thread_id in replying.settled for answer in answers):
        return _failed(scene, f"GitHub let me answer in no review thread of #{scene.task.number}")
    _tell(scene, [*_unanswered(points, answers), *(one.note for one in dealt if one.note)])
    _ask_again(scene, replying.sha, [answer for answer, one in zip(answers, dealt, strict=True) if one.answered])
    return done(scene.task, Outcome.OK, count=count, resolved=resolved)


@dataclass(frozen=True)
class _Replying:
    scene: Scene
    sha: str | None
    """The head that this task pushed."""
    threads: Mapping[str, ReviewThread]
    """As they are now."""

    @property
    def settled(self) -> frozenset[str]:
        return frozenset(thread.id for thread in self.threads.values() if thread.resolved)

    def deal_with(self, answer: Answer) -> _Dealt:
        if not answer.point.thread_id:
            return self._review(answer)
        thread = self.threads.get(answer.point.thread_id)
        if thread is None:
            return _Dealt(note=f"The thread {_place(answer.point)} is gone.")
        return self._thread(answer, thread)

    def _thread(self, answer: Answer, thread: ReviewThread) -> _Dealt:
        """What somebody resolved meanwhile needs no more words; and it may have been us, before a restart."""
        marker = comments.note_marker(self.scene.task.id, f"thread-{answer.point.number}")
        said = any(marker in comment.body for comment in thread.comments if comment.author_is_bot)
        if thread.resolved:
            return _Dealt(answered=said, resolved=said)
        fate = Fate(self.sha, said_since(answer.point, thread, self.scene.desk.gate.bot_login()))
        if not said and not self._say(answer, marker, fate):
            return _Dealt(note=f"GitHub does not let me answer in the thread {_place(answer.point)}.")
        if not answer.done or fate.sha is None or fate.news:
            return _Dealt(answered=True)
        if self.scene.github.resolve_thread(self.scene.repository, thread.id):
            return _Dealt(answered=True, resolved=True)
        return _Dealt(
            answered=True, note=f"GitHub does not let me resolve the thread {_place(answer.point)}: it is done."
        )

    def _say(self, answer: Answer, marker: str, fate: Fate) -> bool:
        scene = self.scene
        body = comments.thread_reply(answer, fate, voice_of(scene.desk))
        return scene.github.reply_in_thread(scene.repository, _number(scene), answer.point.thread_id, marker, body)

    def _review(self, answer: Answer) -> _Dealt:
        scene = self.scene
        marker = comments.review_marker(answer.point.review_id)
        body = comments.review_reply(answer, Fate(self.sha), voice_of(scene.desk))
        scene.github.upsert_comment(scene.repository, _number(scene), marker, body)
        return _Dealt(answered=True)


def _number(scene: Scene) -> int:
    return scene.task.pull_number or scene.task.number


def _threads(scene: Scene) -> dict[str, ReviewThread]:
    return {thread.id: thread for thread in scene.github.review_threads(scene.repository, _number(scene))}


def _pushed(scene: Scene) -> str | None:
    pushes = scene.desk.ledger.pushes(scene.task.id)
    return scene.task.head_sha if any(push.sha is not None for push in pushes) else None


def _place(point: ReviewPoint) -> str:
    where = point.path if point.line is None else f"{point.path}:{point.line}"
    return f"on `{where}`"


def _unanswered(points: Sequence[ReviewPoint], answers: Sequence[Answer]) -> Iterator[str]:
    known = {answer.point.number for answer in answers}
    for point in points:
        if point.number not in known:
            what = f"The thread {_place(point)}" if point.thread_id else "A review as a whole"
            yield f"{what} got no answer: {point.remarks[0].url}"


def _tell(scene: Scene, open_: Sequence[str]) -> None:
    """Silence where everything was dealt with: the threads say it."""
    notes = [*open_, *scene.task.notes]
    if open_:
        marker = comments.note_marker(scene.task.id, "left-open")
        body = comments.left_open(scene.task, voice_of(scene.desk), notes)
        scene.github.upsert_comment(scene.repository, _number(scene), marker, body)


def _ask_again(scene: Scene, sha: str | None, answers: Sequence[Answer]) -> None:
    """For another look, where there is something new to look at."""
    if sha is None:
        return
    reviews = scene.github.reviews(scene.repository, _number(scene))
    people = to_ask_again(answers, reviews, scene.item.author)
    if people:
        scene.github.request_reviewers(scene.repository, _number(scene), people, ())


def _failed(scene: Scene, reason: str) -> Step:
    return done(changed(scene.task, reason=reason), Outcome.FAIL, reason=reason)
