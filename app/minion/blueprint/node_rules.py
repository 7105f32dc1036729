"""What must hold for a single node, beside what its keys may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from minion.blueprint.draft import Draft
from minion.blueprint.lookups import UNTAINTED, look, passed
from minion.blueprint.model import (
    ActionNode,
    AgentNode,
    CallNode,
    EndNode,
    JudgeNode,
    Lookup,
    MapNode,
    Node,
    RunNode,
    SwitchNode,
    WaitNode,
)
from minion.blueprint.paths import FACTS, Kind
from minion.blueprint.problem import Problem, did_you_mean, problem
from minion.blueprint.reader import Reader, split_path
from minion.blueprint.run_rules import run_problems
from minion.blueprint.schema import MOST_MCP, USES


def node_problems(draft: Draft, node: Node) -> Iterator[Problem]:
    match node:
        case RunNode():
            yield from run_problems(draft, node)
        case AgentNode():
            yield from _gates(draft, node)
            yield from _context(draft, node)
            yield from _narrows(draft, node)
            yield from _mcp(draft, node)
        case JudgeNode():
            yield from _context(draft, node)
        case ActionNode():
            yield from _action(draft, node)
        case WaitNode():
            yield from _wait(draft, node)
        case SwitchNode():
            yield from _switch(draft, node)
        case CallNode():
            yield from _call(draft, node)
        case MapNode():
            yield from _map(draft, node)
        case EndNode():
            return


def _gates(draft: Draft, node: AgentNode) -> Iterator[Problem]:
    around = draft.around(node.name)
    near: Mapping[str, Node] = {**draft.nodes, **(around.nodes if around else {})}
    gates = tuple(name for name, other in near.items() if isinstance(other, RunNode) and other.gate_only)
    for index, name in enumerate(node.gate):
        if name not in gates and not draft.is_broken(name):
            place = draft.place(node.name, "gate", index)
            yield problem(place, f"`{name}` is not a `gate_only` run node", did_you_mean(name, gates))


def _context(draft: Draft, node: AgentNode | JudgeNode) -> Iterator[Problem]:
    for index, text in enumerate(node.context):
        found = look(draft, node.name, split_path(text), ("context", index))
        if isinstance(found, Problem):
            yield found


_LIST_OF_TEXT: Final = "an array of strings: {type: array, items: {type: string}}"


def _narrows(draft: Draft, node: AgentNode) -> Iterator[Problem]:
    if node.narrows is None or ("output" in draft.keys(node.name) and node.output is None):
        return
    place = draft.place(node.name, "narrows")
    fields: Mapping[str, Any] = (node.output or {}).get("properties", {})
    if node.narrows not in fields:
        hint = did_you_mean(node.narrows, tuple(fields)) or f"`output` needs a field that is {_LIST_OF_TEXT}"
        yield problem(place, f"`output` has no field `{node.narrows}`", hint)
        return
    wanted = fields[node.narrows]
    if wanted.get("type") != "array" or wanted.get("items", {}).get("type") != "string":
        yield problem(place, f"`{node.narrows}` is no list of patterns", f"it must be {_LIST_OF_TEXT}")
    if draft.around(node.name) is not None:
        key = draft.key(node.name, "narrows")
        yield problem(key, "a node within a map narrows nothing", "the scope holds for the whole task")


_SERVED: Final = re.compile(r"[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_./-]{1,128}")


def _mcp(draft: Draft, node: AgentNode) -> Iterator[Problem]:
    """Whether the repository has reviewed them is known in a run only."""
    for index, name in enumerate(node.mcp):
        place = draft.place(node.name, "mcp", index)
        if not _SERVED.fullmatch(name):
            yield problem(place, f"`{name}` names no tool of an MCP server", "write it as `server.tool`")
        elif name in node.mcp[:index]:
            yield problem(place, f"`{name}` is listed twice")
    if len(node.mcp) > MOST_MCP:
        key = draft.key(node.name, "mcp")
        yield problem(key, f"{len(node.mcp)} tools of MCP servers", f"a node may have {MOST_MCP}")


def _action(draft: Draft, node: ActionNode) -> Iterator[Problem]:
    known = USES[node.uses]
    for name, value in node.arguments.items():
        at = ("nodes", node.name, "with", name)
        if name not in known:
            message = f"`{node.uses}` has no parameter `{name}`"
            hint = did_you_mean(name, tuple(known)) if known else "it has none"
            yield problem(draft.tree.key(*at), message, hint)
        elif isinstance(value, Lookup):
            yield from passed(draft, node.name, value, name, tainted=known[name].text)
        else:
            yield from _literal(draft, at, known[name])


def _literal(draft: Draft, at: tuple[str, ...], shape: Any) -> Iterator[Problem]:
    item = draft.item(at)
    if item is not None:
        reader = Reader()
        reader.read(item, shape, ".".join(at))
        yield from reader.problems


def _wait(draft: Draft, node: WaitNode) -> Iterator[Problem]:
    if node.event == "checks.settled" and "from" in draft.keys(node.name):
        place = draft.key(node.name, "from")
        yield problem(place, "`checks.settled` comes from no person", "`from` is for reply and approval")


def _switch(draft: Draft, node: SwitchNode) -> Iterator[Problem]:
    place = draft.place(node.name, "value")
    if node.value in FACTS:
        yield problem(place, f"a switch cannot look up `{node.value}`", "it sees nodes, inputs and caps")
        return
    found = look(draft, node.name, Lookup(node.value, optional=True), ("value",))
    if isinstance(found, Problem):
        yield found
    elif found is not None and found.tainted:
        yield problem(place, f"`{node.value}` is tainted; a switch takes untainted values", UNTAINTED)
    elif found is not None:
        yield from _cases(draft, node, found)


def _cases(draft: Draft, node: SwitchNode, found: Kind) -> Iterator[Problem]:
    values = ("true", "false") if found.name == "boolean" else found.values
    for case in node.next.targets:
        if found.name == "integer" and not case.removeprefix("-").isdecimal():
            yield problem(draft.key(node.name, "cases", case), f"`{node.value}` is a whole number, never `{case}`")
        if values and case not in values:
            at = draft.key(node.name, "cases", case)
            yield problem(at, f"`{node.value}` is never `{case}`", did_you_mean(case, values))
    left = [value for value in values if value not in node.next.targets]
    if "else" not in draft.keys(node.name) and (left or not values):
        said = f"`{'`, `'.join(left)}`" if left else "all other values"
        yield problem(draft.key(node.name, "cases"), f"the cases do not cover {said}", "add `else`")


def _call(draft: Draft, node: CallNode) -> Iterator[Problem]:
    """Whether the callee takes these inputs is checked when blueprints are put together (`library.link`)."""
    for name, value in node.arguments.items():
        if isinstance(value, Lookup):
            yield from passed(draft, node.name, value, name, tainted=True)


def _map(draft: Draft, node: MapNode) -> Iterator[Problem]:
    place = draft.place(node.name, "over")
    if not node.over.path.startswith("nodes."):
        yield problem(place, f"a map cannot go over `{node.over.path}`", "it goes over a list that a node gave")
        return
    found = look(draft, node.name, node.over, ("over",))
    if isinstance(found, Problem):
        yield found
    elif found is not None and found.name != "list":
        hint = "an array of an agent's output, or the `items` of a run node with `parse: lines`"
        yield problem(place, f"`{node.over.path}` is no list", hint)
    for inner in node.nodes.values():
        yield from node_problems(draft, inner)
    kept = any(isinstance(end, EndNode) and end.status == "keep" for end in node.nodes.values())
    if draft.whole and not kept:
        hint = "add {type: end, status: keep}"
        yield problem(draft.key(node.name, "nodes"), f"no way through `{node.name}` keeps an item", hint)
