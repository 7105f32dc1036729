"""What a path may look up, of which kind it is, and whether it is tainted.

Text from people, logs, files and models is tainted. Enum, boolean and integer values are not: whatever they are
made to say, it is one of the answers that the blueprint's author foresaw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minion.blueprint.model import ActionNode, AgentNode, CallNode, Input, JudgeNode, MapNode, Node, RunNode, WaitNode
from minion.blueprint.problem import did_you_mean
from minion.blueprint.schema import NO_CHECKS, PROOFS


@dataclass(frozen=True)
class Kind:
    """`name`: enum | boolean | integer | id (made by the App or GitHub, such as a sha) | text | list | any."""

    name: str
    values: tuple[str, ...] = ()
    fields: Mapping[str, Kind] | None = None
    entry: Kind | None = None
    """Of a list's entries, where it is known."""

    @property
    def tainted(self) -> bool:
        return self.name in {"text", "list", "any"}

    def fits(self, value: Any) -> bool:
        """False for a value that is not what the kind promises; it is then tainted whatever the kind says."""
        match self.name:
            case "enum":
                return isinstance(value, str | int | bool) and case_of(value) in self.values
            case "boolean":
                return isinstance(value, bool)
            case "integer":
                return isinstance(value, int) and not isinstance(value, bool)
            case "list":
                return isinstance(value, list)
            case "id":
                return isinstance(value, str) and len(value) <= 128 and value.translate(_MARKS).isalnum()
            case _:
                return True


TEXT = Kind("text")
ANY = Kind("any")
INTEGER = Kind("integer")
BOOLEAN = Kind("boolean")
ID = Kind("id")
LIST = Kind("list")

FACTS: Mapping[str, Kind] = {
    "task.spec": ANY,
    "task.thread": ANY,
    "task.title": TEXT,
    "task.objective": TEXT,
    "task.instruction": TEXT,
    "task.author": TEXT,
    "task.number": INTEGER,
    "task.digest": ID,
    "task.allowed": ANY,
    "task.forbidden": ANY,
    "task.when_unclear": Kind("enum", ("ask", "choose", "decline")),
    "repo.map": TEXT,
    "workspace.diff": TEXT,
    "branch.diff": TEXT,
    "checks.failures": ANY,
    "review.threads": ANY,
}
"""What the host supplies, by whole path."""

CAPS: Mapping[str, Kind] = {"caps.pushes_left": INTEGER}
"""What the engine knows by itself."""

ACTION_OUTPUTS: Mapping[str, Mapping[str, Kind]] = {
    "push": {"sha": ID, "digest": ID, "reason": TEXT},
    "pr.open": {"number": INTEGER, "draft": BOOLEAN, "reason": TEXT},
    "pr.ready": {"number": INTEGER, "reason": TEXT},
    "checks.collect": {"count": INTEGER, "new_information": BOOLEAN},
    "checks.rerun": {"count": INTEGER, "reason": TEXT},
    "review.collect": {"count": INTEGER, "reason": TEXT},
    "review.reply": {"count": INTEGER, "resolved": INTEGER, "reason": TEXT},
}
_WAITS: Mapping[str, Mapping[str, Kind]] = {
    "checks.settled": {"reason": Kind("enum", NO_CHECKS), "failing": INTEGER},
}
_AGENT: Mapping[str, Kind] = {"summary": TEXT, "blocked": BOOLEAN, "question": TEXT}
_JUDGE: Mapping[str, Kind] = {"summary": TEXT, "reasons": ANY}
_RUN: Mapping[str, Kind] = {"exit_code": INTEGER, "text": TEXT}
_LISTED: Mapping[str, Kind] = {"items": LIST, "count": INTEGER}
_MAP: Mapping[str, Kind] = {
    **dict.fromkeys(("count", "kept", "skipped", "reverted", "left"), INTEGER),
    "not_kept": LIST,
    "reasons": Kind("list", entry=TEXT),
}
_CALL: Mapping[str, Kind] = {"status": Kind("enum", ("ok", "fail")), "node": ID, "outcome": ID}
_MARKS = str.maketrans("", "", "-_")
_BY_TYPE = {"integer": INTEGER, "boolean": BOOLEAN}


