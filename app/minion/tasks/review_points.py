"""What reviewers want to have taken up: open threads and the words of reviews, as they stood at the request.

Left out: what is resolved, what was said later, where the last word is ours, pending reviews (nobody but their authors
sees them), summaries that bots write, and, unless somebody with write permission asks for it in words, what people
without write permission began.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from minion.domain.spec import Permission, ReviewPoint, ThreadEntry
from minion.ports.github import Comment, Review, ReviewThread
from minion.tasks.intake import command_in
from minion.tasks.sanitize import clean
from minion.tasks.spec import BuiltSpec, Reading, Trigger, can_write, edited_later, existed, moment

MOST: Final = 50
"""Points of one task: more make a change that nobody can review."""
_SIZE: Final = 40_000
"""Characters of all their texts together."""
_REMARK: Final = 8_000
_HUNK_LINES: Final = 12
_SUGGESTION: Final = re.compile(
    r"^ {0,3}(`{3,}|~{3,})suggestion\b[^\n]*\n(.*?)^ {0,3}\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL
)
_WORDS: Final = frozenset({"CHANGES_REQUESTED", "COMMENTED"})


@dataclass(frozen=True)
class Said:
    """Everything that a pull request's reviews hold now. `answered`: the ids of reviews whose words have an answer of
    ours among the comments."""

    threads: Sequence[ReviewThread]
    reviews: Sequence[Review] = ()
    answered: frozenset[int] = frozenset()

    @property
    def authors(self) -> tuple[str, ...]:
        """Each once."""
        spoke = [comment.author for thread in self.threads if not thread.resolved for comment in thread.comments]
        return tuple(dict.fromkeys([*spoke, *(review.author for review in self.reviews if review.body)]))


@dataclass(frozen=True)
class Gathered:
    points: tuple[ReviewPoint, ...]
    notes: tuple[str, ...] = ()
    """What was left out, and why, for people."""

    def joined_to(self, built: BuiltSpec) -> BuiltSpec:
        spec = built.spec.model_copy(update={"reviews": self.points})
        return replace(built, spec=spec, thread_notes=(*built.thread_notes, *self.notes))


def gather(said: Said, trigger: Trigger, permissions: Mapping[str, Permission], reading: Reading) -> Gathered:
    """The points, numbered from 1. People who are not in `permissions` have none."""
    gathering = _Gathering(trigger, permissions, reading)
    found = [*gathering.words(said), *(gathering.thread(thread) for thread in said.threads if not thread.resolved)]
    points = [point for point in found if isinstance(point, ReviewPoint)]
    kept = tuple(point.model_copy(update={"number": number}) for number, point in enumerate(_that_fit(points), 1))
    left = Counter(one for one in found if isinstance(one, _Left))
    return Gathered(kept, tuple(_notes(left, len(points) - len(kept))))


def suggestions(text: str) -> tuple[str, ...]:
    """What a comment wants in place of its lines.

    https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/commenting-on-a-pull-request
    """
    return tuple(found[2] for found in _SUGGESTION.finditer(text))


def placed(point: ReviewPoint, thread: ReviewThread) -> ReviewPoint:
    """The point, with its place as the thread has it now."""
    return point.model_copy(
        update={
            "path": thread.path,
            "line": thread.line,
            "start_line": thread.start_line,
            "outdated": thread.outdated,
            "on_base": thread.on_base,
            "hunk": _end_of(thread.hunk) if thread.outdated else "",
        }
    )


class _Why(StrEnum):
    """Why something is no point of the task; those that people have no use for are not told."""

    OURS = "the last word there is mine: an answer there has it taken up again"
    OUTSIDER = "begun by people without write permission"
    UNTOLD = ""


@dataclass(frozen=True)
class _Left:
    why: _Why


_Found: TypeAlias = ReviewPoint | _Left


@dataclass(frozen=True)
class _Gathering:
    trigger: Trigger
    permissions: Mapping[str, Permission]
    reading: Reading

    def thread(self, thread: ReviewThread) -> _Found:
        there = [comment for comment in thread.comments if existed(comment, self.trigger)]
        if not there:
            return _Left(_Why.UNTOLD)
        if self._ours(there[-1]):
            return _Left(_Why.OURS)
        trusted = can_write(there[0].author, self.permissions)
        if not (trusted or self.reading.outsiders):
            return _Left(_Why.OUTSIDER)
        remarks = tuple(self._remarks(there, only_trusted=trusted))
        if not remarks:
            return _Left(_Why.UNTOLD)
        point = ReviewPoint(number=0, thread_id=thread.id, remarks=remarks, last_comment=max(one.id for one in there))
        return placed(point, thread)

    def words(self, said: Said) -> Iterator[_Found]:
        """Of each review that its author has not taken back by approving, and that has no answer of ours yet."""
        approved = {review.author: review.submitted_at for review in said.reviews if review.state == "APPROVED"}
        for review in said.reviews:
            current = review.state in _WORDS and review.submitted_at > approved.get(review.author, "")
            if current and not review.author_is_bot and review.id not in said.answered:
                yield self._words(review)

    def _words(self, review: Review) -> _Found:
        text = clean(review.body).text
        if not text or moment(review.submitted_at) > self.trigger.at or command_in(text, ()) is not None:
            return _Left(_Why.UNTOLD)
        trusted = can_write(review.author, self.permissions)
        if not (trusted or self.reading.outsiders):
            return _Left(_Why.OUTSIDER)
        remark = ThreadEntry(
            author=review.author,
            author_can_write=trusted,
            kind="review",
            url=review.url,
            created_at=review.submitted_at,
            text=text[:_REMARK],
        )
        return ReviewPoint(number=0, review_id=review.id, remarks=(remark,))

    def _remarks(self, comments: Sequence[Comment], *, only_trusted: bool) -> Iterator[ThreadEntry]:
        """A thread of somebody with write permission is not opened to the words of others."""
        for comment in comments:
            trusted = can_write(comment.author, self.permissions)
            unwanted = not trusted and (only_trusted or edited_later(comment, self.trigger))
            is_command = comment.id == self.trigger.comment_id or command_in(comment.body, ()) is not None
            text = clean(comment.body).text[:_REMARK]
            if not unwanted and not is_command and not self._ours(comment) and text:
                yield ThreadEntry(
                    author=comment.author,
                    author_can_write=trusted,
                    kind="review",
                    url=comment.url,
                    created_at=comment.created_at,
                    text=text,
                )

    def _ours(self, comment: Comment) -> bool:
        return comment.author_is_bot and comment.author == self.reading.bot_login


def _end_of(hunk: str) -> str:
    return "\n".join(hunk.split("\n")[-_HUNK_LINES:])


def _that_fit(points: Sequence[ReviewPoint]) -> Iterator[ReviewPoint]:
    size = 0
    for point in points[:MOST]:
        size += len(point.hunk) + sum(len(remark.text) for remark in point.remarks)
        if size > _SIZE:
            return
        yield point


def _notes(left: Counter[_Left], too_many: int) -> Iterator[str]:
    for one, count in left.items():
        if one.why is not _Why.UNTOLD:
            yield f"{_threads(count)} left out: {one.why.value}."
    if too_many:
        yield f"{_threads(too_many)} left for another `/minion address`: there are too many for one change."


def _threads(count: int) -> str:
    return "1 review thread was" if count == 1 else f"{count} review threads were"
