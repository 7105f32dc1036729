"""Deliveries that come twice, in another order or not at all: one task, each effect once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.scenarios.project import add_notes, add_test, implement, judge, mend_code, triage
from tests.scenarios.universe import Repository, Snapshot, Universe, wait

from minion.hub.knobs import DeliveryKnobs


@pytest.fixture(autouse=True)
def _calm(universe: Universe) -> Iterator[None]:
    yield
    universe.hub.knobs.deliveries = DeliveryKnobs()


def _one_of_each(universe: Universe, repository: Repository, number: int) -> None:
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    assert len(repository.bot_comments(number)) == 1
    reactions = universe.ann.reactions(repository.name, number)
    assert [reaction["content"] for reaction in reactions] == ["eyes"]
    ours = [
        run for run in universe.ann.check_runs(repository.name, pull["head"]["sha"]) if run["app"]["slug"] == "minion"
    ]
    assert [(run["name"], run["conclusion"]) for run in ours] == [("minion", "success")]


def test_every_delivery_comes_twice(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    before = repository.rounds_dispatched()
    universe.hub.knobs.deliveries = DeliveryKnobs(duplicate=10_000)
    number = repository.issue()
    repository.ask(number)
    _one_of_each(universe, repository, number)
    assert repository.rounds_dispatched() - before == 1
    snapshot(repository)


@pytest.mark.thorough
def test_deliveries_come_in_reverse(universe: Universe, snapshot: Snapshot) -> None:
    """The issue's opening, its label and a remark by somebody come last first; so do the first checks."""
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    universe.hub.knobs.deliveries = DeliveryKnobs(hold=3)
    number = repository.issue()
    repository.ask(number)
    universe.bob.comment(repository.name, number, "I have seen this too.")
    universe.hub.knobs.deliveries = DeliveryKnobs(event="check_run", hold=4)
    _one_of_each(universe, repository, number)
    snapshot(repository)


def test_a_lost_label_is_found_after_a_restart(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    assert universe.hub.settle()
    universe.hub.knobs.deliveries = DeliveryKnobs(event="issues", lose=1)
    universe.app.kill()
    repository.ask(number)
    lost = [one for one in universe.hub.list_deliveries("minion") if one["lost"]]
    universe.app.start()
    _one_of_each(universe, repository, number)
    again = [one for one in universe.hub.list_deliveries("minion") if one["redelivery"]]
    assert lost[-1]["guid"] in {one["guid"] for one in again}
    snapshot(repository)


def test_a_delivery_while_the_app_is_down_is_asked_for_again(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    universe.app.kill()
    repository.ask(number)
    wait(universe.hub.settle, "the deliveries to fail")
    universe.app.start()
    _one_of_each(universe, repository, number)
    snapshot(repository)
