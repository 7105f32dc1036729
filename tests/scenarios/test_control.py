"""People stay in charge: approval, stop, closing, and questions about a task."""

from __future__ import annotations

import re
from typing import Any

from tests.scenarios.project import add_notes, add_test, call, conversation, implement, judge, mend_code, triage, turn
from tests.scenarios.universe import ORGANISATION, Repository, Snapshot, Universe, wait

SLOW_MS = 20_000


def _slow(universe: Universe) -> None:
    """An agent that is still thinking when somebody changes their mind."""
    slow: dict[str, Any] = turn(mend_code(), delay_ms=SLOW_MS)
    universe.play(triage(), conversation("implement", "Carry out the spec", turn(call("read", path="calc.py")), slow))


def _thinking(universe: Universe, repository: Repository, number: int) -> None:
    before = len(universe.model.requests)
    repository.ask(number)
    wait(lambda: len(universe.model.requests) >= before + 3, "the agent's second turn")


def _runner_is_free(universe: Universe) -> bool:
    runs = universe.ann.call("GET", f"/repos/{ORGANISATION}/minion-runner/actions/runs")["workflow_runs"]
    return all(run["status"] == "completed" for run in runs)


def test_an_outsiders_issue_waits_for_approval(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue(by=universe.mallory)
    repository.ask(number)
    asked = repository.await_comment(number, "/minion approve ")
    [command] = re.findall(r"^/minion approve \w+$", asked, re.MULTILINE)
    universe.mallory.comment(repository.name, number, command)
    repository.await_comment(number, "@mallory, I did nothing")
    universe.ann.comment(repository.name, number, "/minion approve 0123456789ab")
    repository.await_comment(number, "@ann, I did nothing")
    assert [push["actor"] for push in universe.hub.pushes(repository.name)] == ["ann"]
    universe.bob.comment(repository.name, number, command)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    snapshot(repository)


def test_stop_in_the_middle_of_a_round(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    _slow(universe)
    number = repository.issue()
    _thinking(universe, repository, number)
    universe.bob.comment(repository.name, number, "/minion stop")
    repository.await_comment(number, "Minion was stopped")
    wait(lambda: _runner_is_free(universe), "the run to end", SLOW_MS / 2_000)
    assert [push["actor"] for push in universe.hub.pushes(repository.name)] == ["ann"]
    assert repository.pulls() == []
    snapshot(repository)


def test_a_closed_issue_ends_its_task(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    _slow(universe)
    number = repository.issue()
    _thinking(universe, repository, number)
    universe.ann.close_issue(repository.name, number)
    repository.await_comment(number, "was closed")
    wait(lambda: _runner_is_free(universe), "the run to end", SLOW_MS / 2_000)
    assert [push["actor"] for push in universe.hub.pushes(repository.name)] == ["ann"]
    snapshot(repository)


def test_commands_that_only_ask(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    number = repository.issue()
    for command, answer in (
        ("/minion help", "Put the command on the first line"),
        ("/minion status", "for `/minion status`"),
        ("/minion implemnt", "Did you mean"),
        ("/minion stop", "for `/minion stop`"),
        ("/minion fix", "works on pull requests"),
    ):
        universe.bob.comment(repository.name, number, command)
        repository.await_comment(number, answer)
    snapshot(repository)


def test_status_of_a_task_that_is_through(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    universe.mallory.comment(repository.name, number, "/minion status")
    wait(lambda: len(repository.bot_comments(number)) == 2, "the answer")
    snapshot(repository)
