"""A blueprint as a Mermaid flowchart, which GitHub renders in Markdown.

https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/creating-diagrams
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from minion.blueprint.graph import kind, limits_of
from minion.blueprint.model import (
    FAILED,
    REVERT,
    ActionNode,
    AgentNode,
    Blueprint,
    CallNode,
    EndNode,
    JudgeNode,
    MapNode,
    Node,
    RunNode,
    SwitchNode,
    WaitNode,
)
from minion.blueprint.schema import GOOD

_CLASSES = """\
  classDef model fill:#fff3d6,stroke:#b7791f,color:#1a202c
  classDef work fill:#e6f0ff,stroke:#2b6cb0,color:#1a202c
  classDef effect fill:#e8f7ec,stroke:#2f855a,color:#1a202c
  classDef waits fill:#f3e8ff,stroke:#6b46c1,color:#1a202c"""


def mermaid(blueprint: Blueprint) -> str:
    """The flowchart's text, ending in a newline. Ways to `defaults.fail` are left out but for one arrow into it."""
    lines = ["flowchart TD", f"  start_([start]) --> {_id(blueprint.start)}"]
    for node in blueprint.nodes.values():
        lines += _drawn(node)
        if isinstance(node, MapNode):
            lines += _body(node)
    lines += [f"  otherwise([any other outcome]) -.-> {_id(blueprint.fail)}", _CLASSES]
    return "\n".join(lines) + "\n"


def _drawn(node: Node) -> Iterator[str]:
    yield f"  {_id(node.name)}{_box(node)}{_style(node)}"
    yield from _arrows(node)


def _body(node: MapNode) -> Iterator[str]:
    """A frame around the nodes of an item. https://mermaid.js.org/syntax/flowchart.html#subgraphs"""
    yield f"  {_id(node.name)} -.->|each item| {_id(node.start)}"
    yield f'  subgraph {_id(node.name)}_items["each item of {node.name}"]'
    for inner in node.nodes.values():
        yield from (f"  {line}" for line in _drawn(inner))
    yield "  end"


def _id(name: str) -> str:
    """Prefixed, because `end`, `style` and other words of Mermaid may be names of nodes; names have no capitals."""
    return "n_" + name.replace("-", "H")


def _box(node: Node) -> str:
    label = _label(node)
    match node:
        case SwitchNode():
            return f'{{"{label}"}}'
        case EndNode():
            return f'(["{label}"])'
        case CallNode() | MapNode():
            return f'[["{label}"]]'
        case WaitNode():
            return f'{{{{"{label}"}}}}'
        case RunNode() | AgentNode() | JudgeNode() | ActionNode():
            return f'["{label}"]'


def _label(node: Node) -> str:
    visits = limits_of(node).visits
    often = "" if visits is None else f", at most {visits} visits"
    return f"<b>{node.name}</b><br/>{_what(node)}{often}"


def _what(node: Node) -> str:
    match node:
        case RunNode():
            done = node.command or node.program or ("script" if node.script else "argv")
            return f"run: {done}{' (gate)' if node.gate_only else ''}"
        case ActionNode():
            return f"action: {node.uses}"
        case WaitNode():
            return f"wait: {node.event}"
        case CallNode():
            return f"call: {node.blueprint}"
        case MapNode():
            return f"map: {node.over.path}"
        case EndNode():
            return node.status
        case SwitchNode():
            return node.value
        case AgentNode() | JudgeNode():
            return kind(node)


def _style(node: Node) -> str:
    match node:
        case AgentNode() | JudgeNode():
            return ":::model"
        case RunNode() | MapNode():
            return ":::work"
        case ActionNode() | CallNode():
            return ":::effect"
        case WaitNode():
            return ":::waits"
        case SwitchNode() | EndNode():
            return ""


def _arrows(node: Node) -> Iterator[str]:
    leads = None if isinstance(node, EndNode) else node.next
    if leads is not None:
        ways: dict[str, list[str]] = defaultdict(list)
        for outcome, target in leads.targets.items():
            ways[target].append(outcome)
        if isinstance(node, SwitchNode) and leads.otherwise not in {FAILED, REVERT}:
            ways[leads.otherwise].append("else")
        for target, outcomes in ways.items():
            plain = len(outcomes) == 1 and outcomes[0] in GOOD and len(ways) == 1
            said = "" if plain else f'|"{", ".join(outcomes)}"|'
            yield f"  {_id(node.name)} -->{said} {_id(target)}"
    if isinstance(node, AgentNode):
        yield from (f"  {_id(node.name)} -.-|gate| {_id(gate)}" for gate in node.gate)
