"""What a runner is told of the checks' past, where a blueprint gives an agent `ci.history`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minion.domain.protocol import RoundGrant
from minion.orchestrator.check_history import COMMITS, TOOL
from minion.tools.registry import TOOLS

from .github_fake import APP_ID
from .world import World

BLUEPRINT = """\
apiVersion: minion/v1
kind: Blueprint
name: look
description: Look at the checks.
inputs: {issue: {type: integer}, pr: {type: integer}}
caps: {pushes: 1, usd: 1, wall: 30m}
defaults: {fail: handoff}
start: look
nodes:
  look: {type: agent, goal: Look., context: [task.spec], tools: [TOOLS], next: push}
  push: {type: action, uses: push, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""


@pytest.fixture
def world(tmp_path: Path) -> Any:
    made = World(tmp_path)
    yield made
    made.store.close()


def _claimed(world: World, tools: str) -> RoundGrant:
    main = world.github.branches["main"]
    text = BLUEPRINT.replace("TOOLS", tools).encode()
    head = world.github.commit_files(main, "add a blueprint", {".github/minion/blueprints/look.yml": text})
    for number in range(COMMITS):
        world.github.check(head, "build", "failure" if number % 2 else "success")
        head = world.github.commit_files(head, f"more {number}", {f"f{number}.txt": b"x"})
    world.github.branches["main"] = head
    world.github.check(main, "ancient", "failure")
    world.github.check(head, "build", "failure")
    world.github.check(head, "running", None)
    world.github.check(head, "minion", "success", app_id=APP_ID)
    world.github.issue(5)
    world.label(5, "minion:look")
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    return grant


def test_the_last_commits_are_told_without_our_own_checks(world: World) -> None:
    past = _claimed(world, "read, ci.history").check_history
    assert past is not None
    assert [(one.where, one.check, one.conclusion) for one in past] == [
        ("base branch", "build", ending) for ending in ("failure", "success", "failure", "success", "failure")
    ]
    assert past[0].day == world.clock.now().date().isoformat()


def test_nothing_is_read_where_no_agent_asks_for_it(world: World) -> None:
    assert _claimed(world, "read").check_history is None


def test_the_tools_name_is_the_registrys() -> None:
    assert TOOL in TOOLS
