"""What a request says: the texts that it is made of are read as they stood when somebody asked, and told by author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from minion import comments as words
from minion.blueprint.model import ActionNode, Blueprint
from minion.domain.commands import Start
from minion.domain.events import ItemText
from minion.domain.ids import RepositoryRef
from minion.domain.spec import Permission
from minion.orchestrator.desk import Desk
from minion.ports.github import Comment, GitHub, Item, Review, ReviewThread
from minion.tasks.review_points import Said, gather
from minion.tasks.spec import BuiltSpec, Reading, Trigger, build_spec, going_on, people_in

_MOST_PEOPLE: Final = 40
_COLLECT: Final = "review.collect"


@dataclass(frozen=True)
class Request:
    """Who asked for what, where: by a comment, by a review that requests changes, or else by `label`."""

    repository: RepositoryRef
    number: int
    start: Start
    actor: str
    comment_id: int | None = None
    in_review: bool = False
    item: ItemText | None = None
    label: str = ""
    review_id: int | None = None


def takes_up_reviews(blueprints: Iterable[Blueprint]) -> bool:
    """Whether one of them collects what reviewers wrote; for others it is a part of the conversation."""
    nodes = (node for blueprint in blueprints for node in blueprint.nodes.values())
    return any(isinstance(node, ActionNode) and node.uses == _COLLECT for node in nodes)


def opened_by_us(desk: Desk, item: Item) -> bool:
    return item.is_pull and item.author_is_bot and item.author == desk.gate.bot_login()


def spec_of(desk: Desk, github: GitHub, request: Request, item: Item, *, takes_up_reviews: bool) -> BuiltSpec:
    """The snapshot. Of our own pull request, together with what its task was asked for."""
    said = _said(github, request, item, with_reviews=takes_up_reviews or request.in_review)
    trigger = Trigger(
        at=said.asked_at(github, request) or desk.clock.now(),
        requested_by=request.actor,
        instruction=request.start.text,
        comment_id=request.comment_id,
        item=request.item,
    )
    permissions = _permissions(github, request.repository, said.people(item, trigger))
    reading = Reading(app_id=desk.gate.app_id(), outsiders=request.review_id is None, bot_login=desk.gate.bot_login())
    talk = Reading(app_id=reading.app_id)
    if takes_up_reviews:
        answered = words.answered_reviews(one.body for one in said.comments if one.app_id == reading.app_id)
        built = build_spec(item, said.comments, trigger, permissions, talk)
        built = gather(Said(said.threads, said.reviews, answered), trigger, permissions, reading).joined_to(built)
    else:
        built = build_spec(item, said.comments, trigger, permissions, talk, said.threads)
    ours = desk.tasks.last_for(request.repository.id, item.number) if opened_by_us(desk, item) else None
    return built if ours is None else going_on(built, ours.spec)


@dataclass(frozen=True)
class _Conversation:
    comments: Sequence[Comment]
    threads: Sequence[ReviewThread]
    reviews: Sequence[Review]

    def people(self, item: Item, trigger: Trigger) -> tuple[str, ...]:
        talked = people_in(item, self.comments, trigger, self.threads)
        reviewed = Said(self.threads, self.reviews).authors
        return tuple(dict.fromkeys((*talked[:1], *reviewed, *talked)))[:_MOST_PEOPLE]

    def asked_at(self, github: GitHub, request: Request) -> datetime | None:
        """When the comment or review was written or the label put on, as GitHub says: what was said later is no part
        of it."""
        if request.comment_id is not None or request.review_id is not None:
            times = [comment.created_at for comment in self._all() if comment.id == request.comment_id]
            times += [one.submitted_at for one in self.reviews if one.id in (request.comment_id, request.review_id)]
            return datetime.fromisoformat(times[0]) if times else None
        events = github.label_events(request.repository, request.number)
        return max((at for label, by, at in events if (label, by) == (request.label, request.actor)), default=None)

    def _all(self) -> list[Comment]:
        return [*self.comments, *(comment for thread in self.threads for comment in thread.comments)]


def _said(github: GitHub, request: Request, item: Item, *, with_reviews: bool) -> _Conversation:
    place = (request.repository, request.number)
    threads = github.review_threads(*place) if item.is_pull else ()
    reviews = github.reviews(*place) if item.is_pull and with_reviews else ()
    return _Conversation(github.comments(*place), threads, reviews)


def _permissions(github: GitHub, repository: RepositoryRef, people: Sequence[str]) -> dict[str, Permission]:
    return {login: github.permission(repository, login) for login in people}
