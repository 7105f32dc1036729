"""The engine: `apply(state, result) → state`. Pure; the same in the App, in a runner and on the command line.

A state rests at a node that a host has to execute, or has ended. Everything between two such nodes — switches, calls,
returns, caps — is walked here, so that no host has an opinion about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias

from minion.blueprint import maps
from minion.blueprint.fit import RESTING, all_nodes, list_at, misfit, restored
from minion.blueprint.graph import kind, limits_of
from minion.blueprint.library import given_inputs, needed
from minion.blueprint.model import (
    FAILED,
    REVERT,
    ActionNode,
    AgentNode,
    Blueprint,
    CallNode,
    Caps,
    EndNode,
    JudgeNode,
    Lookup,
    MapNode,
    Node,
    RunNode,
    SwitchNode,
)
from minion.blueprint.moves import Moved, bare, in_body, leave, narrowed, taken, visited, visits, with_frame
from minion.blueprint.paths import Nothing, case_of, kind_of
from minion.blueprint.reader import split_path
from minion.blueprint.schema import RESULTS
from minion.blueprint.state import (
    ContextEntry,
    Ended,
    Found,
    Frame,
    MapStep,
    NodeResult,
    Pending,
    State,
    Status,
    Step,
    Unfit,
)
from minion.blueprint.values import as_variable, within
from minion.domain.errors import UsageError

Facts: TypeAlias = Mapping[str, Any]
"""Whole path (`task.spec`) to value; a value may be a `Found` that says itself whether it is tainted."""

_WORK = (RunNode, AgentNode, JudgeNode, MapNode)
_MAX_DEPTH = 4
_MAX_MOVES = 10_000
_NO_FACTS: Facts = {}


def is_work(pending: Pending) -> bool:
    """True for nodes that need the checkout: a runner executes them."""
    return isinstance(pending, _WORK)


class Engine:
    """Over a library whose blueprints were loaded and linked (`library.assemble`)."""

    def __init__(self, library: Mapping[str, Blueprint]) -> None:
        self._library = dict(library)
        self._nodes = {name: all_nodes(blueprint) for name, blueprint in self._library.items()}

    def start(self, name: str, inputs: Mapping[str, Any], *, max_usd: Decimal | None = None) -> State:
        """At rest at the first node. Takes from `inputs` what the blueprint declares.

        Raises `UsageError` for a blueprint that is not there, or inputs that are missing or of another type.
        """
        if name not in self._library:
            raise UsageError(f"there is no blueprint `{name}`; there are {', '.join(sorted(self._library))}")
        blueprint = self._library[name]
        given = given_inputs(blueprint, inputs)
        if isinstance(given, str):
            raise UsageError(given)
        digests = {other: self._library[other].digest for other in sorted(needed(self._library, name))}
        first = Frame(blueprint=name, node=blueprint.start, inputs=given)
        return self._go(State(digests=digests, frames=(first,), max_usd=max_usd), blueprint.start)

    def pending(self, state: State) -> Pending:
        if state.ended is not None:
            return Ended(state.ended, state.reason)
        node = self._here(state)
        if not isinstance(node, RESTING):
            raise TypeError(f"a state cannot rest at `{node.name}`")
        return node

    def map_step(self, state: State) -> MapStep:
        """What the pending map waits for: a mark of the working copy, or going back to it. Its results are `ok` and
        `fail`. Raises `TypeError` where no map is pending."""
        node = self.pending(state)
        at = maps.map_at(state)
        if not isinstance(node, MapNode) or at.phase == "body":
            raise TypeError(f"no map is pending at `{state.frame.node}`")
        return MapStep(at.phase, at.index, maps.taken_of(node, at.total), self._item(state))

    def apply(self, state: State, result: NodeResult) -> State:
        """The state after the pending node. An outcome that its type does not have is a bug: `ValueError`."""
        node = self.pending(state)
        if isinstance(node, Ended) or result.outcome not in RESULTS[kind(node)]:
            raise ValueError(f"outcome `{result.outcome}` does not belong to {node}")
        moved = taken(state, node, result)
        if isinstance(node, MapNode):
            return self._go_on(self._map_moved(moved, node, ok=result.outcome == "ok"))
        if isinstance(node, AgentNode) and node.narrows and result.outcome == "ok":
            moved = narrowed(moved, node, result.output)
        return self._go(*leave(moved, node, result.outcome, result.output))

    def narrowing(self, state: State) -> tuple[tuple[str, ...], ...]:
        """Patterns (as in .gitignore) that agents narrowed the task's scope to; each inner tuple must allow a path."""
        return tuple(state.narrowed.values())

    def caps_left(self, state: State) -> Caps:
        """The least that any blueprint on the stack still allows."""
        left = [self._left(state, frame) for frame in state.frames]
        usd = min(one.usd for one in left)
        if state.max_usd is not None:
            usd = min(usd, max(Decimal(0), state.max_usd - state.spent.usd))
        return Caps(min(one.pushes for one in left), usd, min(one.wall_s for one in left))

    def prepare_nodes(self, state: State) -> list[RunNode]:
        """What a new round has to run first: each `prepare` node that was entered, once, but for the pending one."""
        pending = bare(self.pending(state))
        found: list[RunNode] = []
        for blueprint, name in state.prepared:
            node = self._library[blueprint].nodes[name]
            if isinstance(node, RunNode) and bare(node) not in [pending, *map(bare, found)]:
                found.append(node)
        return found

    def gate_nodes(self, state: State, node: AgentNode) -> list[RunNode]:
        nodes = self._nodes[state.frame.blueprint]
        return [gate for name in node.gate if isinstance(gate := nodes[name], RunNode)]

    def lookup(self, state: State, path: str, facts: Facts) -> Found | None:
        """The value at `path` (a `?` is allowed), or None where there is none yet."""
        path = split_path(path).path
        blueprint = self._blueprint(state)
        kind_there = kind_of(path, self._nodes[blueprint.name], blueprint.inputs, self._around(state))
        if isinstance(kind_there, Nothing):
            return None
        value = self._value(state, path, facts)
        if value is None or isinstance(value, Found):
            return value
        return Found(value, kind_there.tainted or not kind_there.fits(value))

    def context(self, state: State, node: AgentNode | JudgeNode, facts: Facts) -> list[ContextEntry]:
        """The node's `context`, in its order, without what is absent."""
        entries: list[ContextEntry] = []
        for text in node.context:
            found = self.lookup(state, text, facts)
            if found is not None:
                entries.append(ContextEntry(split_path(text).path, found.value, found.tainted))
        return entries

    def arguments(self, state: State, node: ActionNode | CallNode, facts: Facts = _NO_FACTS) -> dict[str, Any]:
        """The values of `with`; a look-up that finds nothing leaves its parameter out. Needs no facts: `with` sees
        nodes, inputs and caps."""
        values: dict[str, Any] = {}
        for name, value in node.arguments.items():
            found = self.lookup(state, value.path, facts) if isinstance(value, Lookup) else Found(value, tainted=False)
            if found is not None:
                values[name] = found.value
        return values

    def environment(self, state: State, node: RunNode, facts: Facts = _NO_FACTS) -> dict[str, str]:
        """The values of `env`, as text: lists one entry a line, truth values `true` and `false`, what else is no
        text as JSON. A look-up that finds nothing leaves its variable out."""
        values: dict[str, str] = {}
        for name, value in node.env.items():
            found = self.lookup(state, value.path, facts) if isinstance(value, Lookup) else Found(value, tainted=False)
            if found is not None:
                values[name] = as_variable(found.value)
        return values

    def restore(self, data: Mapping[str, Any]) -> State | Unfit:
        """A state from its JSON, checked; whatever the data, nothing is raised."""
        state = restored(data)
        return state if isinstance(state, Unfit) else self.check(state) or state

    def check(self, state: State) -> Unfit | None:
        """Whether this library can go on with the state."""
        return misfit(self._library, state)

    def replay(self, before: State, after: State) -> State | Unfit:
        """`after`, if work nodes alone lead there from `before`. A runner is not trusted to say where a task stands:
        it may say how its nodes ended, and what follows from that is worked out here again."""
        known, told = list(self._folded_open(before)), list(self._told(before, after))
        if len(after.log) < len(before.log) or any(a != b for a, b in zip(before.log, after.log, strict=False)):
            return Unfit("the log does not begin with what was known")
        if [self._folded(before, step) for step in told[: len(known)]] != known:
            return Unfit("the log does not go on from the item that was open")
        state = before
        for step in told[len(known) :]:
            node = self.pending(state)
            here = (state.frame.blueprint, getattr(node, "name", ""))
            if not is_work(node) or here != (step.blueprint, step.node) or step.result.pushes:
                return Unfit(f"`{step.blueprint}.{step.node}` was not a runner's to execute")
            if isinstance(node, Ended) or step.result.outcome not in RESULTS[kind(node)]:
                return Unfit(f"`{step.node}` has no outcome `{step.result.outcome}`")
            state = self.apply(state, step.result)
        same = state.model_dump(mode="json") == after.model_dump(mode="json")
        return state if same else Unfit("the state does not follow from its log")

    def _told(self, before: State, after: State) -> Iterator[Step]:
        """What `after` says behind the log of `before`; the steps of the item that is open stand in its map."""
        yield from islice(after.log, len(before.log), None)
        yield from after.frame.map.steps if after.frame.map else ()

    def _folded_open(self, state: State) -> Iterator[Step]:
        for step in state.frame.map.steps if state.frame.map else ():
            yield self._folded(state, step)

    def _folded(self, state: State, step: Step) -> Step:
        at = state.frame.map
        node = self._nodes[state.frame.blueprint].get(at.node) if at else None
        return maps.folded(node, step) if isinstance(node, MapNode) else step

    def _blueprint(self, state: State) -> Blueprint:
        return self._library[state.frame.blueprint]

    def _here(self, state: State) -> Node:
        return self._nodes[state.frame.blueprint][state.frame.node]

    def _around(self, state: State) -> MapNode | None:
        """The map whose body the state is in."""
        node = self._nodes[state.frame.blueprint][maps.map_at(state).node] if in_body(state) else None
        return node if isinstance(node, MapNode) else None

    def _item(self, state: State) -> Any:
        at = maps.map_at(state)
        node = self._nodes[state.frame.blueprint][at.node]
        found = list_at(state.frame, node) if isinstance(node, MapNode) else None
        return None if found is None else found[at.index]

    def _left(self, state: State, frame: Frame) -> Caps:
        caps, spent, before = self._library[frame.blueprint].caps, state.spent, frame.before
        return Caps(
            max(0, caps.pushes - (spent.pushes - before.pushes)),
            max(Decimal(0), caps.usd - (spent.usd - before.usd)),
            max(0.0, caps.wall_s - (spent.wall_s - before.wall_s)),
        )

    def _value(self, state: State, path: str, facts: Facts) -> Any:
        root, *rest = path.split(".")
        match root:
            case "inputs":
                return state.frame.inputs.get(rest[0])
            case "caps":
                return self.caps_left(state).pushes
            case "item":
                return within(self._item(state), rest) if in_body(state) else None
            case "nodes":
                inner = state.frame.map.outputs if state.frame.map else {}
                return within(inner.get(rest[0]) or state.frame.outputs.get(rest[0]), rest[2:])
            case _:
                return facts.get(path)

    def _go(self, state: State, target: str) -> State:
        return self._go_on((state, target))

    def _go_on(self, moved: Moved) -> State:
        for _ in range(_MAX_MOVES):
            if isinstance(moved, State):
                return moved
            moved = self._enter(*moved)
        raise RuntimeError(f"no rest after {_MAX_MOVES} moves near `{moved}`: the blueprint was not checked")

    def _enter(self, state: State, target: str) -> Moved:
        if target == FAILED:
            return self._end(state, "failed")
        if target == REVERT:
            return self._item_ended(state, "revert")
        node = self._nodes[state.frame.blueprint][target]
        cap = self._cap_reached(state, node)
        if cap in {"usd", "wall"} and in_body(state):
            return self._item_ended(state, "revert", cap=cap)
        if cap:
            return leave(state, node, "capped", {"cap": cap})
        return self._arrived(visited(state, node), node)

    def _arrived(self, state: State, node: Node) -> Moved:
        match node:
            case EndNode() if in_body(state):
                return self._item_ended(state, node.status)
            case EndNode():
                return self._end(state, _status(node))
            case SwitchNode():
                found = self.lookup(state, node.value, _NO_FACTS)
                known = found is not None and not found.tainted
                return state, node.next.after(case_of(found.value)) if found and known else node.next.otherwise
            case CallNode():
                return self._call(state, node)
            case MapNode():
                return maps.entered(state, node, len(list_at(state.frame, node) or ()))
            case ActionNode(uses="handoff") if len(state.frames) > 1:
                return self._end(state, "handed_off")
            case _:
                return state

    def _cap_reached(self, state: State, node: Node) -> str:
        """The cap that forbids entering the node, or nothing."""
        most = limits_of(node).visits
        if most is not None and visits(state, node.name) >= most:
            return "visits"
        if isinstance(node, CallNode) and len(state.frames) >= _MAX_DEPTH:
            return "depth"
        if isinstance(node, ActionNode) and node.uses == "push" and self.caps_left(state).pushes <= 0:
            return "pushes"
        return _used_up(self.caps_left(state)) if isinstance(node, _WORK) else ""

    def _map_moved(self, state: State, node: MapNode, *, ok: bool) -> Moved:
        """From the step that a map rested at. Where the host could not take it, the map ends with what it has."""
        if ok and maps.map_at(state).phase == "begin":
            return maps.begun(state, node)
        state = maps.given_up(state, self._item(state), final=not ok)
        return maps.next_item(state, node, capped=bool(_used_up(self.caps_left(state))))

    def _item_ended(self, state: State, status: str, *, cap: str = "") -> Moved:
        node = self._around(state)
        if node is None:
            raise TypeError(f"`{state.frame.node}` is in no map")
        state = maps.item_ended(state, node, status, cap=cap)
        if status != "keep":
            return state
        return maps.next_item(state, node, capped=bool(_used_up(self.caps_left(state))))

    def _call(self, state: State, node: CallNode) -> Moved:
        callee = self._library[node.blueprint]
        given = given_inputs(callee, self.arguments(state, node))
        if isinstance(given, str):
            return leave(state, node, "fail", {"status": "fail"})
        frame = Frame(blueprint=callee.name, node=callee.start, inputs=given, before=state.spent)
        return state.changed(frames=(*state.frames, frame)), callee.start

    def _end(self, state: State, status: Status) -> Moved:
        """The end of the task; or of a callee, which is the outcome of its call and never a handoff."""
        if len(state.frames) == 1:
            trouble = state.trouble if status in {"handed_off", "failed"} else None
            reason = f"{trouble.blueprint}.{trouble.node}: {trouble.outcome}" if trouble else ""
            return state.changed(ended=status, reason=reason)
        outcome = "ok" if status == "success" else "fail"
        output: dict[str, Any] = {"status": outcome}
        if outcome == "fail" and state.trouble is not None:
            output |= {"node": state.trouble.node, "outcome": state.trouble.outcome}
        back = state.changed(frames=state.frames[:-1])
        call = self._here(back)
        if not isinstance(call, CallNode):
            raise TypeError(f"`{call.name}` called nothing")
        back = with_frame(back, outputs={**back.frame.outputs, call.name: output})
        return back, call.next.after(outcome)


def _status(node: EndNode) -> Status:
    match node.status:
        case "success" | "handed_off" | "declined":
            return node.status
        case other:
            raise ValueError(f"`{other}` is no way to end")


def _used_up(left: Caps) -> str:
    return "usd" if left.usd <= 0 else "wall" if left.wall_s <= 0 else ""
