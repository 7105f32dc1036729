"""Where work begins: at the default branch, at what a person has begun, on a pull request's own branch."""

from __future__ import annotations

import pytest

from minion.domain.ids import CommitSha
from minion.domain.task import TaskStatus

from .github_fake import REPO
from .world import World


def begun(world: World, branch: str = "parser/half-done") -> CommitSha:
    head = world.github.commit_files(world.github.branches["main"], "half of it", {"a.py": b"x = half\n"})
    world.github.branches[branch] = head
    return head


@pytest.mark.parametrize("body", ["### Branch\n\n`parser/half-done`", "---\nbranch: parser/half-done\n---\nGo on."])
def test_an_issue_names_the_branch_that_the_work_begins_at(world: World, body: str) -> None:
    head = begun(world)
    world.github.issue(5, body=f"Go on with it.\n\n{body}" if body.startswith("#") else body)
    world.label(5)
    task = world.task(5)
    assert (task.base_branch, task.base_sha) == ("main", world.github.branches["main"])
    assert (task.head_sha, task.branch) == (head, "")
    task = world.round(5)
    assert task.branch.startswith("minion/5-")
    assert world.github.commits[task.head_sha].parent == head, "the work that was there comes along"
    assert world.github.branches["parser/half-done"] == head, "and stays where it is"
    [pull] = world.github.pulls.values()
    assert pull.base_ref == "main"
    assert "parser/half-done" in world.github.items[pull.number].body


def test_an_outsider_names_no_branch(world: World) -> None:
    begun(world)
    world.github.issue(5, author="eve", body="### Branch\n\nparser/half-done")
    assert "only people with write permission may name a branch" in world.label(5)


@pytest.mark.parametrize("name", ["gone", "../main", "-x", "a..b", "x.lock", "refs/heads/main?x", "a b"])
def test_a_branch_that_is_not_there(world: World, name: str) -> None:
    world.github.branches[name] = world.github.branches["main"]
    if name == "gone":
        del world.github.branches[name]
    world.github.issue(5, body=f"### Branch\n\n{name}")
    assert f"there is no branch `{name}` here" in world.label(5)


def test_implement_on_a_pull_request_goes_on_with_its_branch(world: World) -> None:
    pull = world.github.person_pull(8)
    assert world.say(8, "/minion implement the rest").startswith("task ")
    task = world.round(8)
    assert (task.pull_number, task.branch) == (8, "feature")
    head = world.github.pulls[8].head_sha
    assert world.github.commits[head].parent == pull.head_sha
    world.github.writes.clear()
    task = world.green(8)
    assert task.status is TaskStatus.SUCCEEDED
    assert not {"ready", "update", "reviewers"} & set(world.github.writes), "it stays its author's"


def test_a_person_s_draft_that_ci_skips_stays_a_draft(world: World) -> None:
    world.github.person_pull(8)
    world.github.pulls[8] = world.github.pulls[8].__class__(**{**vars(world.github.pulls[8]), "draft": True})
    world.say(8, "/minion implement the rest")
    world.round(8)
    world.github.writes.clear()
    for _ in range(5):
        if world.task(8).status.ended:
            break
        world.until_due(8)
    assert world.github.pulls[8].draft
    assert "ready" not in world.github.writes


@pytest.mark.parametrize(
    ("when", "asks", "chooses"), [("Ask", True, False), ("Decline", False, False), ("Choose", False, True)]
)
def test_what_the_author_wants_where_it_is_unclear_is_an_input(
    world: World, when: str, asks: bool, chooses: bool
) -> None:
    world.github.issue(5, body=f"### When anything is unclear\n\n{when}")
    world.label(5)
    inputs = world.task(5).state["frames"][0]["inputs"]
    assert inputs == {"issue": 5, "may_ask": asks, "may_choose": chooses}


def test_whose_question_nobody_wants_is_not_asked(world: World) -> None:
    world.github.issue(5, body="### When anything is unclear\n\nDecline")
    world.label(5)
    task = world.round(5, files={}, triage=("ok", {"fit": "ask", "question": "Which?"}))
    assert task.status is TaskStatus.DECLINED
    assert not any("Which?" in body for body in world.github.bodies(5))
    assert REPO.id == task.repository_id
