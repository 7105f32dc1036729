"""Small changes of a state, which know nothing of a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from minion.blueprint.model import ActionNode, AgentNode, EndNode, Limits, Node, RunNode
from minion.blueprint.schema import GOOD
from minion.blueprint.state import Last, NodeResult, Pending, Spent, State, Step

Moved: TypeAlias = State | tuple[State, str]
"""At rest, or on the way to the named node."""


def with_frame(state: State, **changes: Any) -> State:
    frame = state.frame.changed(**changes)
    return state.changed(frames=(*state.frames[:-1], frame))


def visits(state: State, name: str) -> int:
    """How often a node was entered: in a map, for this item."""
    counted = state.frame.map.visits if in_body(state) and state.frame.map else state.frame.visits
    return counted.get(name, 0)


def in_body(state: State) -> bool:
    return state.frame.map is not None and state.frame.map.phase == "body"


def visited(state: State, node: Node) -> State:
    """The state rests at the node."""
    at = state.frame.map
    if at is not None and at.phase == "body":
        counted = {**at.visits, node.name: at.visits.get(node.name, 0) + 1}
        return with_frame(state, node=node.name, map=at.changed(visits=counted))
    counted = {**state.frame.visits, node.name: state.frame.visits.get(node.name, 0) + 1}
    moved = with_frame(state, node=node.name, visits=counted)
    place = (state.frame.blueprint, node.name)
    if isinstance(node, RunNode) and node.prepare and place not in state.prepared:
        return moved.changed(prepared=(*state.prepared, place))
    return moved


def taken(state: State, node: Node, result: NodeResult) -> State:
    """With a host's result written down: output, log and what was spent."""
    step = Step(blueprint=state.frame.blueprint, node=node.name, result=result)
    spent = _spent(state.spent, node, result)
    at = state.frame.map
    if at is not None and at.phase == "body":
        outputs = {**at.outputs, node.name: result.output}
        at = at.changed(outputs=outputs, steps=(*at.steps, step))
        return with_frame(state, map=at).changed(spent=spent)
    if at is None:
        state = with_frame(state, outputs={**state.frame.outputs, node.name: result.output})
    return state.changed(spent=spent, log=state.log.plus(step))


def narrowed(state: State, node: AgentNode, output: Mapping[str, Any]) -> State:
    """What the node said last counts: an answer without patterns takes its earlier ones back."""
    key = f"{state.frame.blueprint}.{node.name}"
    found = output.get(node.narrows or "")
    patterns = tuple(found) if isinstance(found, list) and all(isinstance(one, str) for one in found) else ()
    others = {name: kept for name, kept in state.narrowed.items() if name != key}
    return state.changed(narrowed={**others, key: patterns} if patterns else others)


def leave(state: State, node: Node, outcome: str, output: dict[str, Any]) -> tuple[State, str]:
    """On the way out of a node, with what happened remembered."""
    last = Last(blueprint=state.frame.blueprint, node=node.name, outcome=outcome, output=output)
    told = {"last": last} if outcome in GOOD else {"last": last, "trouble": last}
    leads = None if isinstance(node, EndNode) else node.next
    if leads is None:
        raise TypeError(f"`{node.name}` leads nowhere")
    return state.changed(**told), leads.after(outcome)


def bare(node: Pending) -> Pending:
    """What a run node does, without its name and place: two blueprints may both have a `setup`."""
    return replace(node, name="", next=None, limits=Limits()) if isinstance(node, RunNode) else node


def _spent(spent: Spent, node: Node, result: NodeResult) -> Spent:
    pushed = isinstance(node, ActionNode) and node.uses == "push" and result.outcome == "ok"
    return Spent(
        usd=spent.usd + result.usd,
        wall_s=spent.wall_s + result.wall_s,
        pushes=spent.pushes + max(result.pushes, int(pushed)),
    )
