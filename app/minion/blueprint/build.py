"""Turns what was read into nodes. A node that lacks something needed is left out; its problem is told already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minion.blueprint.model import (
    FAILED,
    REVERT,
    ActionNode,
    AgentNode,
    CallNode,
    Caps,
    EndNode,
    Input,
    JudgeNode,
    Limits,
    MapNode,
    Next,
    Node,
    RunNode,
    SwitchNode,
    WaitNode,
    WritePaths,
)
from minion.blueprint.reader import table
from minion.blueprint.schema import BLUEPRINT, NODES

Read = Mapping[str, Any]


def caps(read: Read) -> Caps:
    standard = Caps()
    return Caps(
        pushes=read.get("pushes", standard.pushes),
        usd=read.get("usd", standard.usd),
        wall_s=read.get("wall", standard.wall_s),
    )


def inputs(read: Read) -> dict[str, Input]:
    return {
        name: Input(entry["type"], entry.get("required", False), entry.get("default"))
        for name, entry in read.items()
        if "type" in entry
    }


def node(name: str, read: Read, fail: str, agent_defaults: Read) -> Node | None:
    """None where a required key is missing or broken."""
    kind = read.get("type")
    if kind is None or not _complete(read, kind):
        return None
    if kind == "map":
        return _map(name, read, fail, agent_defaults)
    defaults = agent_defaults if kind == "agent" else {}
    return _BUILDERS[kind](name, {**defaults, **read}, fail)


def complete(read: Read) -> bool:
    return all(key in read for key, wanted in BLUEPRINT.keys.items() if wanted.required)


def _complete(read: Read, kind: str) -> bool:
    return all(key in read for key, wanted in NODES.records[kind].keys.items() if wanted.required)


def _limits(read: Read) -> Limits:
    found = table(read, "limits")
    return Limits(found.get("turns"), found.get("usd"), found.get("wall"), found.get("visits"))


def _next(name: str, read: Read, fail: str) -> Next:
    """What fails on the way of failing ends the task: the fail target itself and every handoff."""
    last = name == fail or read.get("uses") == "handoff"
    return Next(dict(read.get("next", {})), FAILED if last else fail)


def _given(read: Read, *names: str) -> dict[str, Any]:
    """Only what was written, so that the model's own defaults hold for the rest."""
    return {name: read[name] for name in names if name in read}


def _run(name: str, read: Read, fail: str) -> RunNode:
    gate_only = read.get("gate_only", False)
    return RunNode(
        name=name,
        next=None if gate_only else _next(name, read, fail),
        limits=_limits(read),
        **_given(read, *_RUN),
    )


_RUN = (
    "argv",
    "script",
    "program",
    "command",
    "autofix",
    "parse",
    "env",
    "reproduction",
    "prepare",
    "gate_only",
    "network",
)


def _agent(name: str, read: Read, fail: str) -> AgentNode:
    write = table(read, "write")
    return AgentNode(
        name=name,
        next=_next(name, read, fail),
        write=WritePaths(write.get("allow", ()), write.get("protect", ())),
        limits=_limits(read),
        **_given(read, *_AGENT),
    )


_AGENT = ("goal", "context", "tools", "mcp", "model", "effort", "rules", "output", "gate", "repair", "narrows")


def _judge(name: str, read: Read, fail: str) -> JudgeNode:
    given = _given(read, "criteria", "context", "model", "effort")
    return JudgeNode(name=name, next=_next(name, read, fail), limits=_limits(read), **given)


def _action(name: str, read: Read, fail: str) -> ActionNode:
    return ActionNode(name, _next(name, read, fail), read["uses"], table(read, "with"), _limits(read))


def _wait(name: str, read: Read, fail: str) -> WaitNode:
    standard = WaitNode(name, _next(name, read, fail), read["event"])
    return WaitNode(
        name,
        standard.next,
        standard.event,
        source=read.get("from", standard.source),
        timeout_s=read.get("timeout", standard.timeout_s),
        limits=_limits(read),
    )


def _switch(name: str, read: Read, fail: str) -> SwitchNode:
    return SwitchNode(name, Next(dict(read["cases"]), read.get("else", fail)), read["value"].path)


def _call(name: str, read: Read, fail: str) -> CallNode:
    return CallNode(name, _next(name, read, fail), read["blueprint"], table(read, "with"), _limits(read))


def _map(name: str, read: Read, fail: str, agent_defaults: Read) -> MapNode:
    """Body nodes that lack something needed are left out, as outside."""
    body = {inner: node(inner, entry, REVERT, agent_defaults) for inner, entry in read["nodes"].items()}
    return MapNode(
        name=name,
        next=_next(name, read, fail),
        over=read["over"],
        start=read["start"],
        nodes={inner: built for inner, built in body.items() if built is not None},
        limits=_limits(read),
        **_given(read, "most"),
    )


def _end(name: str, read: Read, _fail: str) -> EndNode:
    return EndNode(name, read["status"])


_BUILDERS: Mapping[str, Callable[[str, Read, str], Node]] = {
    "run": _run,
    "agent": _agent,
    "judge": _judge,
    "action": _action,
    "wait": _wait,
    "switch": _switch,
    "call": _call,
    "end": _end,
}
