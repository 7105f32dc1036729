"""Who may do what where. Attacks 3, 4, 6 and 10."""

from __future__ import annotations

from dataclasses import replace

import pytest

from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.spec import Permission
from minion.ports.github import Item, PullRequest, RepositoryFacts
from minion.tasks.policy import Actor, Allowed, Denied, Place, Rules, may_ask, may_control, may_start

FACTS = RepositoryFacts(RepositoryRef(7, "acme", "widgets", 55), 1, "main", private=False, archived=False)
ITEM = Item(4, "T", "B", "eve", 9, False, "open", (), False, "", "", "")
PULL = PullRequest(
    4, "n", "T", "B", "eve", "open", False, False, "topic", CommitSha("a"), 7, "main", CommitSha("b"), True, ""
)
RULES = Rules(bot_login="minion[bot]", allowed_bots=frozenset({42}))
ANN = Actor("ann", 3, False, Permission.WRITE)
PLACE = Place(FACTS, ITEM)


@pytest.mark.parametrize("role", [Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN])
def test_writers_may(role: Permission) -> None:
    assert may_start(replace(ANN, permission=role), PLACE, RULES) == Allowed()
    assert may_control(replace(ANN, permission=role), RULES) == Allowed()


@pytest.mark.parametrize("role", [Permission.NONE, Permission.READ, Permission.TRIAGE])
def test_others_may_not_and_are_told(role: Permission) -> None:
    denied = may_start(replace(ANN, permission=role), PLACE, RULES)
    assert isinstance(denied, Denied)
    assert denied.tell
    assert "write permission" in denied.reason
    assert isinstance(may_control(replace(ANN, permission=role), RULES), Denied)
    assert may_ask(replace(ANN, permission=role), RULES) == Allowed()


def test_bots_only_by_their_id() -> None:
    evil = Actor("evil[bot]", 13, True, Permission.ADMIN)
    denied = may_start(evil, PLACE, RULES)
    assert denied == Denied("the bot evil[bot] (id 13) is not on the list of allowed bots", tell=False)
    assert may_start(replace(evil, id=42, permission=Permission.NONE), PLACE, RULES) == Allowed()


def test_a_person_called_bot_is_a_person_without_permission() -> None:
    assert isinstance(may_start(Actor("minion-bot", 42, False, Permission.READ), PLACE, RULES), Denied)


def test_the_bot_does_not_hear_itself() -> None:
    itself = Actor("minion[bot]", 42, True, Permission.ADMIN)
    assert may_start(itself, PLACE, RULES) == Denied("our own comment", tell=False)


def denial(place: Place, rules: Rules = RULES) -> str:
    denied = may_start(ANN, place, rules)
    assert isinstance(denied, Denied)
    return denied.reason


def test_places() -> None:
    assert "closed" in denial(replace(PLACE, item=replace(ITEM, state="closed")))
    assert "archived" in denial(replace(PLACE, repository=replace(FACTS, archived=True)))
    assert "merged" in denial(replace(PLACE, pull=replace(PULL, merged=True)))
    assert "fork" in denial(replace(PLACE, pull=replace(PULL, head_repository_id=8)))
    assert "gone" in denial(replace(PLACE, pull=replace(PULL, head_repository_id=None)))
    assert may_start(ANN, replace(PLACE, pull=PULL), RULES) == Allowed()
    back = replace(PULL, head_ref="main", base_ref="release")
    assert "only people push" in denial(replace(PLACE, pull=back))
    forked = replace(PLACE, pull=replace(PULL, head_repository_id=8))
    assert may_start(ANN, forked, replace(RULES, forks=True)) == Allowed()
