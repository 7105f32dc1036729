"""A blueprint as a graph: its edges, what can be reached, and whether it is sure to end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from minion.blueprint.model import (
    FAILED,
    REVERT,
    ActionNode,
    AgentNode,
    CallNode,
    EndNode,
    JudgeNode,
    Limits,
    MapNode,
    Next,
    Node,
    RunNode,
    SwitchNode,
    WaitNode,
)
from minion.blueprint.schema import OUTCOMES

_NO_NODE = frozenset({FAILED, REVERT})
Nodes = Mapping[str, Node]


@dataclass(frozen=True)
class Edge:
    source: str
    outcome: str
    """Of the node, or the case of a switch (`else` for the rest)."""
    target: str
    bounded: bool
    """It can be taken only a limited number of times in a task."""


def kind(node: Node) -> str:
    match node:
        case RunNode():
            return "run"
        case AgentNode():
            return "agent"
        case JudgeNode():
            return "judge"
        case ActionNode():
            return "action"
        case WaitNode():
            return "wait"
        case SwitchNode():
            return "switch"
        case CallNode():
            return "call"
        case MapNode():
            return "map"
        case EndNode():
            return "end"


def next_of(node: Node) -> Next | None:
    """None for ends and `gate_only` nodes."""
    return None if isinstance(node, EndNode) else node.next


def limits_of(node: Node) -> Limits:
    return Limits() if isinstance(node, EndNode | SwitchNode) else node.limits


def edges(node: Node) -> Iterator[Edge]:
    """Every way out of a node, the default one too; ways that lead to no node are left out."""
    leads = next_of(node)
    if leads is None:
        return
    if isinstance(node, SwitchNode):
        cases = {**leads.targets, "else": leads.otherwise}
        ways = ((case, target) for case, target in cases.items() if target not in _NO_NODE)
        yield from (Edge(node.name, case, target, bounded=False) for case, target in ways)
        return
    for outcome in OUTCOMES[kind(node)]:
        target = leads.after(outcome)
        if target not in _NO_NODE:
            yield Edge(node.name, outcome, target, _bounded(node, outcome))


def _bounded(node: Node, outcome: str) -> bool:
    """A node with `visits` is left that many times, except as `capped`; a push succeeds at most twice in a task."""
    if outcome == "capped":
        return False
    pushed = isinstance(node, ActionNode) and node.uses == "push" and outcome == "ok"
    return pushed or limits_of(node).visits is not None


def reachable(nodes: Nodes, start: str, without: str = "") -> frozenset[str]:
    """The nodes that can be entered from `start`; with `without` taken out of the graph."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen or name == without or name not in nodes:
            continue
        seen.add(name)
        waiting += [edge.target for edge in edges(nodes[name])]
    return frozenset(seen)


def endless(nodes: Nodes) -> tuple[str, ...]:
    """A cycle that nothing bounds, as node names in order; empty when every walk ends.

    Edges that can be taken only so often are left out: between two of them a walk moves in what remains, which
    therefore must have no cycle.
    """
    ways = {name: sorted({edge.target for edge in edges(node) if not edge.bounded}) for name, node in nodes.items()}
    done: set[str] = set()
    for name in nodes:
        found = _cycle(name, ways, done)
        if found:
            return found
    return ()


def _cycle(start: str, ways: Mapping[str, list[str]], done: set[str]) -> tuple[str, ...]:
    """Depth first, without recursion: the path is held in a list."""
    path: list[str] = [start]
    left = [list(ways.get(start, ()))]
    while path:
        if path[-1] in done or not left[-1]:
            done.add(path.pop())
            left.pop()
            continue
        target = left[-1].pop()
        if target in path:
            return tuple(path[path.index(target) :])
        if target not in done:
            path.append(target)
            left.append(list(ways.get(target, ())))
    return ()
