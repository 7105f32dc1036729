"""What must hold between the parts of a blueprint: targets, names, look-ups, and that it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from minion.blueprint.draft import Draft
from minion.blueprint.graph import endless, next_of, reachable
from minion.blueprint.model import AgentNode, MapNode, Node, RunNode, SwitchNode
from minion.blueprint.node_rules import node_problems
from minion.blueprint.problem import Problem, did_you_mean, problem
from minion.blueprint.schema import GOOD
from minion.blueprint.source import Scalar


def problems(draft: Draft) -> Iterator[Problem]:
    """All that is wrong between the parts, in no particular order."""
    wrong = (*_doubled(draft), *_missing_targets(draft), *_entered_gates(draft))
    yield from wrong
    for node in draft.nodes.values():
        yield from node_problems(draft, node)
    if not wrong and _sound(draft):
        yield from _graph(draft)


def _sound(draft: Draft) -> bool:
    """Whether the graph is worth speaking of: told already is what lacks its way on."""
    ends = {draft.start, draft.fail} <= set(draft.nodes)
    return draft.whole and ends and all(_leads_on(node) for node in draft.every.values())


def _leads_on(node: Node) -> bool:
    leads = next_of(node)
    return leads is None or isinstance(node, SwitchNode) or bool(GOOD & set(leads.targets))


def _doubled(draft: Draft) -> Iterator[Problem]:
    seen = set(draft.names)
    for home, names in draft.bodies.items():
        for name in names:
            if name in seen:
                place = draft.tree.key("nodes", home, "nodes", name)
                yield problem(place, f"there is another node `{name}`", "names are unique in the whole blueprint")
        seen |= set(names)


def _missing_targets(draft: Draft) -> Iterator[Problem]:
    for path, names in draft.targets() if draft.names else ():
        item = draft.item(path)
        if isinstance(item, Scalar) and item.text and item.text not in names:
            yield problem(item.mark, *_nowhere(draft, item.text, names))


def _nowhere(draft: Draft, name: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Message and hint."""
    home = draft.homes.get(name)
    if names is draft.names and home is not None:
        return f"`{name}` is within the map `{home}`", f"lead to `{home}`"
    if names is not draft.names and (name in draft.names or home is not None):
        return f"`{name}` is outside of this map", "an item ends at an `end` of the map: keep, skip or revert"
    return f"there is no node `{name}`", did_you_mean(name, names)


def _entered_gates(draft: Draft) -> Iterator[Problem]:
    gates = {node.name for node in draft.every.values() if isinstance(node, RunNode) and node.gate_only}
    for path, names in draft.targets():
        item = draft.item(path)
        if isinstance(item, Scalar) and item.text in gates and item.text in names:
            said = f"`{item.text}` is `gate_only` and is never entered"
            yield problem(item.mark, said, "name it in an agent's `gate`")


def _graph(draft: Draft) -> Iterator[Problem]:
    gates = {gate for node in draft.every.values() if isinstance(node, AgentNode) for gate in node.gate}
    used = reachable(draft.nodes, draft.start) | reachable(draft.nodes, draft.fail) | gates
    yield from _reached_and_ending(draft, draft.nodes, used)
    for each in draft.maps.values():
        yield from _reached_and_ending(draft, each.nodes, reachable(each.nodes, each.start) | gates)
    yield from _late_networks(draft)


def _reached_and_ending(draft: Draft, nodes: Mapping[str, Node], used: frozenset[str]) -> Iterator[Problem]:
    for name in nodes:
        if name not in used:
            yield problem(draft.key(name), f"`{name}` is never reached")
    cycle = endless(nodes)
    if cycle:
        way = " → ".join((*cycle, cycle[0]))
        hint = "give one of its nodes `limits: {visits: N}`"
        yield problem(draft.key(cycle[0]), f"nothing ends the cycle {way}", hint)


_WRITING = frozenset({"edit", "write", "shell"})


def _late_networks(draft: Draft) -> Iterator[Problem]:
    """A node with the network may run again after an agent, at the start of a round or in a cycle: the tree is prepared
    then as it was before. It may not come first after one."""
    for name, node in draft.nodes.items():
        if not (isinstance(node, RunNode) and node.network == "open"):
            continue
        first = reachable(draft.nodes, draft.start, without=name)
        late = [agent for agent in first if _writes(draft.nodes[agent]) and name in reachable(draft.nodes, agent)]
        if late:
            said = f"an agent's work (`{min(late)}`) must not be in reach of a command with the network"
            yield problem(draft.key(name, "network"), said, f"enter `{name}` before it")


def _writes(node: Node) -> bool:
    if isinstance(node, MapNode):
        return any(_writes(inner) for inner in node.nodes.values())
    return isinstance(node, AgentNode) and bool(_WRITING & set(node.tools))
