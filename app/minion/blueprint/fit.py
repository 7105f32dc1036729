"""Whether a state that was stored, or came from a runner, belongs to a library. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from minion.blueprint.maps import taken_of
from minion.blueprint.model import (
    ActionNode,
    AgentNode,
    Blueprint,
    CallNode,
    JudgeNode,
    MapNode,
    Node,
    RunNode,
    WaitNode,
)
from minion.blueprint.state import Frame, MapAt, State, Unfit

RESTING: Final = (RunNode, AgentNode, JudgeNode, ActionNode, WaitNode, MapNode)
_DEEPEST: Final = 60
"""Levels of JSON; an answer of a model nests a handful."""


def restored(data: Any) -> State | Unfit:
    """A state from its JSON; whatever the data, nothing is raised."""
    if _too_deep(data):
        return Unfit(f"not a state: nested deeper than {_DEEPEST} levels")
    try:
        return State.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        return Unfit(f"not a state: {place}: {first['msg']} ({error.error_count()} in all)")


def _too_deep(data: Any) -> bool:
    waiting: list[tuple[Any, int]] = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        if children and depth >= _DEEPEST:
            return True
        waiting += [(child, depth + 1) for child in children if isinstance(child, dict | list | tuple)]
    return False


def misfit(library: Mapping[str, Blueprint], state: State) -> Unfit | None:
    """The first reason why the library cannot go on with the state."""
    reason = next(_reasons(library, state), None)
    return None if reason is None else Unfit(reason)


def _reasons(library: Mapping[str, Blueprint], state: State) -> Iterator[str]:
    for name, digest in state.digests.items():
        if name not in library:
            yield f"the blueprint `{name}` is gone"
        elif library[name].digest != digest:
            yield f"the blueprint `{name}` has changed since the task began"
    for depth, frame in enumerate(state.frames, 1):
        if frame.blueprint not in state.digests:
            yield f"the blueprint `{frame.blueprint}` is not among the pinned ones"
        elif state.ended is None:
            yield from _frame(library, state.frames[depth:], frame)
    for blueprint, name in state.prepared:
        node = library[blueprint].nodes.get(name) if blueprint in library else None
        if not (isinstance(node, RunNode) and node.prepare):
            yield f"`{blueprint}.{name}` prepares nothing"


def _frame(library: Mapping[str, Blueprint], above: tuple[Frame, ...], frame: Frame) -> Iterator[str]:
    blueprint = library[frame.blueprint]
    node = all_nodes(blueprint).get(frame.node)
    if not isinstance(node, (CallNode,) if above else RESTING):
        yield f"`{frame.blueprint}` cannot rest at `{frame.node}`"
    elif isinstance(node, CallNode) and above and node.blueprint != above[0].blueprint:
        yield f"`{frame.blueprint}.{frame.node}` did not call `{above[0].blueprint}`"
    elif not _in_its_map(blueprint, frame, node):
        yield f"`{frame.blueprint}` cannot be within a map as it says at `{frame.node}`"
    for name in (*frame.visits, *frame.outputs):
        if name not in blueprint.nodes:
            yield f"`{frame.blueprint}` has no node `{name}`"


def _in_its_map(blueprint: Blueprint, frame: Frame, node: Node) -> bool:
    """A node of a body rests only in the map around it, and a map only at one of its steps."""
    at = frame.map
    if at is None:
        return frame.node in blueprint.nodes and not isinstance(node, MapNode)
    around = blueprint.nodes.get(at.node)
    if not isinstance(around, MapNode) or at.index >= taken_of(around, at.total) or not _listed(frame, around, at):
        return False
    return frame.node in around.nodes if at.phase == "body" else frame.node == at.node


def _listed(frame: Frame, around: MapNode, at: MapAt) -> bool:
    found = list_at(frame, around)
    return found is not None and len(found) == at.total


def list_at(frame: Frame, node: MapNode) -> list[Any] | None:
    """The list that a map goes over; None where there is none."""
    _, name, _, *rest = node.over.path.split(".")
    value: Any = frame.outputs.get(name)
    for part in rest:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, list) else None


def all_nodes(blueprint: Blueprint) -> dict[str, Node]:
    """With the nodes in the bodies of maps: all names are unique."""
    bodies = [node.nodes for node in blueprint.nodes.values() if isinstance(node, MapNode)]
    return {**blueprint.nodes, **{name: node for body in bodies for name, node in body.items()}}
