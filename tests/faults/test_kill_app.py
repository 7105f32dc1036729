"""The App is killed, as by a power cut, at any point of a task: the end is the same, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.scenarios.project import add_notes, add_test, implement, judge, mend_code, repair, triage
from tests.scenarios.universe import Repository, Universe, started, wait

from minion.hub.knobs import Fault

# One point for each window; `test_kills.py` has every single write, before and after.
POINTS = {
    "after the webhook": ("GET /repos/{name}/collaborators/ann/permission", False),
    "after the dispatch": ("POST /repos/acme/minion-runner/actions/workflows/*/dispatches", True),
    "before the first push": ("POST /repos/{name}/git/refs", False),
    "after the first push": ("POST /repos/{name}/git/refs", True),
    "before the second push": ("PATCH /repos/{name}/git/refs/*", False),
    "before the reviewers": ("POST /repos/{name}/pulls/*/requested_reviewers", False),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Universe]:
    with started(tmp_path_factory.mktemp("killed")) as made:
        yield made
    assert made.hub.unknown_requests == []
    assert made.hub.crashes == []


def _begin(own: Universe) -> tuple[Repository, int]:
    """Red, then green at push 2."""
    repository = own.repository()
    own.play(triage(), implement(mend_code(), add_test()), judge(), repair(add_notes()))
    return repository, repository.issue()


def _same_end(repository: Repository, number: int) -> None:
    assert repository.ended(number) == "minion-done", repository.bot_comments(number)
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert [person["login"] for person in pull["requested_reviewers"]] == ["ann"]
    pushes = [push for push in repository.universe.hub.pushes(repository.name) if push["actor"] == "minion[bot]"]
    assert [push["ref"] for push in pushes] == [f"refs/heads/{pull['head']['ref']}"] * 2
    assert repository.conclusions(pushes[1]["after"]) == {"test": "success", "notes": "success"}
    [said] = repository.bot_comments(number)
    assert "Done" in said
    assert repository.bot_comments(pull["number"]) == []
    assert [one["content"] for one in repository.universe.ann.reactions(repository.name, number)] == ["eyes"]


THOROUGH = {
    "after the webhook",
    "after the dispatch",
    "before the first push",
    "before the second push",
    "before the reviewers",
}
"""Every single write has its window, before and after, in virtual time (`test_kills.py`)."""


@pytest.mark.parametrize(
    "point", [pytest.param(at, marks=pytest.mark.thorough if at in THOROUGH else ()) for at in POINTS]
)
def test_killed(own: Universe, point: str) -> None:
    """A kill before a request means that GitHub never saw it; one after it, that the App never saw the answer."""
    pattern, after = POINTS[point]
    repository, number = _begin(own)
    fault = Fault(pattern.format(name=repository.name), 0, after=after, drop=True, action=own.app.kill)
    own.hub.knobs.faults.append(fault)
    repository.ask(number)
    wait(lambda: fault.times == 0 and not own.app.running, point, 90)
    own.app.start()
    _same_end(repository, number)


def test_killed_while_the_runner_works(own: Universe) -> None:
    repository, number = _begin(own)
    before = len(own.model.requests)
    repository.ask(number)
    wait(lambda: len(own.model.requests) > before, "the first question to the model", 90)
    own.app.kill()
    own.app.start()
    _same_end(repository, number)


def test_killed_while_checks_run(own: Universe) -> None:
    """What CI says meanwhile reaches nobody."""
    repository, number = _begin(own)
    repository.ask(number)
    repository.await_comment(number, "waits for the checks of")
    own.app.kill()
    repository.await_runs()
    assert own.hub.settle()
    own.app.start()
    _same_end(repository, number)
