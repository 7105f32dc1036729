"""The App is killed between the push that a review led to and the last answer in its threads: each is given once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.scenarios.project import MENDED, call, judge
from tests.scenarios.test_address import address, reply, said_in, threads
from tests.scenarios.universe import Repository, Universe, started, wait

from minion.hub.knobs import Fault

NOTES = "# Notes\n\n- add() adds.\n"
# How many requests to GraphQL pass after the push before it strikes; in the end, those are: the threads as they are,
# then for each thread a look and the answer, and behind the first one its resolution.
POINTS = {
    "before the first answer": (2, False),
    "after the first answer": (2, True),
    "after the first thread was resolved": (3, True),
    "after the last answer": (5, True),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Universe]:
    with started(tmp_path_factory.mktemp("killed-answers")) as made:
        yield made
    assert made.hub.unknown_requests == []
    assert made.hub.crashes == []


def _reviewed(own: Universe) -> tuple[Repository, int]:
    repository = own.repository()
    own.bob.commit(repository.name, "mend-add", {"calc.py": MENDED, "NOTES.md": NOTES}, "Mend")
    number = int(own.bob.open_pr(repository.name, "mend-add", "main", "Mend add()")["number"])
    repository.await_runs()
    at = {"path": "calc.py", "line": 2}
    own.ann.review(repository.name, number, "COMMENT", "", [at | {"body": "Say why."}, at | {"body": "Sure?"}])
    said = call("write", path="NOTES.md", content=f"{NOTES}\nIt subtracted.\n")
    taken = [call("read", path="NOTES.md"), said]
    own.play(address(["calc.py"], taken, reply(1, "Said."), reply(2, "Yes.", done=False)), judge())
    return repository, number


THOROUGH = {"before the first answer", "after the first thread was resolved"}


@pytest.mark.parametrize(
    "point", [pytest.param(at, marks=pytest.mark.thorough if at in THOROUGH else ()) for at in POINTS]
)
def test_killed(own: Universe, point: str) -> None:
    passed, after = POINTS[point]
    repository, number = _reviewed(own)
    fault = Fault("POST /api/graphql", 0, times=0, after=after, drop=True, action=own.app.kill)
    passing = Fault("POST /api/graphql", 0, times=0)

    def arm() -> None:
        passing.times, fault.times = passed, 1

    own.hub.knobs.faults += [passing, fault]
    push = Fault(f"PATCH /repos/{repository.name}/git/refs/*", 0, action=arm)
    own.hub.knobs.faults.append(push)
    own.bob.comment(repository.name, number, "/minion address")
    wait(lambda: not own.app.running, point, 90)
    assert fault.times == 0
    own.app.start()
    assert repository.ended(number) == "minion-done", repository.bot_comments(number)
    assert len(said_in(repository, number)) == 2
    assert threads(repository, number) == {1: True, 2: False}
    assert [push["actor"] for push in repository.pushes("mend-add")] == ["bob", "minion[bot]"]
    assert [person["login"] for person in repository.pulls()[0]["requested_reviewers"]] == ["ann"]
