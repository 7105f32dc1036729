"""What executors are given and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from minion.agent.prices import PriceTable
from minion.blueprint.model import AgentNode, JudgeNode, RunNode
from minion.blueprint.state import ContextEntry, NodeResult
from minion.domain.checks import PastCheck
from minion.domain.config import RepositoryConfiguration
from minion.domain.outcomes import Outcome
from minion.domain.patterns import Narrowing
from minion.domain.receipt import ReceiptLine, Spending, Tokens
from minion.domain.spec import Scope, TaskSpec, Unclear
from minion.nodes.lint.desk import LintMemory
from minion.nodes.reports import CommandRun
from minion.ports.clock import Clock
from minion.ports.host import HostCommands
from minion.ports.model import Model
from minion.ports.sandbox import Sandbox
from minion.ports.tool_servers import ToolServers
from minion.ports.web import Web
from minion.ports.workspace import Checkpoint, Workspace
from minion.tasks import verification

WorkNode: TypeAlias = RunNode | AgentNode | JudgeNode


class Emit(Protocol):
    """Tells the trace (`domain.trace.TraceEvent`)."""

    def __call__(self, kind: str, *, node: str = "", text: str = "", data: Mapping[str, Any] | None = None) -> None: ...


@dataclass(frozen=True)
class Visit:
    """One entry into a work node. `usd` and `wall_s` are what the task has left; `env` is of a run node's command and
    `gate_env` of its gates', by name: in the box only. `one_of_many`: it is done for one item of a map, and
    `since` is how the files were before that item."""

    node: WorkNode
    context: Sequence[ContextEntry] = ()
    gates: Sequence[RunNode] = ()
    usd: Decimal = Decimal(6)
    wall_s: float = 3 * 3600.0
    env: Mapping[str, str] = field(default_factory=dict)
    gate_env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    narrowing: Narrowing = ()
    one_of_many: bool = False
    since: Checkpoint | None = None


@dataclass(frozen=True)
class Asked:
    """What the request says beside its objective. `commands` and `facts` show that it is done; `trusted`: whoever wrote
    them may push."""

    commands: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    trusted: bool = True
    when_unclear: Unclear = "ask"

    @classmethod
    def of(cls, spec: TaskSpec) -> Asked:
        lines = spec.verification
        commands, facts = verification.commands(lines), verification.facts(lines)
        return cls(commands, facts, spec.author_can_write, spec.when_unclear)


@dataclass
class RoundMemory:
    """What one node learns that spares another the work: how gates do on the base, and what they said last."""

    baselines: dict[str, CommandRun] = field(default_factory=dict)
    gates: dict[str, str] = field(default_factory=dict)
    lint: LintMemory = field(default_factory=LintMemory)


@dataclass(frozen=True)
class WorkBench:
    """The tools of one round.

    `output_dir` is readable in the box. `base` swaps the tree that the task began from into the workspace; None where
    the round does not start from it: then nothing is known of it, and every failure counts as the task's own.
    `scope` and `protected` are gitignore patterns.
    """

    sandbox: Sandbox
    workspace: Workspace
    host: HostCommands
    model: Model
    prices: PriceTable
    clock: Clock
    output_dir: Path
    emit: Emit
    configuration: RepositoryConfiguration = field(default_factory=RepositoryConfiguration)
    base: Callable[[], AbstractContextManager[None]] | None = None
    scope: Scope = field(default_factory=Scope)
    asked: Asked = field(default_factory=Asked)
    protected: tuple[str, ...] = ()
    cancelled: Callable[[], str | None] = lambda: None
    memory: RoundMemory = field(default_factory=RoundMemory)
    web: Web | None = None
    check_history: tuple[PastCheck, ...] | None = None
    tool_servers: ToolServers | None = None
    effort: str | None = None
    """For every node, in place of what the blueprint says."""


@dataclass(frozen=True)
class Opinion:
    """What an agent thinks of its own work; `confidence` is high, medium, low or empty."""

    confidence: Literal["", "high", "medium", "low"] = ""
    risks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        return (*(f"Open question: {text}" for text in self.questions), *(f"Risk: {text}" for text in self.risks))


@dataclass(frozen=True)
class NodeReport:
    """`line.round` is the host's to fill in. `interrupted`: the model could not be reached; the node may be entered
    again, its work so far is in the tree."""

    result: NodeResult
    line: ReceiptLine
    summary: str = ""
    notes: tuple[str, ...] = ()
    gates: tuple[tuple[str, str], ...] = ()
    interrupted: str = ""
    opinion: Opinion | None = None

    def accounted(self, spent_on: Mapping[str, Spending]) -> NodeReport:
        """With what its tokens went for."""
        return replace(self, line=self.line.model_copy(update={"spent_on": dict(spent_on)}))


def plain_report(node: str, outcome: Outcome, output: dict[str, Any], seconds: float) -> NodeReport:
    """Of a node that asks no model."""
    result = NodeResult(outcome=outcome.value, output=output, wall_s=seconds)
    return NodeReport(result, ReceiptLine(round=0, node=node, outcome=outcome.value, tokens=Tokens(), seconds=seconds))
