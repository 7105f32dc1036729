"""What must hold between the parts of a blueprint: targets, gates, cases, look-ups, taint, and that it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from minion.blueprint.graph import endless, next_of, reachable
from minion.blueprint.model import (
    ActionNode,
    AgentNode,
    CallNode,
    Input,
    JudgeNode,
    Lookup,
    Node,
    RunNode,
    SwitchNode,
    WaitNode,
)
from minion.blueprint.paths import FACTS, Kind, Nothing, kind_of
from minion.blueprint.problem import Problem, did_you_mean, problem
from minion.blueprint.reader import Reader, split_path
from minion.blueprint.schema import GOOD, NODES, USES
from minion.blueprint.source import Entries, Item, Scalar


@dataclass(frozen=True)
class Draft:
    """A blueprint whose single values are read; `nodes` lacks those that were broken."""

    tree: Entries
    names: tuple[str, ...]
    """All node names, the broken ones too."""
    nodes: Mapping[str, Node]
    inputs: Mapping[str, Input]
    start: str
    fail: str

    @property
    def whole(self) -> bool:
        """Every node could be read: only then does it make sense to speak of the graph."""
        return len(self.names) == len(self.nodes)


def problems(draft: Draft) -> Iterator[Problem]:
    """All that is wrong between the parts, in no particular order."""
    missing = tuple(_missing_targets(draft))
    yield from missing
    for node in draft.nodes.values():
        yield from _node(draft, node)
    if not missing and _sound(draft):
        yield from _graph(draft)


def _sound(draft: Draft) -> bool:
    """Whether the graph is worth speaking of: told already is what lacks its way on."""
    ends = {draft.start, draft.fail} <= set(draft.nodes)
    return draft.whole and ends and all(_leads_on(node) for node in draft.nodes.values())


def _leads_on(node: Node) -> bool:
    leads = next_of(node)
    return leads is None or isinstance(node, SwitchNode) or bool(GOOD & set(leads.targets))


def _missing_targets(draft: Draft) -> Iterator[Problem]:
    for path in _target_paths(draft) if draft.names else ():
        item = _item(draft.tree, path)
        if isinstance(item, Scalar) and item.text and item.text not in draft.names:
            name = item.text
            yield problem(item.mark, f"there is no node `{name}`", did_you_mean(name, draft.names))
    for node in draft.nodes.values():
        if isinstance(node, RunNode) and node.gate_only:
            yield from _entered_gate(draft, node.name)


def _target_paths(draft: Draft) -> Iterator[tuple[str, ...]]:
    yield ("start",)
    yield ("defaults", "fail")
    for name in draft.nodes:
        for key in ("next", "cases", "else"):
            found = _item(draft.tree, ("nodes", name, key))
            if isinstance(found, Entries):
                yield from (("nodes", name, key, outcome) for outcome in found.items)
            elif found is not None:
                yield ("nodes", name, key)


def _item(tree: Entries, path: tuple[str, ...]) -> Item | None:
    found: Item | None = tree
    for part in path:
        found = found.items.get(part) if isinstance(found, Entries) else None
    return found


def _entered_gate(draft: Draft, gate: str) -> Iterator[Problem]:
    for path in _target_paths(draft):
        item = _item(draft.tree, path)
        if isinstance(item, Scalar) and item.text == gate:
            yield problem(item.mark, f"`{gate}` is `gate_only` and is never entered", "name it in an agent's `gate`")


def _node(draft: Draft, node: Node) -> Iterator[Problem]:
    match node:
        case RunNode():
            yield from _run(draft, node)
        case AgentNode():
            yield from _gates(draft, node)
            yield from _context(draft, node)
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
        case _:
            return


def _run(draft: Draft, node: RunNode) -> Iterator[Problem]:
    place = draft.tree.place("nodes", node.name)
    keys = _keys(draft, node.name)
    given = [key for key in ("argv", "script", "command") if key in keys]
    misspelt = keys.keys() - NODES.records["run"].keys.keys()
    if len(given) > 1 or not (given or misspelt):
        said = "none of them is given" if not given else f"`{'` and `'.join(given)}` are given"
        yield problem(place, f"`{node.name}` needs one of `argv`, `script`, `command`; {said}")
    if node.network == "open" and not node.prepare:
        here = draft.tree.place("nodes", node.name, "network")
        yield problem(here, "`network: open` is for nodes that prepare", "add `prepare: true`")
    if node.gate_only and "next" in _keys(draft, node.name):
        yield problem(draft.tree.key("nodes", node.name, "next"), "a `gate_only` node has no `next`")
    if not node.gate_only and "next" not in _keys(draft, node.name):
        yield problem(place, f"`{node.name}` lacks `next`", "or add `gate_only: true`")


def _keys(draft: Draft, name: str) -> Mapping[str, Item]:
    found = _item(draft.tree, ("nodes", name))
    return found.items if isinstance(found, Entries) else {}


def _gates(draft: Draft, node: AgentNode) -> Iterator[Problem]:
    gates = tuple(name for name, other in draft.nodes.items() if isinstance(other, RunNode) and other.gate_only)
    for index, name in enumerate(node.gate):
        if name in draft.names and name not in draft.nodes:
            continue
        if name not in gates:
            place = draft.tree.place("nodes", node.name, "gate", index)
            yield problem(place, f"`{name}` is not a `gate_only` run node", did_you_mean(name, gates))


def _context(draft: Draft, node: AgentNode | JudgeNode) -> Iterator[Problem]:
    for index, text in enumerate(node.context):
        found = _look(draft, node.name, split_path(text), ("context", index))
        if isinstance(found, Problem):
            yield found


def _look(draft: Draft, node: str, lookup: Lookup, at: tuple[str | int, ...]) -> Kind | Problem | None:
    """The kind of a look-up; None when it leads to a node that could not be read."""
    place = draft.tree.place("nodes", node, *at)
    parts = lookup.path.split(".")
    if parts[0] == "nodes" and parts[1] in draft.names and parts[1] not in draft.nodes:
        return None
    found = kind_of(lookup.path, draft.nodes, draft.inputs)
    if isinstance(found, Nothing):
        return problem(place, found.message, found.hint)
    early = not lookup.optional and draft.whole and parts[0] == "nodes" and _may_precede(draft, node, parts[1])
    if early:
        return problem(place, f"`{parts[1]}` may not have run before `{node}`", f"write {lookup.path}?")
    return found


def _may_precede(draft: Draft, node: str, needed: str) -> bool:
    """Whether `node` can be entered without `needed` having been left."""
    return node == needed or node in reachable(draft.nodes, draft.start, without=needed)


def _action(draft: Draft, node: ActionNode) -> Iterator[Problem]:
    known = USES[node.uses]
    for name, value in node.arguments.items():
        at = ("nodes", node.name, "with", name)
        if name not in known:
            message = f"`{node.uses}` has no parameter `{name}`"
            hint = did_you_mean(name, tuple(known)) if known else "it has none"
            yield problem(draft.tree.key(*at), message, hint)
        elif isinstance(value, Lookup):
            yield from _passed(draft, node.name, value, name, tainted=known[name].text)
        else:
            yield from _literal(draft, at, known[name])


def _literal(draft: Draft, at: tuple[str, ...], shape: Any) -> Iterator[Problem]:
    item = _item(draft.tree, at)
    if item is not None:
        reader = Reader()
        reader.read(item, shape, ".".join(at))
        yield from reader.problems


def _passed(draft: Draft, node: str, value: Lookup, name: str, *, tainted: bool) -> Iterator[Problem]:
    if value.path in FACTS:
        place = draft.tree.place("nodes", node, "with", name)
        yield problem(place, f"`with` cannot look up `{value.path}`", "it sees nodes, inputs and caps")
        return
    found = _look(draft, node, value, ("with", name))
    if isinstance(found, Problem):
        yield found
    elif found is not None and found.tainted and not tainted:
        place = draft.tree.place("nodes", node, "with", name)
        yield problem(place, f"`{name}` takes no tainted value, and `{value.path}` is one", _UNTAINTED)


_UNTAINTED = "enum, boolean and integer values are untainted"


def _wait(draft: Draft, node: WaitNode) -> Iterator[Problem]:
    if node.event == "checks.settled" and "from" in _keys(draft, node.name):
        place = draft.tree.key("nodes", node.name, "from")
        yield problem(place, "`checks.settled` comes from no person", "`from` is for reply and approval")


def _switch(draft: Draft, node: SwitchNode) -> Iterator[Problem]:
    place = draft.tree.place("nodes", node.name, "value")
    if node.value in FACTS:
        yield problem(place, f"a switch cannot look up `{node.value}`", "it sees nodes, inputs and caps")
        return
    found = _look(draft, node.name, Lookup(node.value, optional=True), ("value",))
    if isinstance(found, Problem):
        yield found
    elif found is not None and found.tainted:
        yield problem(place, f"`{node.value}` is tainted; a switch takes untainted values", _UNTAINTED)
    elif found is not None:
        yield from _cases(draft, node, found)


def _cases(draft: Draft, node: SwitchNode, found: Kind) -> Iterator[Problem]:
    values = ("true", "false") if found.name == "boolean" else found.values
    for case in node.next.targets:
        if found.name == "integer" and not case.removeprefix("-").isdecimal():
            at = draft.tree.key("nodes", node.name, "cases", case)
            yield problem(at, f"`{node.value}` is a whole number, never `{case}`")
        if values and case not in values:
            at = draft.tree.key("nodes", node.name, "cases", case)
            yield problem(at, f"`{node.value}` is never `{case}`", did_you_mean(case, values))
    left = [value for value in values if value not in node.next.targets]
    if "else" not in _keys(draft, node.name) and (left or not values):
        said = f"`{'`, `'.join(left)}`" if left else "all other values"
        yield problem(draft.tree.key("nodes", node.name, "cases"), f"the cases do not cover {said}", "add `else`")


def _call(draft: Draft, node: CallNode) -> Iterator[Problem]:
    """Whether the callee takes these inputs is checked when blueprints are put together (`library.link`)."""
    for name, value in node.arguments.items():
        if isinstance(value, Lookup):
            yield from _passed(draft, node.name, value, name, tainted=True)


def _graph(draft: Draft) -> Iterator[Problem]:
    used = reachable(draft.nodes, draft.start) | reachable(draft.nodes, draft.fail)
    gates = {gate for node in draft.nodes.values() if isinstance(node, AgentNode) for gate in node.gate}
    for name in draft.names:
        if name not in used and name not in gates:
            yield problem(draft.tree.key("nodes", name), f"`{name}` is never reached")
    cycle = endless(draft.nodes)
    if cycle:
        way = " → ".join((*cycle, cycle[0]))
        place = draft.tree.key("nodes", cycle[0])
        yield problem(place, f"nothing ends the cycle {way}", "give one of its nodes `limits: {visits: N}`")
