"""Reads: what GitHub says, in our words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from minion.domain.errors import AccessLost
from minion.domain.ids import CommitSha
from minion.domain.spec import Permission
from minion.ports.github import RequiredCheck

from .conftest import REPO, World


def test_the_app_knows_itself(world: World) -> None:
    assert world.gate.app_id() == world.app["id"]
    assert world.gate.bot_login() == "minion[bot]"
    assert world.gate.find_installation("acme", "widgets") == world.repo.installation_id
    assert world.gate.find_installation("acme", "nothing") is None


def test_repository(world: World) -> None:
    facts = world.github.repository("acme", "widgets")
    assert facts is not None
    assert (facts.default_branch, facts.private, facts.archived) == ("main", False, False)
    assert world.github.repository("acme", "nothing") is None


@pytest.mark.parametrize(
    ("login", "expected"),
    [("ann", Permission.ADMIN), ("rob", Permission.MAINTAIN), ("eve", Permission.READ), ("nobody", Permission.NONE)],
)
def test_permission(world: World, login: str, expected: Permission) -> None:
    assert world.github.permission(world.repo, login) is expected


def test_items_comments_and_labels(world: World) -> None:
    number = world.ann.open_issue(REPO, "It breaks", "on *empty* files", ["bug"])["number"]
    world.ann.comment(REPO, number, "/minion fix")
    world.ann.label(REPO, number, "minion")
    item = world.github.item(world.repo, number)
    assert item is not None
    assert (item.title, item.author, item.state, item.is_pull) == ("It breaks", "ann", "open", False)
    assert set(item.labels) == {"bug", "minion"}
    (comment,) = world.github.comments(world.repo, number)
    assert (comment.author, comment.body, comment.app_id) == ("ann", "/minion fix", None)
    events = world.github.label_events(world.repo, number)
    assert [(label, actor) for label, actor, _ in events] == [("bug", "ann"), ("minion", "ann")]
    assert world.github.item(world.repo, 999) is None
    assert world.github.comments(world.repo, 999) == ()


def test_long_conversations_are_read_to_the_end(world: World) -> None:
    number = world.ann.open_issue(REPO, "Long")["number"]
    for index in range(103):
        world.ann.comment(REPO, number, f"comment {index}")
    assert [c.body for c in world.github.comments(world.repo, number)][-1] == "comment 102"


def test_files_and_commits(world: World) -> None:
    main = world.main
    assert world.github.file(world.repo, "README.md", "main") == b"# Widgets\n"
    assert world.github.file(world.repo, "nothing", "main") is None
    assert world.github.file(world.repo, "src", "main") is None, "a folder is no file"
    for path in ("", "../../../app", "src/../README.md", "/README.md", "a\0b", "\ud800", "a\nb"):
        assert world.github.file(world.repo, path, "main") is None
    assert world.github.list_files(world.repo, "src", main) == ("src/app.py",)
    assert world.github.list_files(world.repo, "nothing", main) == ()
    assert world.github.commit_message(world.repo, main) == "Initial commit"
    dated = world.github.commit_date(world.repo, main)
    assert dated is not None
    assert world.clock.now() - dated < timedelta(minutes=5)
    assert world.github.paths(world.repo, main) == {"README.md", "src/app.py", "docs/old.md"}
    absent = CommitSha("0123456789" * 4)
    assert world.github.paths(world.repo, absent) is None
    assert world.github.commit_message(world.repo, absent) is None
    assert world.github.commit_date(world.repo, absent) is None
    assert world.github.branch_head(world.repo, "nothing/here") is None
    assert world.github.merge_base(world.repo, "main", main) == main
    assert world.github.merge_base(world.repo, "main", "nothing") is None
    line = world.github.first_parents(world.repo, main, 10)
    assert line[0] == main
    assert world.github.first_parents(world.repo, main, 1) == (main,)
    assert world.github.first_parents(world.repo, CommitSha("0" * 40), 10) == ()


def test_required_checks(world: World) -> None:
    assert world.github.required_checks(world.repo, "main") == ()
    world.hub.protect(REPO, "main", [{"context": "test", "integration_id": 15368}, {"context": "cla"}])
    assert set(world.github.required_checks(world.repo, "main")) == {
        RequiredCheck("test", 15368),
        RequiredCheck("cla", None),
    }
    world.hub.protect(REPO, "main", [{"context": "old"}], classic=True)
    assert set(world.github.required_checks(world.repo, "main")) == {RequiredCheck("old", None)}


def test_another_repository_is_not_there(world: World) -> None:
    world.hub.create_repository("eve/secret", private=True)
    assert world.github.repository("eve", "secret") is None


def test_an_installation_that_is_gone_is_access_lost(world: World) -> None:
    world.hub.uninstall(world.repo.installation_id, "ann")
    with pytest.raises(AccessLost):
        world.gate.installation(world.repo.installation_id).item(world.repo, 1)
