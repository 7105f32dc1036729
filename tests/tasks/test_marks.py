"""Branches, commit messages and the ledger's rules. Attacks 34, 35 and 37."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.domain.ids import CommitSha, TaskId
from minion.tasks.approval import names_digest, short_digest
from minion.tasks.branches import branch_name, number_of
from minion.tasks.ledger import PUSHES_PER_TASK, pushes_of, refusal
from minion.tasks.trailers import Person, PushMark, commit_message, read_mark, same_push

MARK = PushMark(TaskId("t0123"), 2)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Handle empty files", "minion/4-handle-empty-files"),
        ("Größe: ändern!", "minion/4-groe-andern"),
        ("../../etc $(rm -rf /) `x`", "minion/4-etc-rm-rf-x"),
        ("日本語", "minion/4-task"),
        ("a" * 100, f"minion/4-{'a' * 40}"),
        ("one two three four five six seven eight nine ten", "minion/4-one-two-three-four-five-six-seven-eight"),
    ],
)
def test_branch_names(title: str, expected: str) -> None:
    assert branch_name(4, title) == expected
    assert number_of(expected) == 4


def test_another_name_where_the_first_is_taken() -> None:
    assert branch_name(4, "Do it", 2) == "minion/4-do-it-2"
    assert number_of("feature/4-x") is None


@given(st.text(max_size=200), st.integers(1, 10**9))
def test_any_title_makes_a_branch_that_git_and_shells_like(title: str, number: int) -> None:
    name = branch_name(number, title)
    assert re.fullmatch(r"minion/[0-9]+-[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) < 80


def test_trailers_are_gits() -> None:
    message = commit_message("Handle empty files", "What was done.", MARK, [Person("ann", 3)])
    out = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines() == [
        "Minion-Task: t0123",
        "Minion-Round: 2",
        "Co-authored-by: ann <3+ann@users.noreply.github.com>",
    ]
    assert read_mark(message) == MARK


def test_a_message_cannot_bring_its_own_trailers() -> None:
    body = "Fine.\n\nMinion-Task: other\nMinion-Round: 1\nCo-authored-by: boss <boss@corp>\nSigned-off-by: boss"
    message = commit_message("x\nMinion-Task: other", body, MARK)
    assert read_mark(message) == MARK
    out = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines() == ["Minion-Task: t0123", "Minion-Round: 2"]


def test_a_message_closes_and_mentions_nothing() -> None:
    message = commit_message("Fixes #12 for @ann", "closes o/r#3, cc @org/team", MARK)
    assert "Fixes #12" not in message
    assert "closes o/r#3" not in message
    assert "@ann" not in message
    assert "@org" not in message


def test_marks_of_others_are_none() -> None:
    assert read_mark("Initial commit") is None
    assert read_mark("x\n\nMinion-Task: t1\n") is None
    assert read_mark("x\n\nMinion-Task: t1\nMinion-Round: two\n") is None
    assert read_mark("x\n\nMinion-Task: t1\nMinion-Round: 1\n\nsomething below\n") is None
    assert not same_push("x", "x")


def test_two_pushes_and_no_third() -> None:
    assert refusal(1, 0) is None
    assert refusal(PUSHES_PER_TASK, 0) == "this task has used its 2 pushes"
    assert refusal(2, 0, per_task=5) is not None, "configuration can only lower it"
    assert refusal(1, 1, per_task=1) is not None
    assert "a person has to go on" in (refusal(0, 6) or "")


def test_the_ledger_is_read_back_from_a_branch() -> None:
    commits = [
        (CommitSha("a"), "by a person"),
        (CommitSha("b"), commit_message("1", "", PushMark(TaskId("t1"), 1))),
        (CommitSha("c"), commit_message("1 again", "", PushMark(TaskId("t1"), 1))),
        (CommitSha("d"), commit_message("2", "", PushMark(TaskId("t1"), 2))),
        (CommitSha("e"), commit_message("other", "", PushMark(TaskId("t2"), 1))),
    ]
    assert pushes_of(TaskId("t1"), commits) == 2


def test_approvals_name_a_digest() -> None:
    digest = "0123456789abcdef" * 4
    assert names_digest(f"`{short_digest(digest)}` looks good", digest)
    assert names_digest(digest.upper(), digest)
    assert not names_digest("0123456", digest)
    assert not names_digest("", digest)
    assert not names_digest("f" * 16, digest)


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_message_keeps_its_mark(subject: str, body: str) -> None:
    assert read_mark(commit_message(subject, body, MARK, [Person("ann", 3)])) == MARK
