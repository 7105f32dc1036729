"""`/minion fix` on a person's pull request: mended on its own branch, or left with what was found."""

from __future__ import annotations

from tests.scenarios.project import MENDED, add_notes, call, repair
from tests.scenarios.universe import Repository, Snapshot, Universe, wait

BRANCH = "mend-add"


def _red_pull(universe: Universe, repository: Repository) -> int:
    """Bob's, red because its notes have no entry."""
    universe.bob.commit(repository.name, BRANCH, {"calc.py": MENDED}, "Mend add()")
    opened = universe.bob.open_pr(repository.name, BRANCH, "main", "Mend add()", body="It subtracted.")
    wait(lambda: repository.conclusions(opened["head"]["sha"]).get("notes") == "failure", "the red check")
    return int(opened["number"])


def test_mended_on_its_own_branch(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    number = _red_pull(universe, repository)
    universe.play(repair(add_notes()))
    universe.bob.comment(repository.name, number, "/minion fix")
    assert repository.ended(number) == "minion-done"
    first, second = repository.pushes(BRANCH)
    assert [first["actor"], second["actor"]] == ["bob", "minion[bot]"]
    assert repository.conclusions(second["after"]) == {"test": "success", "notes": "success"}
    [pull] = repository.pulls()
    assert pull["body"] == "It subtracted."
    snapshot(repository)


def test_left_with_what_was_found(universe: Universe, snapshot: Snapshot) -> None:
    """The first push changes nothing about the failure, so there is no second one."""
    repository = universe.repository()
    number = _red_pull(universe, repository)
    universe.play(repair(call("write", path="NEWS.md", content="- add() adds.\n")))
    universe.bob.comment(repository.name, number, "/minion fix")
    assert repository.ended(number) == "minion-needs-human"
    assert [push["actor"] for push in repository.pushes(BRANCH)] == ["bob", "minion[bot]"]
    found = repository.await_comment(number, "What still fails")
    assert "calc.py changed but there is no entry" in found
    snapshot(repository)


def test_nothing_to_mend(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play()
    universe.bob.commit(repository.name, BRANCH, {"calc.py": MENDED, "NOTES.md": "# Notes\n\n- add() adds.\n"}, "Mend")
    opened = universe.bob.open_pr(repository.name, BRANCH, "main", "Mend add()")
    number = int(opened["number"])
    wait(lambda: set(repository.conclusions(opened["head"]["sha"]).values()) == {"success"}, "green checks")
    universe.bob.comment(repository.name, number, "/minion fix")
    assert repository.ended(number) == "minion-done"
    assert [push["actor"] for push in repository.pushes(BRANCH)] == ["bob"]
    snapshot(repository)
