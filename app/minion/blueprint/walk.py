"""A dry walk: a blueprint is followed with outcomes from a script, nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minion.blueprint.engine import Engine
from minion.blueprint.graph import kind
from minion.blueprint.schema import GOOD, OUTCOMES
from minion.blueprint.state import Ended, NodeResult, State

Script = Mapping[str, Sequence[NodeResult]]
"""`blueprint.node` or `node` to its results, visit by visit; the last one holds for all later visits."""


@dataclass(frozen=True)
class Stop:
    """A place where the walk rested, and the outcome it left by."""

    blueprint: str
    node: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.blueprint}.{self.node}: {self.outcome}"


@dataclass(frozen=True)
class Walk:
    stops: tuple[Stop, ...]
    state: State
    """At its end."""
    unused: tuple[str, ...]
    """Entries of the script that no visit asked for."""


def walk(engine: Engine, state: State, script: Script) -> Walk:
    """Follows the blueprint to its end. Nodes without a script have their good outcome."""
    stops: list[Stop] = []
    visits: dict[tuple[str, str], int] = {}
    used: set[str] = set()
    while not isinstance(pending := engine.pending(state), Ended):
        place = (state.frame.blueprint, pending.name)
        key = next((key for key in (".".join(place), pending.name) if key in script), None)
        good = NodeResult(outcome=next(outcome for outcome in OUTCOMES[kind(pending)] if outcome in GOOD))
        result = good if key is None else _nth(script[key], visits.get(place, 0), good)
        used |= {key} if key else set()
        visits[place] = visits.get(place, 0) + 1
        stops.append(Stop(*place, result.outcome))
        state = engine.apply(state, result)
    return Walk(tuple(stops), state, tuple(key for key in script if key not in used))


def _nth(results: Sequence[NodeResult], visit: int, good: NodeResult) -> NodeResult:
    return results[min(visit, len(results) - 1)] if results else good
