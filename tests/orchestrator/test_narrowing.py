"""What triage narrowed the task to holds where the push is decided, whatever a runner says; and who is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from minion.domain.protocol import RoundAccepted, RoundGrant, RoundResult
from minion.domain.task import TaskStatus
from minion.orchestrator.results import Results
from minion.orchestrator.run_tokens import RunToken

from .world import World


@pytest.fixture
def world(tmp_path: Path) -> Any:
    made = World(tmp_path)
    yield made
    made.store.close()


def narrowed(*paths: str) -> tuple[str, dict[str, Any]]:
    return "ok", {"fit": "do", "kind": "other", "question": "", "paths": list(paths)}


def test_a_change_outside_of_what_triage_named_is_not_pushed(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={"a.py": b"x = 1\n"}, triage=narrowed("docs/"))
    assert task.status is TaskStatus.HANDED_OFF
    assert "`a.py` is outside the paths that this task was narrowed to (`docs/`)" in task.reason
    assert "commit" not in world.github.writes


@pytest.mark.parametrize("paths", [("a.py",), (), ("*.py", "docs/")])
def test_a_change_within_it_is_pushed_and_no_paths_narrow_nothing(world: World, paths: tuple[str, ...]) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={"a.py": b"x = 1\n"}, triage=narrowed(*paths))
    assert task.status is TaskStatus.AWAITING_CHECKS


@dataclass
class Forgetful:
    """The way of a result to the App, for a runner that leaves out what it does not like."""

    results: Results

    def finish(self, token: RunToken, result: RoundResult) -> RoundAccepted:
        return self.results.finish(token, result.model_copy(update={"state": {**result.state, "narrowed": {}}}))


def test_a_runner_cannot_forget_the_narrowing(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    world.results = Forgetful(world.results)  # type: ignore[assignment]
    accepted = world.work(grant, {"triage": narrowed("docs/"), "judge": "pass"}, {"a.py": b"x = 1\n"})
    assert not accepted.accepted
    assert "the state does not follow from its log" in accepted.reason


ASKS: dict[str, Any] = {"triage": ("ok", {"fit": "ask", "kind": "other", "question": "Which?", "paths": []})}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Ask me", TaskStatus.AWAITING_REPLY),
        ("Decline", TaskStatus.DECLINED),
        ("Choose the narrowest reading", TaskStatus.AWAITING_CHECKS),
    ],
)
def test_only_who_wants_to_be_asked_is_asked(world: World, said: str, status: TaskStatus) -> None:
    world.github.issue(5, body=f"### Objective\n\nMend it.\n\n### When anything is unclear\n\n{said}\n")
    world.label(5)
    task = world.round(5, **ASKS)
    assert task.status is status
    assert any("Which?" in body for body in world.github.bodies(5)) is (status is TaskStatus.AWAITING_REPLY)
