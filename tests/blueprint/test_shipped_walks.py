"""The walks of the shipped blueprints go as they are written, and leave no node out."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from minion.blueprint.engine import Engine
from minion.blueprint.model import Blueprint, RunNode
from minion.blueprint.scenario import Walks, follow, load_walks
from minion.blueprint.walk import walk
from minion.shipped import shipped

FILES = sorted((Path(__file__).parent / "walks").glob("*.yml"))


def walks_in(path: Path, library: dict[str, Blueprint]) -> Walks:
    loaded = load_walks(path.read_bytes(), source=path.name, library=library)
    assert isinstance(loaded, Walks), "\n".join(map(str, loaded))
    return loaded


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_they_go_as_written(path: Path, engine: Engine, library: dict[str, Blueprint]) -> None:
    walks = walks_in(path, library)
    wrong = {expected.name: follow(engine, walks, expected) for expected in walks.walks}
    assert {name: lines for name, lines in wrong.items() if lines} == {}


def test_they_come_to_every_node(engine: Engine, library: dict[str, Blueprint]) -> None:
    """Of `call`, `switch` and `end` nodes the engine says nothing: what is before and behind them shows them."""
    passed: dict[str, set[str]] = defaultdict(set)
    for path in FILES:
        walks = walks_in(path, library)
        for expected in walks.walks:
            done = walk(engine, engine.start(walks.blueprint, walks.inputs), expected.script)
            for step in done.state.log:
                passed[step.blueprint].add(step.node)
    for name in ("implement", "fix", "lint", "write-tests", "update-docs", "plan"):
        assert name in shipped()
        nodes = library[name].nodes.values()
        executed = {n.name for n in nodes if type(n).__name__ in {"RunNode", "AgentNode", "JudgeNode", "ActionNode"}}
        gates = {node.name for node in nodes if isinstance(node, RunNode) and node.gate_only}
        assert executed - gates - passed[name] == set(), name
