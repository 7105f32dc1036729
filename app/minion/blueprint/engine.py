"""The engine: `apply(state, result) → state`. Pure; the same in the App, in a runner and on the command line.

A state rests at a node that a host has to execute, or has ended. Everything between two such nodes — switches, calls,
returns, caps — is walked here, so that no host has an opinion about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import ValidationError

from minion.blueprint.graph import kind, limits_of
from minion.blueprint.library import given_inputs, needed
from minion.blueprint.model import (
    FAILED,
    ActionNode,
    AgentNode,
    Blueprint,
    CallNode,
    Caps,
    EndNode,
    JudgeNode,
    Limits,
    Lookup,
    Node,
    RunNode,
    SwitchNode,
    WaitNode,
)
from minion.blueprint.paths import Nothing, case_of, kind_of
from minion.blueprint.reader import split_path
from minion.blueprint.schema import GOOD, OUTCOMES
from minion.blueprint.state import (
    ContextEntry,
    Ended,
    Found,
    Frame,
    Last,
    NodeResult,
    Pending,
    Spent,
    State,
    Status,
    Step,
    Unfit,
)
from minion.domain.errors import UsageError

Facts: TypeAlias = Mapping[str, Any]
"""Whole path (`task.spec`) to value; a value may be a `Found` that says itself whether it is tainted."""

_Moved: TypeAlias = State | tuple[State, str]
"""At rest, or on the way to the named node."""

_RESTING = (RunNode, AgentNode, JudgeNode, ActionNode, WaitNode)
_MAX_DEPTH = 4
_MAX_MOVES = 10_000
_NO_FACTS: Facts = {}


def is_work(pending: Pending) -> bool:
    """True for nodes that need the checkout: a runner executes them."""
    return isinstance(pending, RunNode | AgentNode | JudgeNode)


class Engine:
    """Over a library whose blueprints were loaded and linked (`library.assemble`)."""

    def __init__(self, library: Mapping[str, Blueprint]) -> None:
        self._library = dict(library)

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
        if not isinstance(node, _RESTING):
            raise TypeError(f"a state cannot rest at `{node.name}`")
        return node

    def apply(self, state: State, result: NodeResult) -> State:
        """The state after the pending node. An outcome that its type does not have is a bug: `ValueError`."""
        node = self.pending(state)
        if isinstance(node, Ended) or result.outcome not in OUTCOMES[kind(node)]:
            raise ValueError(f"outcome `{result.outcome}` does not belong to {node}")
        step = Step(blueprint=state.frame.blueprint, node=node.name, result=result)
        outputs = {**state.frame.outputs, node.name: result.output}
        moved = _with_frame(state, outputs=outputs).model_copy(
            update={"spent": _spend(state.spent, node, result), "log": (*state.log, step)}
        )
        return self._go(*_leave(moved, node, result.outcome, result.output))

    def caps_left(self, state: State) -> Caps:
        """The least that any blueprint on the stack still allows."""
        left = [self._left(state, frame) for frame in state.frames]
        usd = min(one.usd for one in left)
        if state.max_usd is not None:
            usd = min(usd, max(Decimal(0), state.max_usd - state.spent.usd))
        return Caps(min(one.pushes for one in left), usd, min(one.wall_s for one in left))

    def prepare_nodes(self, state: State) -> list[RunNode]:
        """What a new round has to run first: each `prepare` node that was entered, once, but for the pending one."""
        pending = _bare(self.pending(state))
        found: list[RunNode] = []
        for blueprint, name in state.prepared:
            node = self._library[blueprint].nodes[name]
            if isinstance(node, RunNode) and _bare(node) not in [pending, *map(_bare, found)]:
                found.append(node)
        return found

    def gate_nodes(self, state: State, node: AgentNode) -> list[RunNode]:
        nodes = self._blueprint(state).nodes
        return [gate for name in node.gate if isinstance(gate := nodes[name], RunNode)]

    def lookup(self, state: State, path: str, facts: Facts) -> Found | None:
        """The value at `path` (a `?` is allowed), or None where there is none yet."""
        path = split_path(path).path
        blueprint = self._blueprint(state)
        kind_there = kind_of(path, blueprint.nodes, blueprint.inputs)
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

    def restore(self, data: Mapping[str, Any]) -> State | Unfit:
        """A state from its JSON, checked; whatever the data, nothing is raised."""
        try:
            state = State.model_validate(data)
        except ValidationError as error:
            return Unfit(f"not a state: {error.error_count()} errors, first {error.errors()[0]['loc']}")
        return self.check(state) or state

    def check(self, state: State) -> Unfit | None:
        """Whether this library can go on with the state."""
        for name, digest in state.digests.items():
            if name not in self._library:
                return Unfit(f"the blueprint `{name}` is gone")
            if self._library[name].digest != digest:
                return Unfit(f"the blueprint `{name}` has changed since the task began")
        for depth, frame in enumerate(state.frames, 1):
            wanted = _RESTING if depth == len(state.frames) else (CallNode,)
            if frame.blueprint not in state.digests:
                return Unfit(f"the blueprint `{frame.blueprint}` is not among the pinned ones")
            node = self._library[frame.blueprint].nodes.get(frame.node)
            if state.ended is None and not isinstance(node, wanted):
                return Unfit(f"`{frame.blueprint}` cannot rest at `{frame.node}`")
        return None

    def replay(self, before: State, after: State) -> State | Unfit:
        """`after`, if work nodes alone lead there from `before`. A runner is not trusted to say where a task stands:
        it may say how its nodes ended, and what follows from that is worked out here again."""
        if after.log[: len(before.log)] != before.log:
            return Unfit("the log does not begin with what was known")
        state = before
        for step in after.log[len(before.log) :]:
            node = self.pending(state)
            here = (state.frame.blueprint, getattr(node, "name", ""))
            if not is_work(node) or here != (step.blueprint, step.node) or step.result.pushes:
                return Unfit(f"`{step.blueprint}.{step.node}` was not a runner's to execute")
            if isinstance(node, Ended) or step.result.outcome not in OUTCOMES[kind(node)]:
                return Unfit(f"`{step.node}` has no outcome `{step.result.outcome}`")
            state = self.apply(state, step.result)
        same = state.model_dump(mode="json") == after.model_dump(mode="json")
        return state if same else Unfit("the state does not follow from its log")

    def _blueprint(self, state: State) -> Blueprint:
        return self._library[state.frame.blueprint]

    def _here(self, state: State) -> Node:
        return self._blueprint(state).nodes[state.frame.node]

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
            case "nodes":
                value: Any = state.frame.outputs.get(rest[0])
                for part in rest[2:]:
                    value = value.get(part) if isinstance(value, dict) else None
                return value
            case _:
                return facts.get(path)

    def _go(self, state: State, target: str) -> State:
        for _ in range(_MAX_MOVES):
            moved = self._enter(state, target)
            if isinstance(moved, State):
                return moved
            state, target = moved
        raise RuntimeError(f"no rest after {_MAX_MOVES} moves near `{target}`: the blueprint was not checked")

    def _enter(self, state: State, target: str) -> _Moved:
        if target == FAILED:
            return self._end(state, "failed")
        node = self._blueprint(state).nodes[target]
        cap = self._cap_reached(state, node)
        if cap:
            return _leave(state, node, "capped", {"cap": cap})
        state = _visit(state, node)
        match node:
            case EndNode():
                return self._end(state, _status(node))
            case SwitchNode():
                found = self.lookup(state, node.value, _NO_FACTS)
                known = found is not None and not found.tainted
                return state, node.next.after(case_of(found.value)) if found and known else node.next.otherwise
            case CallNode():
                return self._call(state, node)
            case ActionNode(uses="handoff") if len(state.frames) > 1:
                return self._end(state, "handed_off")
            case _:
                return state

    def _cap_reached(self, state: State, node: Node) -> str:
        """The cap that forbids entering the node, or nothing."""
        visits = limits_of(node).visits
        if visits is not None and state.frame.visits.get(node.name, 0) >= visits:
            return "visits"
        if isinstance(node, CallNode) and len(state.frames) >= _MAX_DEPTH:
            return "depth"
        left = self.caps_left(state)
        if isinstance(node, ActionNode) and node.uses == "push" and left.pushes <= 0:
            return "pushes"
        if isinstance(node, RunNode | AgentNode | JudgeNode):
            return "usd" if left.usd <= 0 else "wall" if left.wall_s <= 0 else ""
        return ""

    def _call(self, state: State, node: CallNode) -> _Moved:
        callee = self._library[node.blueprint]
        given = given_inputs(callee, self.arguments(state, node))
        if isinstance(given, str):
            return _leave(state, node, "fail", {"status": "fail"})
        frame = Frame(blueprint=callee.name, node=callee.start, inputs=given, before=state.spent)
        return state.model_copy(update={"frames": (*state.frames, frame)}), callee.start

    def _end(self, state: State, status: Status) -> _Moved:
        """The end of the task; or of a callee, which is the outcome of its call and never a handoff."""
        if len(state.frames) == 1:
            trouble = state.trouble if status in {"handed_off", "failed"} else None
            reason = f"{trouble.blueprint}.{trouble.node}: {trouble.outcome}" if trouble else ""
            return state.model_copy(update={"ended": status, "reason": reason})
        outcome = "ok" if status == "success" else "fail"
        output: dict[str, Any] = {"status": outcome}
        if outcome == "fail" and state.trouble is not None:
            output |= {"node": state.trouble.node, "outcome": state.trouble.outcome}
        back = state.model_copy(update={"frames": state.frames[:-1]})
        call = self._here(back)
        if not isinstance(call, CallNode):
            raise TypeError(f"`{call.name}` called nothing")
        back = _with_frame(back, outputs={**back.frame.outputs, call.name: output})
        return back, call.next.after(outcome)


def _status(node: EndNode) -> Status:
    match node.status:
        case "success" | "handed_off" | "declined":
            return node.status
        case other:
            raise ValueError(f"`{other}` is no way to end")


def _with_frame(state: State, **changes: Any) -> State:
    frame = state.frame.model_copy(update=changes)
    return state.model_copy(update={"frames": (*state.frames[:-1], frame)})


def _visit(state: State, node: Node) -> State:
    visits = {**state.frame.visits, node.name: state.frame.visits.get(node.name, 0) + 1}
    place = (state.frame.blueprint, node.name)
    moved = _with_frame(state, node=node.name, visits=visits)
    if isinstance(node, RunNode) and node.prepare and place not in state.prepared:
        return moved.model_copy(update={"prepared": (*state.prepared, place)})
    return moved


def _leave(state: State, node: Node, outcome: str, output: dict[str, Any]) -> tuple[State, str]:
    """On the way out of a node, with what happened remembered."""
    last = Last(blueprint=state.frame.blueprint, node=node.name, outcome=outcome, output=output)
    told = {"last": last} if outcome in GOOD else {"last": last, "trouble": last}
    leads = None if isinstance(node, EndNode) else node.next
    if leads is None:
        raise TypeError(f"`{node.name}` leads nowhere")
    return state.model_copy(update=told), leads.after(outcome)


def _spend(spent: Spent, node: Node, result: NodeResult) -> Spent:
    pushed = isinstance(node, ActionNode) and node.uses == "push" and result.outcome == "ok"
    return Spent(
        usd=spent.usd + result.usd,
        wall_s=spent.wall_s + result.wall_s,
        pushes=spent.pushes + max(result.pushes, int(pushed)),
    )


def _bare(node: Pending) -> Pending:
    """What a run node does, without its name and place: two blueprints may both have a `setup`."""
    return replace(node, name="", next=None, limits=Limits()) if isinstance(node, RunNode) else node
