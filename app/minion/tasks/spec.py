"""From an issue and its conversation to a task's spec: the text that existed when it was asked, and who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from minion.domain.events import ItemText
from minion.domain.spec import Permission, TaskSpec, ThreadEntry
from minion.ports.github import Comment, Item, ReviewThread
from minion.tasks.sanitize import clean
from minion.tasks.spec_sections import Sections, read_sections

_TITLE_LIMIT: Final = 300
_BODY_LIMIT: Final = 40_000
_ENTRY_LIMIT: Final = 10_000
_THREAD_LIMIT: Final = 120_000
_MOST_ENTRIES: Final = 100


@dataclass(frozen=True)
class Trigger:
    """Who asked for what, and when. `item` is the title and body that the delivery carried, when it carried them:
    an edit between the request and our reading then changes nothing."""

    at: datetime
    requested_by: str
    instruction: str = ""
    comment_id: int | None = None
    item: ItemText | None = None


@dataclass(frozen=True)
class Reading:
    """How texts are read here. `outsiders`: comments of people without write permission are shown (and make the spec
    untrusted). `app_id`: our own App's, whose comments are no part of the request; `bot_login` names it in reviews."""

    app_id: int
    outsiders: bool = False
    bot_login: str = ""


@dataclass(frozen=True)
class BuiltSpec:
    """What was left out or taken out, for people: of the title and body, and of the conversation."""

    spec: TaskSpec
    item_notes: tuple[str, ...] = ()
    thread_notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.item_notes, *self.thread_notes)


def people_in(
    item: Item, comments: Sequence[Comment], trigger: Trigger, reviews: Sequence[ReviewThread] = ()
) -> tuple[str, ...]:
    """The logins whose permission `build_spec` needs, each once."""
    said = [*comments, *(comment for thread in reviews for comment in thread.comments)]
    authors = [item.author, *(comment.author for comment in said if existed(comment, trigger))]
    return tuple(dict.fromkeys(authors))


def build_spec(
    item: Item,
    comments: Sequence[Comment],
    trigger: Trigger,
    permissions: Mapping[str, Permission],
    reading: Reading,
    reviews: Sequence[ReviewThread] = (),
) -> BuiltSpec:
    """Snapshots the request. People who are not in `permissions` have none; resolved review threads are settled."""
    text = trigger.item or ItemText(item.title, item.body)
    title, body = clean(text.title), clean(text.body)
    sections = read_sections(body.text[:_BODY_LIMIT])
    said = [*comments, *_open_reviews(reviews)]
    kept, notes = _thread(said, trigger, permissions, reading)
    hidden = title.hidden + body.hidden + sum(entry.hidden for entry in kept)
    spec = TaskSpec(
        title=" ".join(title.text.split())[:_TITLE_LIMIT],
        objective=_objective(sections),
        author=item.author,
        author_can_write=can_write(item.author, permissions),
        requested_by=trigger.requested_by,
        instruction=clean(trigger.instruction).text,
        scope=sections.scope,
        verification=sections.verification,
        constraints=sections.constraints,
        when_unclear=sections.when_unclear,
        branch=sections.branch,
        thread=tuple(entry.entry for entry in kept),
    )
    return BuiltSpec(spec, tuple(_item_notes(item, text, hidden)), tuple(notes))


def going_on(built: BuiltSpec, earlier: TaskSpec) -> BuiltSpec:
    """A pull request that we opened asks for what its task was asked for, by the same people and within the same
    bounds: the words of its body are only ours. What was said on it since counts as ever."""
    thread = {entry.url: entry for entry in (*earlier.thread, *built.spec.thread)}
    asked = {
        "title": earlier.title,
        "objective": "\n\n".join(part for part in (earlier.objective, earlier.instruction) if part),
        "author": earlier.author,
        "author_can_write": earlier.author_can_write,
        "scope": earlier.scope,
        "verification": earlier.verification,
        "constraints": earlier.constraints,
        "when_unclear": earlier.when_unclear,
        "thread": tuple(thread.values()),
    }
    return replace(built, spec=built.spec.model_copy(update=asked), item_notes=())


def _objective(sections: Sections) -> str:
    return "\n\n".join(part for part in (sections.objective, sections.rest) if part)


def _item_notes(item: Item, text: ItemText, hidden: int) -> Iterator[str]:
    if (item.title, _unix(item.body)) != (text.title, _unix(text.body)):
        yield f"#{item.number} was edited after the task was asked for; the text from then was used."
    if hidden:
        yield f"{hidden} hidden characters or comments were taken out of the text."


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


# --- the conversation


@dataclass(frozen=True)
class _InReview(Comment):
    """A comment on a line of the diff; the body says which."""


def _open_reviews(reviews: Sequence[ReviewThread]) -> Iterator[_InReview]:
    for thread in reviews:
        place = thread.path if thread.line is None else f"{thread.path}:{thread.line}"
        for comment in () if thread.resolved else thread.comments:
            yield _InReview(**{**vars(comment), "body": f"On `{place}`:\n{comment.body}"})


@dataclass(frozen=True)
class _Entry:
    entry: ThreadEntry
    hidden: int


def _thread(
    comments: Sequence[Comment], trigger: Trigger, permissions: Mapping[str, Permission], reading: Reading
) -> tuple[list[_Entry], list[str]]:
    entries: list[_Entry] = []
    outsiders: list[str] = []
    notes: list[str] = []
    for comment in comments:
        if comment.app_id == reading.app_id or comment.id == trigger.comment_id or not existed(comment, trigger):
            continue
        trusted = can_write(comment.author, permissions)
        if not trusted and (comment.author_is_bot or not reading.outsiders):
            outsiders.append(comment.author)
        elif not trusted and edited_later(comment, trigger):
            notes.append(f"A comment by {comment.author} was edited after the task was asked for, and left out.")
        else:
            entries.append(_entry(comment, trusted))
    if outsiders:
        notes.append(_left_out(outsiders))
    return _newest(entries, notes), notes


def _left_out(authors: Sequence[str]) -> str:
    people = ", ".join(dict.fromkeys(authors))
    count = "1 comment" if len(authors) == 1 else f"{len(authors)} comments"
    return f"{count} by people without write permission left out ({people})."


def _entry(comment: Comment, trusted: bool) -> _Entry:
    text = clean(comment.body)
    entry = ThreadEntry(
        author=comment.author,
        author_can_write=trusted,
        kind="review" if isinstance(comment, _InReview) else "comment",
        url=comment.url,
        created_at=comment.created_at,
        text=text.text[:_ENTRY_LIMIT],
    )
    return _Entry(entry, text.hidden)


def _newest(entries: list[_Entry], notes: list[str]) -> list[_Entry]:
    """The end of a long conversation is what it came to."""
    kept: list[_Entry] = []
    size = 0
    for entry in reversed(entries):
        size += len(entry.entry.text)
        if size > _THREAD_LIMIT or len(kept) == _MOST_ENTRIES:
            notes.append(f"The {len(entries) - len(kept)} oldest comments were left out: the conversation is long.")
            break
        kept.append(entry)
    return kept[::-1]


def existed(comment: Comment, trigger: Trigger) -> bool:
    """Whether it was there when the task was asked for."""
    return moment(comment.created_at) <= trigger.at


def edited_later(comment: Comment, trigger: Trigger) -> bool:
    return moment(comment.updated_at or comment.created_at) > trigger.at


def moment(value: str) -> datetime:
    """GitHub's times are whole seconds in UTC; one that we cannot read counts as the future."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def can_write(login: str, permissions: Mapping[str, Permission]) -> bool:
    return permissions.get(login, Permission.NONE).can_write