def case_of(value: Any) -> str:
    """A value as the key of a switch's case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Nothing:
    """The path looks up nothing."""

    message: str
    hint: str = ""


def kind_of(
    path: str, nodes: Mapping[str, Node], inputs: Mapping[str, Input], around: MapNode | None = None
) -> Kind | Nothing:
    """What `path` (without `?`) can give in a blueprint of these nodes and inputs; `around` is the map whose body looks
    it up."""
    root, *rest = path.split(".")
    match root:
        case "item":
            return _item(rest, nodes, inputs, around)
        case "inputs":
            return _input(rest, inputs)
        case "nodes":
            return _output(rest, nodes)
        case "task" | "repo" | "workspace" | "branch" | "checks" | "review" | "caps":
            known = {**FACTS, **CAPS}
            return known.get(path) or Nothing(f"`{path}` looks up nothing", did_you_mean(path, tuple(known)))
        case _:
            roots = ("task", "repo", "workspace", "branch", "checks", "review", "caps", "inputs", "nodes")
            return Nothing(f"`{path}` looks up nothing: no root `{root}`", did_you_mean(root, roots))


def _input(rest: list[str], inputs: Mapping[str, Input]) -> Kind | Nothing:
    if len(rest) != 1 or rest[0] not in inputs:
        said = ".".join(rest)
        return Nothing(f"there is no input `{said}`", did_you_mean(said, tuple(inputs)))
    return _BY_TYPE.get(inputs[rest[0]].type, TEXT)


def _item(
    rest: list[str], nodes: Mapping[str, Node], inputs: Mapping[str, Input], around: MapNode | None
) -> Kind | Nothing:
    if around is None:
        return Nothing("`item` looks up nothing here", "only the nodes within a map have an item")
    over = kind_of(around.over.path, nodes, inputs)
    kind = ANY if isinstance(over, Nothing) or over.entry is None else over.entry
    for index, part in enumerate(rest):
        if kind is ANY:
            return ANY
        if part not in (kind.fields or {}):
            shown = ".".join(("item", *rest[:index]))
            return Nothing(f"`{shown}` has no field `{part}`", did_you_mean(part, tuple(kind.fields or {})))
        kind = (kind.fields or {})[part]
    return kind


def _output(rest: list[str], nodes: Mapping[str, Node]) -> Kind | Nothing:
    name = rest[0]
    if name not in nodes:
        return Nothing(f"there is no node `{name}`", did_you_mean(name, tuple(nodes)))
    if len(rest) < 2 or rest[1] != "output":
        return Nothing(f"`nodes.{'.'.join(rest)}` looks up nothing", f"write nodes.{name}.output")
    kind = Kind("any", fields=_fields(nodes[name]))
    for index, part in enumerate(rest[2:], 2):
        fields = kind.fields or {}
        if part not in fields:
            shown = f"nodes.{'.'.join(rest[:index])}"
            return Nothing(f"`{shown}` has no field `{part}`", did_you_mean(part, tuple(fields)))
        kind = fields[part]
    return kind


def _fields(node: Node) -> Mapping[str, Kind]:
    match node:
        case AgentNode():
            return {**_AGENT, **(_schema_kind(node.output).fields or {})} if node.output else _AGENT
        case JudgeNode():
            return _JUDGE
        case RunNode():
            return {} if node.gate_only else _run(node)
        case ActionNode():
            return ACTION_OUTPUTS.get(node.uses, {})
        case WaitNode():
            return _WAITS.get(node.event, {})
        case CallNode():
            return _CALL
        case MapNode():
            return _MAP
        case _:
            return {}


def _run(node: RunNode) -> Mapping[str, Kind]:
    listed = _LISTED if node.parse in {"lines", "json"} else {}
    formats = {"changed": BOOLEAN} if node.command == "format" else {}
    return {**_RUN, **listed, **formats, **({"reason": Kind("enum", PROOFS)} if node.reproduction else {})}


def _schema_kind(schema: Mapping[str, Any]) -> Kind:
    if "enum" in schema:
        return Kind("enum", tuple(case_of(value) for value in schema["enum"]))
    if "const" in schema:
        return Kind("enum", (case_of(schema["const"]),))
    match schema.get("type"):
        case "object":
            return Kind("any", fields={name: _schema_kind(child) for name, child in schema["properties"].items()})
        case "boolean":
            return BOOLEAN
        case "integer":
            return INTEGER
        case "string":
            return TEXT
        case "array":
            return Kind("list", entry=_schema_kind(schema.get("items", {})))
        case _:
            return ANY
