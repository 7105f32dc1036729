"""Asked again: what is under way is joined; what has ended needs a new command; pushes stay counted."""

from __future__ import annotations

import json

import pytest
from tests.scenarios.project import (
    MENDED,
    Json,
    add_notes,
    add_test,
    call,
    implement,
    judge,
    mend_code,
    repair,
    triage,
)
from tests.scenarios.universe import Repository, Snapshot, Universe, wait


def _wrong(name: str) -> Json:
    """Something that the failing check does not ask for."""
    return call("write", path=f"{name}.md", content="- add() adds.\n")


def _handed_off(universe: Universe, repository: Repository) -> int:
    """An issue whose task ended with a red pull request after its two pushes."""
    universe.play(triage(), implement(mend_code(), add_test()), judge(), repair(_wrong("one")))
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-needs-human"
    return number


@pytest.mark.thorough
def test_a_label_joins_what_is_under_way(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    before = repository.rounds_dispatched()
    universe.play(triage(delay_ms=3_000), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number)
    repository.await_comment(number, "Minion is working, round 1")
    universe.bob.label(repository.name, number, "minion:implement")
    universe.bob.comment(repository.name, number, "/minion implement")
    repository.await_comment(number, "already working")
    assert repository.ended(number) == "minion-done"
    assert len(repository.tasks()) == 1
    assert repository.rounds_dispatched() - before == 1
    assert len(repository.pulls()) == 1
    snapshot(repository)


@pytest.mark.thorough
def test_only_a_command_opens_another_task(universe: Universe, snapshot: Snapshot) -> None:
    """The label again does not; `/minion fix` with a hint on the pull request does, with pushes of its own."""
    repository = universe.repository()
    number = _handed_off(universe, repository)
    universe.ann.unlabel(repository.name, number, "minion")
    repository.ask(number)
    repository.await_comment(number, "has been here already")
    assert repository.tasks() == ["handed_off"]
    [pull] = repository.pulls()
    universe.play(repair(add_notes()))
    universe.bob.comment(repository.name, pull["number"], "/minion fix NOTES.md needs an entry for add()")
    assert repository.ended(pull["number"]) == "minion-done"
    assert repository.tasks() == ["handed_off", "succeeded"]
    assert len(repository.pushes(pull["head"]["ref"])) == 3
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert "Not finished" not in pull["body"]
    assert "minion-done" in repository.labels(number)
    snapshot(repository)


def test_retry_gets_no_new_pushes(universe: Universe, snapshot: Snapshot) -> None:
    """Stopped between its pushes, and asked to go on: one push is left, and not one more."""
    repository = universe.repository()
    slow = repair(_wrong("one"))
    slow["turns"][0]["delay_ms"] = 5_000
    universe.play(triage(), implement(mend_code(), add_test()), judge(), slow)
    number = repository.issue()
    repository.ask(number)
    repository.await_comment(number, "round 2")
    universe.bob.comment(repository.name, number, "/minion stop")
    wait(lambda: "minion-working" not in repository.labels(number), "the task to end")
    repository.await_comment(number, "Minion was stopped")
    universe.play(repair(_wrong("two")))
    universe.bob.comment(repository.name, number, "/minion retry")
    assert repository.ended(number) == "minion-needs-human"
    assert repository.tasks() == ["handed_off"]
    [pull] = repository.pulls()
    assert len(repository.pushes(pull["head"]["ref"])) == 2
    universe.bob.comment(repository.name, number, "/minion retry")
    repository.await_comment(number, "is through")
    assert repository.tasks() == ["handed_off"]
    snapshot(repository)


@pytest.mark.thorough
def test_six_pushes_are_all_that_a_pull_request_gets(universe: Universe, snapshot: Snapshot) -> None:
    """Whatever the tasks: the one that could not push any more is not begun."""
    quick = {"commands": {"setup": "true", "lint": "true", "test": "true"}, "settle_seconds": 0}
    repository = universe.repository({".github/minion.yml": json.dumps(quick)})
    universe.bob.commit(repository.name, "mend-add", {"calc.py": MENDED}, "Mend add()")
    number = int(universe.bob.open_pr(repository.name, "mend-add", "main", "Mend add()")["number"])
    for count in range(1, 7):
        universe.play(repair(_wrong(str(count))))
        universe.bob.comment(repository.name, number, "/minion fix")
        wait(lambda count=count: _closed(repository) == count, f"the end of task {count}")  # type: ignore[misc]
    assert [push["actor"] for push in repository.pushes("mend-add")] == ["bob", *["minion[bot]"] * 6]
    universe.bob.comment(repository.name, number, "/minion fix")
    repository.await_comment(number, "has had 6 pushes")
    assert len(repository.tasks()) == 6
    snapshot(repository)


def _closed(repository: Repository) -> int:
    """How many of its tasks have said their last words."""
    query = "select count(*) from tasks where repository_id = ? and active = 0 and due_at is null"
    [(count,)] = repository.universe.rows(query, repository.universe.ann.repo(repository.name)["id"])
    return int(count)
