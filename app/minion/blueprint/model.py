"""A loaded blueprint: frozen, checked, ready for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Per visit of a node, except `visits`, which counts entries. None: no limit of its own."""

    turns: int | None = None
    usd: Decimal | None = None
    wall_s: float | None = None
    visits: int | None = None


@dataclass(frozen=True)
class Caps:
    """For the whole task. `wall_s` is runner time: waiting is free. `pushes` is at most 2."""

    pushes: int = 2
    usd: Decimal = Decimal(6)
    wall_s: float = 3 * 3600.0


FAILED = "!failed"
"""Where the bad outcomes of the fail path itself lead: not a node, the task ends `failed`."""

REVERT = "!revert"
"""Where unmapped bad outcomes lead in the body of a map: not a node, what was done for the item is undone."""


@dataclass(frozen=True)
class Next:
    """Outcome (or a switch's value) to node name; what is not in `targets` goes to `otherwise`."""

    targets: Mapping[str, str]
    otherwise: str
    """A node, `FAILED` or `REVERT`."""

    def after(self, outcome: str) -> str:
        return self.targets.get(outcome, self.otherwise)


@dataclass(frozen=True)
class Lookup:
    """`${{ path }}`: one whole value, looked up when it is needed. Nothing is computed."""

    path: str
    """Without the `?`."""
    optional: bool = False


@dataclass(frozen=True)
class RunNode:
    name: str
    next: Next | None
    """None for `gate_only` nodes: they are never entered by the engine."""
    argv: tuple[str, ...] = ()
    script: str | None = None
    program: str | None = None
    """Name of a file in `programs/` beside the blueprint."""
    program_text: str = ""
    command: str | None = None
    """setup | lint | format | test: the repository's own, configured or detected."""
    autofix: str | None = None
    """The command name that is run before the check itself, for example `format`."""
    parse: str | None = None
    """How the report is read; `lines`, and `json` where it is a list, give `items` and `count`."""
    env: Mapping[str, str | int | bool | Lookup] = field(default_factory=dict)
    """Environment of the command in the box; `Engine.environment` gives the values."""
    reproduction: bool = False
    """It passes only when the tests of the change fail without the rest of the change, and pass with it."""
    prepare: bool = False
    gate_only: bool = False
    network: str = "none"
    """none: in the box. open: outside of it with the network, before any task text is in reach."""
    limits: Limits = Limits()


@dataclass(frozen=True)
class WritePaths:
    allow: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()


@dataclass(frozen=True)
class AgentNode:
    name: str
    next: Next
    goal: str
    context: tuple[str, ...] = ()
    """Paths to look up (`task.spec`, `nodes.judge.output?`)."""
    tools: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()
    """Tools of MCP servers, each `server.tool`; those that the repository has reviewed are there."""
    write: WritePaths = WritePaths()
    model: str = "standard"
    effort: str = "high"
    rules: str = "auto"
    output: Mapping[str, Any] | None = None
    """JSON Schema of `finish`'s `output`, when the node has to answer with values."""
    gate: tuple[str, ...] = ()
    """Names of `gate_only` run nodes that must pass on the current tree before `finish` is accepted."""
    repair: int = 3
    narrows: str | None = None
    """The field of `output`, a list of gitignore patterns, that narrows the task's scope from then on."""
    limits: Limits = Limits()


@dataclass(frozen=True)
class JudgeNode:
    name: str
    next: Next
    criteria: tuple[str, ...]
    context: tuple[str, ...] = ()
    model: str = "standard"
    effort: str = "high"
    limits: Limits = Limits()


@dataclass(frozen=True)
class ActionNode:
    name: str
    next: Next
    uses: str
    """push | pr.open | pr.ready | comment | checks.collect | checks.rerun | handoff"""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Literals and `Lookup`s; `Engine.arguments` gives the values."""
    limits: Limits = Limits()


@dataclass(frozen=True)
class WaitNode:
    name: str
    next: Next
    event: str
    """checks.settled | reply | approval"""
    source: str = "write"
    """The permission that the person who replies or approves must have."""
    timeout_s: float = 7200.0
    limits: Limits = Limits()


@dataclass(frozen=True)
class SwitchNode:
    name: str
    next: Next
    value: str
    """The path inside `${{ }}`."""


@dataclass(frozen=True)
class CallNode:
    name: str
    next: Next
    blueprint: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()


@dataclass(frozen=True)
class EndNode:
    name: str
    status: str
    """success | handed_off | declined; in the body of a map: keep | skip | revert"""


@dataclass(frozen=True)
class MapNode:
    """The same sub-graph for each item of a list. All of it is work: a runner carries it out within one round."""

    name: str
    next: Next
    over: Lookup
    """The list."""
    start: str
    """The first node of the body."""
    nodes: Mapping[str, Node]
    """The body: run, agent, judge, switch and end nodes; their names are unique in the whole blueprint."""
    most: int = 1000
    """Items beyond are not taken."""
    limits: Limits = Limits()


Node = RunNode | AgentNode | JudgeNode | ActionNode | WaitNode | SwitchNode | CallNode | MapNode | EndNode


@dataclass(frozen=True)
class Input:
    type: str
    """integer | boolean | string; a string is tainted."""
    required: bool = False
    default: Any = None


@dataclass(frozen=True)
class Blueprint:
    name: str
    description: str
    inputs: Mapping[str, Input]
    caps: Caps
    fail: str
    """Where unmapped bad outcomes go (`defaults.fail`)."""
    start: str
    nodes: Mapping[str, Node]
    digest: str
    """SHA-256 (hex) of the text and of the programs that it names."""
    programs: Mapping[str, str] = field(default_factory=dict)
    """File name to text of the programs that its nodes run."""
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Node name to line and column, from 1; the nodes in the bodies of maps too."""
