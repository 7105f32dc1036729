"""What an agent says became of each review thread: its answer is read, and what may follow from it is decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from minion.domain.spec import ReviewPoint
from minion.ports.github import Review, ReviewThread

_LONGEST: Final = 4_000


@dataclass(frozen=True)
class Answer:
    """`text` is the agent's: untrusted. `done`: it says that the change does what was asked for."""

    point: ReviewPoint
    text: str
    done: bool


def read_answers(replies: Any, points: Sequence[ReviewPoint]) -> tuple[Answer, ...]:
    """The first usable answer to each point, in the order of the points; whatever else there is counts for nothing."""
    given = dict(_given(replies))
    return tuple(Answer(point, *given[point.number]) for point in points if point.number in given)


def _given(replies: Any) -> Iterator[tuple[int, tuple[str, bool]]]:
    """Backwards, so that the first one of a number stays."""
    for reply in reversed(replies if isinstance(replies, Sequence) and not isinstance(replies, str) else ()):
        number, text = (reply.get("thread"), reply.get("reply")) if isinstance(reply, Mapping) else (None, None)
        if isinstance(number, int) and not isinstance(number, bool) and isinstance(text, str) and text.strip():
            yield number, (text.strip()[:_LONGEST], reply.get("done") is True)


def said_since(point: ReviewPoint, thread: ReviewThread, bot_login: str) -> bool:
    """Whether somebody wrote in the thread after the task was asked for: nobody has read that yet."""
    return any(
        comment.id > point.last_comment and not (comment.author_is_bot and comment.author == bot_login)
        for comment in thread.comments
    )


def to_ask_again(answers: Sequence[Answer], reviews: Sequence[Review], author: str) -> tuple[str, ...]:
    """Whose review is asked for once more: people with write permission whose words were answered, without the pull
    request's author and those who have approved it meanwhile."""
    asked = [answer.point.remarks[0] for answer in answers]
    said = {review.author: review.state for review in reviews if review.state in {"APPROVED", "CHANGES_REQUESTED"}}
    people = dict.fromkeys(remark.author for remark in asked if remark.author_can_write)
    return tuple(one for one in people if one != author and not one.endswith("[bot]") and said.get(one) != "APPROVED")
