"""Which nodes and which written-down ways out of them the walks of a blueprint have passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from minion.blueprint.engine import Engine
from minion.blueprint.fit import all_nodes
from minion.blueprint.model import FAILED, REVERT, Blueprint, EndNode, Node, RunNode, SwitchNode
from minion.blueprint.moves import Moved
from minion.blueprint.paths import case_of
from minion.blueprint.state import State, Status

Way = tuple[str, str]
"""Node and outcome; of a switch, the case, or `else`."""


@dataclass
class Watched(Engine):
    """An engine that remembers where it has been."""

    library: Mapping[str, Blueprint]
    nodes: dict[str, set[str]] = field(default_factory=dict)
    """Blueprint to the nodes that were entered."""
    ways: dict[str, set[Way]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.library)

    def _enter(self, state: State, target: str) -> Moved:
        if state.last is not None:
            self._passed(state.last.blueprint, state.last.node, state.last.outcome)
        return super()._enter(state, target)

    def _arrived(self, state: State, node: Node) -> Moved:
        here = state.frame.blueprint
        self.nodes.setdefault(here, set()).add(node.name)
        if isinstance(node, SwitchNode):
            found = self.lookup(state, node.value, {})
            case = case_of(found.value) if found is not None and not found.tainted else ""
            self._passed(here, node.name, case if case in node.next.targets else "else")
        return super()._arrived(state, node)

    def _end(self, state: State, status: Status) -> Moved:
        moved = super()._end(state, status)
        if not isinstance(moved, State):
            frame = moved[0].frame
            self._passed(frame.blueprint, frame.node, str(frame.outputs[frame.node]["status"]))
        return moved

    def _passed(self, blueprint: str, node: str, outcome: str) -> None:
        self.ways.setdefault(blueprint, set()).add((node, outcome))


@dataclass(frozen=True)
class Coverage:
    blueprint: str
    nodes: int
    ways: int
    missing_nodes: tuple[str, ...]
    missing_ways: tuple[Way, ...]

    @property
    def percent(self) -> int:
        """Of nodes and ways together, rounded down: 100 is all of them."""
        missing = len(self.missing_nodes) + len(self.missing_ways)
        return 100 * (self.nodes + self.ways - missing) // (self.nodes + self.ways)

    def __str__(self) -> str:
        nodes, ways = self.nodes - len(self.missing_nodes), self.ways - len(self.missing_ways)
        return f"{self.blueprint}: {nodes} of {self.nodes} nodes, {ways} of {self.ways} ways walked ({self.percent} %)"


def coverage(engine: Watched, blueprint: Blueprint) -> Coverage:
    """Gates are never entered, and what leads to `defaults.fail` without being written down is no way of its own."""
    own = all_nodes(blueprint).values()
    nodes = [node.name for node in own if not (isinstance(node, RunNode) and node.gate_only)]
    ways = [way for node in own for way in _ways(node, blueprint.fail)]
    entered, passed = engine.nodes.get(blueprint.name, set()), engine.ways.get(blueprint.name, set())
    return Coverage(
        blueprint.name,
        len(nodes),
        len(ways),
        tuple(name for name in nodes if name not in entered),
        tuple(way for way in ways if way not in passed),
    )


def _ways(node: Node, fail: str) -> Iterator[Way]:
    leads = None if isinstance(node, EndNode) else node.next
    if leads is None:
        return
    yield from ((node.name, outcome) for outcome in leads.targets)
    if isinstance(node, SwitchNode) and leads.otherwise not in {FAILED, REVERT, fail}:
        yield node.name, "else"
