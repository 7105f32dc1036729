"""May this actor do this here? Each refusal is a reason for the person who asked."""

from __future__ import annotations

from dataclasses import dataclass

from minion.domain.spec import Permission
from minion.ports.github import Item, PullRequest, RepositoryFacts


@dataclass(frozen=True)
class Actor:
    """Who asked, with the permission that GitHub says they have at this moment."""

    login: str
    id: int
    is_bot: bool
    permission: Permission


@dataclass(frozen=True)
class Place:
    """Where it was asked."""

    repository: RepositoryFacts
    item: Item
    pull: PullRequest | None = None
    """Set when the item is a PR."""


@dataclass(frozen=True)
class Rules:
    """`allowed_bots`: numeric account ids; a `[bot]` suffix proves nothing. `bot_login`: our own."""

    bot_login: str
    allowed_bots: frozenset[int] = frozenset()
    forks: bool = False


@dataclass(frozen=True)
class Allowed:
    pass


@dataclass(frozen=True)
class Denied:
    """`reason` is shown to the person when `tell`; ourselves and bots are not answered, or two bots talk for ever."""

    reason: str
    tell: bool = True


def may_start(actor: Actor, place: Place, rules: Rules) -> Allowed | Denied:
    """Whether the actor may start a task on the item."""
    denied = _who(actor, rules) or _where(place)
    if denied is None and place.pull is not None:
        denied = _which_pull(place.pull, place.repository, rules)
    return denied or Allowed()


def may_control(actor: Actor, rules: Rules) -> Allowed | Denied:
    """Whether the actor may stop, retry or approve a task."""
    return _who(actor, rules) or Allowed()


def may_ask(actor: Actor, rules: Rules) -> Allowed | Denied:
    """Help and status answer everybody who can read, but no bot."""
    if actor.login == rules.bot_login:
        return Denied("our own comment", tell=False)
    if actor.is_bot and actor.id not in rules.allowed_bots:
        return Denied(f"the bot {actor.login} (id {actor.id}) is not on the list of allowed bots", tell=False)
    return Allowed()


def _who(actor: Actor, rules: Rules) -> Denied | None:
    asked = may_ask(actor, rules)
    if isinstance(asked, Denied):
        return asked
    if actor.is_bot or actor.permission.can_write:
        return None  # a listed bot is trusted by its id: GitHub answers `none` for Apps
    role = "no role" if actor.permission is Permission.NONE else f"the role `{actor.permission.value}`"
    return Denied(f"that needs write permission here, and you have {role}; somebody who has it can ask for it")


def _where(place: Place) -> Denied | None:
    if place.repository.archived:
        return Denied("the repository is archived")
    if place.item.state != "open":
        return Denied(f"#{place.item.number} is closed; reopen it first")
    return None


def _which_pull(pull: PullRequest, repository: RepositoryFacts, rules: Rules) -> Denied | None:
    if pull.merged:
        return Denied(f"#{pull.number} is merged")
    if pull.head_repository_id is None:
        return Denied("the repository that the pull request comes from is gone")
    if pull.head_repository_id != repository.ref.id and not rules.forks:
        return Denied("the pull request comes from a fork, where we cannot push; push the branch to this repository")
    if pull.head_repository_id == repository.ref.id and pull.head_ref == repository.default_branch:
        branch = f"`{pull.head_ref}`"
        return Denied(
            f"the pull request comes from the default branch {branch}, to which only people push; open an issue"
        )
    return None
