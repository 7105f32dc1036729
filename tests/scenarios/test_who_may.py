"""People without write permission are told why nothing happens; nothing happens."""

from __future__ import annotations

from tests.scenarios.project import add_notes, add_test, implement, judge, mend_code, triage
from tests.scenarios.universe import Repository, Snapshot, Universe


def _nothing_happened(repository: Repository, number: int) -> None:
    assert repository.tasks() == []
    assert not repository.labels(number) & {"minion-working", "minion-done", "minion-needs-human"}
    assert repository.pulls() == []
    assert [push for push in repository.universe.hub.pushes(repository.name) if push["via"] != "seed"] == []


def test_a_command_by_a_reader(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play()
    number = repository.issue()
    universe.mallory.comment(repository.name, number, "/minion implement")
    said = repository.await_comment(number, "@mallory")
    assert "write permission" in said
    _nothing_happened(repository, number)
    snapshot(repository)


def test_a_label_by_somebody_who_may_only_triage(universe: Universe, snapshot: Snapshot) -> None:
    """Labels are theirs to set; work is not theirs to start. A maintainer's command then starts it all the same."""
    repository = universe.repository()
    universe.hub.set_collaborator(repository.name, "mallory", "triage")
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number, by=universe.mallory)
    repository.await_comment(number, "@mallory")
    _nothing_happened(repository, number)
    universe.bob.comment(repository.name, number, "/minion implement")
    assert repository.ended(number) == "minion-done"
    snapshot(repository)
