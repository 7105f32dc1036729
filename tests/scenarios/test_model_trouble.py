"""A model that answers badly, late or not at all."""

from __future__ import annotations

import pytest
from tests.scenarios.project import (
    add_notes,
    add_test,
    call,
    conversation,
    finish,
    judge,
    mend_code,
    triage,
    turn,
)
from tests.scenarios.universe import Snapshot, Universe

GOAL = "Carry out the spec"
BROKEN = {"name": "edit", "input": {}, "malformed_input": '{"path": "calc.py", "edits": ['}
READS = turn(*(call("read", path=path) for path in ("calc.py", "test_calc.py", "NOTES.md")))
CHANGES = (mend_code(), add_test(), add_notes())


def test_one_malformed_call_is_answered_and_done_better(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    steps = (READS, turn(BROKEN), turn(*CHANGES), turn(finish("add() adds now.")))
    universe.play(triage(), conversation("implement", GOAL, *steps), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    snapshot(repository)


def test_malformed_calls_only_are_handed_off_with_the_work(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    steps = (
        READS,
        turn(mend_code()),
        turn(BROKEN),
        turn(BROKEN),
        turn(BROKEN),
        turn(text="add() adds; a test is missing."),
    )
    universe.play(triage(), conversation("implement", GOAL, *steps), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-needs-human"
    said = repository.await_comment(number, "yours from here")
    assert "malformed" in said
    [branch] = [push["ref"] for push in universe.hub.pushes(repository.name) if "minion/" in push["ref"]]
    kept = universe.ann.read_file(repository.name, "calc.py", branch.removeprefix("refs/heads/"))
    assert "a + b" in kept
    assert repository.pulls() == []
    snapshot(repository)


@pytest.mark.thorough
def test_an_overloaded_model_is_asked_again(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    busy = [{"status": 529, "type": "overloaded_error", "retry_after": 0.2}]
    steps = (READS | {"errors": busy}, turn(*CHANGES), turn(finish("add() adds now.")))
    universe.play(triage(), conversation("implement", GOAL, *steps), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    snapshot(repository)


@pytest.mark.thorough
def test_a_broken_stream_is_asked_again(universe: Universe, snapshot: Snapshot) -> None:
    """The answer that broke off is dropped as a whole: its calls are carried out once."""
    repository = universe.repository()
    steps = (READS, turn(*CHANGES) | {"cut_after_bytes": 700}, turn(finish("add() adds now.")))
    universe.play(triage(), conversation("implement", GOAL, *steps), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    notes = universe.ann.read_file(repository.name, "NOTES.md", pull["head"]["ref"])
    assert notes.count("- add() adds.") == 1
    snapshot(repository)
