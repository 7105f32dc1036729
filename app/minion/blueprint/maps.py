"""How a state moves through the items of a map.

The steps of an item join the log when it is done. Of their outputs only what a switch of the body goes by stays, and
the line that says why an item was reverted: that is all that working the walk out again needs, and it keeps the
state of ten thousand items small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from minion.blueprint.model import MapNode, SwitchNode
from minion.blueprint.moves import Moved, leave, with_frame
from minion.blueprint.reasons import culprit, reason, telling, why
from minion.blueprint.state import Ending, Last, MapAt, NodeResult, State, Step

_NAMED: Final = 100
"""Reverted items that are listed by name."""


def entered(state: State, node: MapNode, total: int) -> Moved:
    """At rest before the first item; or past the map where there is none."""
    if total == 0:
        return _through(state, node, MapAt(node=node.name, total=0, before=state.trouble))
    return with_frame(state, map=MapAt(node=node.name, total=total, before=state.trouble))


def taken_of(node: MapNode, total: int) -> int:
    return min(total, node.most)


def item_ended(state: State, node: MapNode, status: str, *, cap: str) -> State:
    """At rest at the map again, with the item's steps in the log. A kept item has nothing to undo: `kept`. `cap`: the
    task's own that was reached; no item comes after this one then."""
    at = map_at(state)
    named = status == "revert" and len(at.not_kept) < _NAMED
    log = state.log.plus(*_logged(node, at.steps, culprit(at.steps, state.last) if named else None))
    ending: Ending = "" if status == "keep" else "skip" if status == "skip" else "revert"
    done = at.changed(
        phase="undo" if ending else "begin",
        ending=ending,
        final=at.final or bool(cap),
        why=why(at.steps, state.last, cap) if named else "",
        kept=at.kept + (not ending),
        visits={},
        outputs={},
        steps=(),
    )
    last = Last(blueprint=state.frame.blueprint, node=node.name, outcome=status)
    moved = with_frame(state, node=node.name, map=done)
    return moved.changed(log=log, last=last, trouble=at.before)


def begun(state: State, node: MapNode) -> tuple[State, str]:
    """Into the body."""
    return with_frame(state, map=map_at(state).changed(phase="body")), node.start


def given_up(state: State, item: Any, *, final: bool) -> State:
    """The item was undone, or its mark could not be made: it is counted."""
    at = map_at(state)
    skipped = at.ending == "skip" and not final
    counted = {"skipped": at.skipped + 1} if skipped else {"reverted": at.reverted + 1}
    named = {} if skipped or len(at.not_kept) >= _NAMED else _named(at, item)
    return with_frame(state, map=at.changed(**counted, **named, ending="", why="", final=at.final or final))


def _named(at: MapAt, item: Any) -> dict[str, Any]:
    said = at.why or f"the working copy could not be {'marked' if at.phase == 'begin' else 'put back'}"
    return {"not_kept": (*at.not_kept, item), "reasons": (*at.reasons, reason(item, said))}


def next_item(state: State, node: MapNode, *, capped: bool) -> Moved:
    """At rest before the next item; or past the map after the last one that can be taken."""
    at = map_at(state)
    if at.final or capped or at.index + 1 >= taken_of(node, at.total):
        return _through(state, node, at)
    return with_frame(state, map=at.changed(phase="begin", index=at.index + 1))


def map_at(state: State) -> MapAt:
    """Raises `TypeError` outside of maps."""
    if state.frame.map is None:
        raise TypeError(f"`{state.frame.node}` is in no map")
    return state.frame.map


def folded(node: MapNode, step: Step) -> Step:
    """Without what no switch of the body looks up."""
    kept: dict[str, Any] = {}
    for path in _gone_by(node, step.node):
        _copy(step.result.output, kept, path)
    return step.changed(result=_with_output(step.result, kept))


def _logged(node: MapNode, steps: tuple[Step, ...], telling_one: int | None) -> Iterator[Step]:
    """Folded; the one that says why the item is reverted keeps the line that says it."""
    for at, step in enumerate(steps):
        kept = folded(node, step)
        told = telling(step.result.output) if at == telling_one else None
        if told and not isinstance(kept.result.output.get(told[0]), str):
            kept = kept.changed(result=_with_output(kept.result, {**kept.result.output, told[0]: told[1]}))
        yield kept


def _with_output(result: NodeResult, output: dict[str, Any]) -> NodeResult:
    return result.changed(output=output)


def _gone_by(node: MapNode, name: str) -> Iterator[list[str]]:
    """The paths within a body node's output that switches go by."""
    for other in node.nodes.values():
        parts = other.value.split(".") if isinstance(other, SwitchNode) else []
        if parts[:3] == ["nodes", name, "output"]:
            yield parts[3:]


def _copy(source: Any, target: dict[str, Any], path: list[str]) -> None:
    for part in path[:-1]:
        if not isinstance(source, dict) or part not in source:
            return
        source, target = source[part], target.setdefault(part, {})
    if path and isinstance(source, dict) and path[-1] in source:
        target[path[-1]] = source[path[-1]]


def _through(state: State, node: MapNode, at: MapAt) -> Moved:
    output = {
        "count": at.total,
        "kept": at.kept,
        "skipped": at.skipped,
        "reverted": at.reverted,
        "left": at.total - at.kept - at.skipped - at.reverted,
        "not_kept": list(at.not_kept),
        "reasons": list(at.reasons),
    }
    outputs = {**state.frame.outputs, node.name: output}
    return leave(
        with_frame(state, node=node.name, map=None, outputs=outputs), node, "ok" if at.kept else "none", output
    )
