"""Answers to reviewers: in their threads, and to the words of a review as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from minion.comments.voice import Voice, bullets, paragraphs
from minion.domain.task import Task
from minion.tasks.outgoing import code, cut, quote
from minion.tasks.review_answers import Answer

_ANSWERED: Final = re.compile(r"<!-- minion:review answered=(\d{1,19}) -->")


@dataclass(frozen=True)
class Fate:
    """What becomes of a thread. `sha`: the pushed commit that the answer is about; None where nothing was pushed.
    `news`: somebody wrote there meanwhile."""

    sha: str | None = None
    news: bool = False


def review_marker(review_id: int) -> str:
    """Of the answer to a review's words: whatever the task, each review has one."""
    return f"<!-- minion:review answered={review_id} -->"


def answered_reviews(bodies: Iterable[str]) -> frozenset[int]:
    """The ids of the reviews that these comments, all ours, answer."""
    return frozenset(int(found[1]) for body in bodies for found in _ANSWERED.finditer(body))


def thread_reply(answer: Answer, fate: Fate, voice: Voice) -> str:
    """In the thread itself. Its last line says what happens to the thread."""
    return paragraphs((voice.text(answer.text, 4_000), _ending(answer, fate)))


def review_reply(answer: Answer, fate: Fate, voice: Voice) -> str:
    """To the words of a review, among the comments, since they have no thread."""
    [remark] = answer.point.remarks
    opening = cut(remark.text, 400)
    return paragraphs(
        (
            review_marker(answer.point.review_id),
            f"On [the review]({remark.url}) by @{remark.author}:",
            quote(opening, hosts=voice.hosts),
            voice.text(answer.text, 4_000),
            f"Pushed in {fate.sha[:10]}." if answer.done and fate.sha else "",
        )
    )


def left_open(task: Task, voice: Voice, notes: Sequence[str]) -> str:
    """What of the reviews was not dealt with, and why."""
    told = bullets(voice.text(" ".join(note.split()), 500) for note in notes)
    return paragraphs(("**Not everything in the reviews was dealt with:**", told, f"Task {code(task.id)}."))


def nothing_open(notes: Sequence[str]) -> str:
    """For the blueprint's own words: no round was started."""
    return "\n".join(_nothing(notes))


def _nothing(notes: Sequence[str]) -> Iterator[str]:
    yield "There is nothing to address: no review thread or review waits for an answer."
    if notes:
        yield ""
        yield bullets(notes)


def _ending(answer: Answer, fate: Fate) -> str:
    if not answer.done:
        return "I changed nothing for this, and leave the thread to you." if fate.sha else "I leave the thread to you."
    if fate.sha is None:
        return "Nothing was pushed for this, so the thread stays open."
    if fate.news:
        return f"Done in {fate.sha[:10]}. Somebody wrote here meanwhile, which I have not read: the thread stays open."
    return f"Done in {fate.sha[:10]}."
