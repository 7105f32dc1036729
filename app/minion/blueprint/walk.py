"""A dry walk: a blueprint is followed with outcomes from a script, nothing is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from minion.blueprint.engine import Engine
from minion.blueprint.model import Node
from minion.blueprint.sample import completed, good_result
from minion.blueprint.state import Ended, NodeResult, State

Script: TypeAlias = Mapping[str, Sequence[NodeResult]]
"""`blueprint.node` or `node` to its results, visit by visit; the last one holds for all later visits."""

Answer: TypeAlias = Callable[[str, Node, int], NodeResult | None]
"""(blueprint, node, visit from 0) → how that visit ends; None: nobody knows, so it goes well."""


@dataclass(frozen=True)
class Stop:
    """A place where the walk rested, and the outcome it left by."""

    blueprint: str
    node: str
    outcome: str
    assumed: bool = False
    """No result was given for this visit."""

    @property
    def place(self) -> str:
        return f"{self.blueprint}.{self.node}"

    def __str__(self) -> str:
        return f"{self.place}: {self.outcome}"


@dataclass(frozen=True)
class Pace:
    """One stop with what stood before it: for who wants to say more of it than its name."""

    stop: Stop
    node: Node
    visit: int
    """From 1."""
    before: State
    result: NodeResult
    after: State


@dataclass(frozen=True)
class Walk:
    stops: tuple[Stop, ...]
    state: State
    """At its end."""
    unused: tuple[str, ...]
    """Entries of the script that no visit asked for."""


def walk(engine: Engine, state: State, script: Script) -> Walk:
    """Follows the blueprint to its end. Nodes without a script have their good outcome."""
    used: set[str] = set()

    def answer(blueprint: str, node: Node, visit: int) -> NodeResult | None:
        key = next((key for key in (f"{blueprint}.{node.name}", node.name) if key in script), None)
        if key is None or not script[key]:
            return None
        used.add(key)
        return completed(node, script[key][min(visit, len(script[key]) - 1)])

    stops: list[Stop] = []
    for pace in paces(engine, state, answer):
        stops.append(pace.stop)
        state = pace.after
    return Walk(tuple(stops), state, tuple(key for key in script if key not in used))


def paces(engine: Engine, state: State, answer: Answer) -> Iterator[Pace]:
    """One by one to the end of the blueprint, which the checked ones all have."""
    visits: dict[tuple[str, str], int] = {}
    while not isinstance(node := engine.pending(state), Ended):
        place = (state.frame.blueprint, node.name)
        visit = visits.get(place, 0)
        visits[place] = visit + 1
        given = answer(place[0], node, visit)
        result = good_result(node) if given is None else given
        after = engine.apply(state, result)
        yield Pace(Stop(*place, result.outcome, given is None), node, visit + 1, state, result, after)
        state = after
