"""A label becomes a pull request: green at once, green at push 2, or handed to a person."""

from __future__ import annotations

from tests.scenarios.project import add_notes, add_test, call, implement, judge, mend_code, repair, triage
from tests.scenarios.universe import Snapshot, Universe


def test_green_at_push_1(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert [person["login"] for person in pull["requested_reviewers"]] == ["ann"]
    assert repository.conclusions(pull["head"]["sha"]) == {"test": "success", "notes": "success"}
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    snapshot(repository)


def test_red_then_green_at_push_2(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test()), judge(), repair(add_notes()))
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    pushes = repository.pushes(pull["head"]["ref"])
    assert [push["actor"] for push in pushes] == ["minion[bot]"] * 2
    assert repository.conclusions(pushes[0]["after"]) == {"test": "success", "notes": "failure"}
    assert repository.conclusions(pushes[1]["after"]) == {"test": "success", "notes": "success"}
    assert not pull["draft"]
    snapshot(repository)


def test_red_twice_is_handed_off(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    wrong = call("write", path="NEWS.md", content="- add() adds.\n")
    universe.play(triage(), implement(mend_code(), add_test()), judge(), repair(wrong))
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-needs-human"
    [pull] = repository.pulls()
    assert pull["draft"]
    assert len(repository.pushes(pull["head"]["ref"])) == 2
    snapshot(repository)
