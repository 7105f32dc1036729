"""A dry run in words: what each step of a walk would do, and what it may still cost afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from minion.blueprint.engine import Engine
from minion.blueprint.graph import kind
from minion.blueprint.model import (
    ActionNode,
    AgentNode,
    Caps,
    JudgeNode,
    Limits,
    Lookup,
    MapNode,
    RunNode,
    WaitNode,
)
from minion.blueprint.state import State
from minion.blueprint.walk import Pace

Command = Callable[[RunNode], str]
"""The command line that a run node means in this checkout, in words."""
_SHOWN = 160
_EVENTS: Mapping[str, str] = {
    "checks.settled": "the checks of the pushed commit to settle",
    "reply": "somebody with {source} permission to reply",
    "approval": "somebody with {source} permission to approve",
}


@dataclass(frozen=True)
class Deed:
    """One step of a dry run."""

    blueprint: str
    node: str
    type: str
    visit: int
    does: tuple[str, ...]
    """In words; the first line says what is done, the others how."""
    outcome: str
    assumed: bool
    """The outcome was not given: the good one."""
    left: Caps
    """Of the caps, after it."""


def deeds(engine: Engine, walked: Iterable[Pace], command: Command, branch: str) -> Iterator[Deed]:
    for pace in walked:
        stop = pace.stop
        yield Deed(
            blueprint=stop.blueprint,
            node=stop.node,
            type=kind(pace.node),
            visit=pace.visit,
            does=tuple(_does(engine, pace, command, branch)),
            outcome=stop.outcome,
            assumed=stop.assumed,
            left=engine.caps_left(pace.before if pace.after.ended else pace.after),
        )


def _does(engine: Engine, pace: Pace, command: Command, branch: str) -> Iterator[str]:
    node = pace.node
    match node:
        case RunNode():
            yield from _run(engine, pace.before, node, command)
        case AgentNode():
            yield from _agent(engine, pace.before, node, command)
        case JudgeNode():
            yield f"asks a fresh {node.model} model to judge the change: {', '.join(node.criteria)}"
            yield from _sees(node.context)
        case ActionNode():
            yield _effect(engine.arguments(pace.before, node), node, branch)
        case WaitNode():
            yield f"waits for {_EVENTS[node.event].format(source=node.source)}, at most {duration(node.timeout_s)}"
        case MapNode():
            yield _item(engine, pace.before)
        case _:
            raise TypeError(f"nothing rests at `{node.name}`")


def _run(engine: Engine, state: State, node: RunNode, command: Command) -> Iterator[str]:
    where = "with the network, before any task text is in reach" if node.network == "open" else "in the box"
    yield f"runs {command(node)} {where}{_limits(node.limits)}"
    if node.autofix:
        yield f"runs the repository's `{node.autofix}` before it"
    if node.prepare:
        yield "runs it again at the start of every round"
    if node.reproduction:
        yield "passes only if the tests of the change fail without the rest of it"
    for name, value in engine.environment(state, node).items():
        yield f"with {name}={cut(value)}"


def _agent(engine: Engine, state: State, node: AgentNode, command: Command) -> Iterator[str]:
    yield f"asks the {node.model} model{_limits(node.limits)}: {cut(node.goal)}"
    yield f"gives it {', '.join((*node.tools, *node.mcp)) or 'no tools'}"
    if node.write.allow or node.write.protect:
        allowed = ", ".join(node.write.allow) or "everything"
        yield f"lets it change {allowed}" + (f", but not {', '.join(node.write.protect)}" if node.write.protect else "")
    yield from _sees(node.context)
    for gate in engine.gate_nodes(state, node):
        yield f"takes its word only when {command(gate)} passes"


def _sees(context: Sequence[str]) -> Iterator[str]:
    if context:
        yield f"shows it {', '.join(context)}"


def _effect(arguments: Mapping[str, Any], node: ActionNode, branch: str) -> str:
    match node.uses:
        case "push":
            return f"pushes one commit to {branch}, when the gate lets it pass"
        case "pr.open":
            return f"opens a {'draft ' if arguments.get('draft') else ''}pull request from {branch}"
        case "pr.ready":
            return "marks the pull request as ready, and asks for reviews"
        case "comment":
            return f"comments ({arguments.get('template', 'note')}): {_said(arguments, node)}"
        case "checks.collect":
            return "collects the checks that fail, with their logs"
        case "checks.rerun":
            return "has the failed checks run again"
        case "review.collect":
            return "collects the review threads that are not resolved"
        case "review.reply":
            return "answers in the review threads"
        case "handoff":
            return f"hands over to a person: {branch} as it is, and what was found"
        case other:
            return f"does `{other}`"


def _said(arguments: Mapping[str, Any], node: ActionNode) -> str:
    written = node.arguments.get("text", "")
    text = str(arguments.get("text", ""))
    return cut(text) or (f"the text of {written.path}" if isinstance(written, Lookup) else "no text")


def _item(engine: Engine, state: State) -> str:
    step = engine.map_step(state)
    if step.phase == "undo":
        return f"takes back what was changed for {cut(str(step.item))}"
    return f"begins item {step.index + 1} of {step.count}: {cut(str(step.item))}"


def _limits(limits: Limits) -> str:
    said = [
        f"{limits.turns} turns" if limits.turns else "",
        dollars(limits.usd) if limits.usd is not None else "",
        duration(limits.wall_s) if limits.wall_s is not None else "",
    ]
    told = ", ".join(one for one in said if one)
    return f" (at most {told})" if told else ""


def dollars(amount: Decimal) -> str:
    return f"${amount:f}"


def duration(seconds: float) -> str:
    """`90 s`, `10 min`, `2 h`, `7 d`: in the largest unit that divides it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:g} s"


def pushes(count: int) -> str:
    return f"{count} push" if count == 1 else f"{count} pushes"


def cut(text: str) -> str:
    """One line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


def caps(left: Caps) -> str:
    return f"{pushes(left.pushes)}, {dollars(left.usd)}, {duration(left.wall_s)}"


def node_column(deed: Deed, started: str) -> str:
    """The node, with its blueprint where that is a callee, and its visit where that is not the first."""
    name = deed.node if deed.blueprint == started else f"{deed.blueprint}.{deed.node}"
    return name if deed.visit == 1 else f"{name} ({deed.visit})"
