"""What a node of a draft may look up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from minion.blueprint.draft import Draft
from minion.blueprint.graph import reachable
from minion.blueprint.model import AgentNode, Lookup, Node, RunNode
from minion.blueprint.paths import FACTS, Kind, Nothing, kind_of
from minion.blueprint.problem import Problem, problem

UNTAINTED = "enum, boolean and integer values are untainted"


def look(draft: Draft, node: str, lookup: Lookup, at: tuple[str | int, ...]) -> Kind | Problem | None:
    """The kind of a look-up; None when it leads to a node that could not be read."""
    place = draft.place(node, *at)
    root, *rest = lookup.path.split(".")
    if root == "nodes" and draft.is_broken(rest[0]):
        return None
    home = draft.homes.get(rest[0]) if root == "nodes" and rest[0] not in draft.names else None
    if home is not None and home != _home(draft, node):
        said = f"`{rest[0]}` is within the map `{home}`: what it said of an item is forgotten after the item"
        return problem(place, said, f"nodes.{home}.output says how the items went")
    found = kind_of(lookup.path, draft.every, draft.inputs, draft.around(node))
    if isinstance(found, Nothing):
        return problem(place, found.message, found.hint)
    if not lookup.optional and draft.whole and root == "nodes" and _may_precede(draft, node, rest[0]):
        return problem(place, f"`{rest[0]}` may not have run before `{node}`", f"write {lookup.path}?")
    return found


def passed(draft: Draft, node: str, value: Lookup, name: str, *, tainted: bool) -> Iterator[Problem]:
    """What is wrong with a look-up under `with`."""
    place = draft.place(node, "with", name)
    if value.path in FACTS:
        yield problem(place, f"`with` cannot look up `{value.path}`", "it sees nodes, inputs and caps")
        return
    found = look(draft, node, value, ("with", name))
    if isinstance(found, Problem):
        yield found
    elif found is not None and found.tainted and not tainted:
        yield problem(place, f"`{name}` takes no tainted value, and `{value.path}` is one", UNTAINTED)


def _home(draft: Draft, node: str) -> str | None:
    around = draft.around(node)
    return None if around is None else around.name


def _may_precede(draft: Draft, node: str, needed: str) -> bool:
    """Whether `node` can be entered without `needed` having been left. A gate runs where an agent names it."""
    gate = draft.every.get(node)
    if isinstance(gate, RunNode) and gate.gate_only:
        users = [agent.name for agent in draft.every.values() if isinstance(agent, AgentNode) and node in agent.gate]
        return any(_may_precede(draft, user, needed) for user in users)
    around = draft.around(node)
    if around is None:
        return _reached(draft.nodes, draft.start, node, needed)
    if needed in around.nodes:
        return _reached(around.nodes, around.start, node, needed)
    return _reached(draft.nodes, draft.start, around.name, needed)


def _reached(nodes: Mapping[str, Node], start: str, node: str, without: str) -> bool:
    return node == without or node in reachable(nodes, start, without=without)
