"""Through the work nodes of a blueprint, until a node that is not a runner's to execute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from minion.blueprint.engine import Engine
from minion.blueprint.model import AgentNode, JudgeNode, RunNode
from minion.blueprint.state import ContextEntry, State
from minion.domain.errors import Outage
from minion.domain.receipt import ReceiptLine
from minion.nodes.base import NodeReport, Opinion, Visit, WorkNode
from minion.runner.journal import Journal
from minion.runner.site import Site


class Stopped(Exception):  # noqa: N818 -- it names what happened
    """Somebody said so: the message is the reason. What was done so far stands."""


@dataclass
class Learned:
    """What a walk leaves beside its state, gathered as it goes so that an end in the middle loses nothing."""

    receipt: list[ReceiptLine] = field(default_factory=list)
    summary: str = ""
    notes: dict[str, None] = field(default_factory=dict)
    gates: dict[str, str] = field(default_factory=dict)
    opinion: Opinion = field(default_factory=Opinion)

    def take(self, visited: NodeReport) -> None:
        self.receipt.append(visited.line)
        self.summary = visited.summary or self.summary
        self.notes |= dict.fromkeys(visited.notes)
        self.gates |= dict(visited.gates)
        self.opinion = visited.opinion or self.opinion


@dataclass
class Walk:
    """`state` is always the last one that the engine gave: the place to go on from."""

    engine: Engine
    state: State
    site: Site
    facts: Mapping[str, Any]
    journal: Journal
    cancelled: Callable[[], str | None]
    usd: Decimal
    """What may be spent from here on, beside the caps of the blueprint."""
    learned: Learned = field(default_factory=Learned)
    applied: Callable[[State], None] = lambda _: None
    """Told after each node: what a host keeps to go on from."""
    beside: Callable[[WorkNode], Sequence[ContextEntry]] = lambda _: ()
    """What a host adds to a node's context."""

    def prepare(self) -> str | None:
        """Runs again what prepared the workspace in an earlier round; what failed, in words."""
        for node in self.engine.prepare_nodes(self.state):
            visited = self._visit(node)
            if visited.result.outcome != "ok":
                said = str(visited.result.output.get("text", ""))
                return f"`{node.name}` ended with {visited.result.outcome} at the start of the round:\n{said}".strip()
        return None

    def on(self) -> None:
        """Until the state rests at an effect, a wait or an end. Raises `Stopped` and `Outage`."""
        while True:
            node = self.engine.pending(self.state)
            if not isinstance(node, RunNode | AgentNode | JudgeNode):
                return
            visited = self._visit(node)
            self.learned.take(visited)
            self._stop_if_told()
            if visited.interrupted:
                raise Outage(visited.interrupted)
            self.state = self.engine.apply(self.state, visited.result)
            self.applied(self.state)

    def _visit(self, node: WorkNode) -> NodeReport:
        self._stop_if_told()
        self.journal.emit("node.started", node=node.name, data={"type": type(node).__name__.removesuffix("Node")})
        visited = (
            self._prepare(node) if isinstance(node, RunNode) and node.prepare else self.site.visit(self._entry(node))
        )
        facts = {
            "outcome": visited.result.outcome,
            "seconds": round(visited.line.seconds, 2),
            "turns": visited.line.turns,
            "usd": str(visited.line.usd),
        }
        self.journal.emit("node.finished", node=node.name, text=visited.summary, data=facts)
        return visited

    def _prepare(self, node: RunNode) -> NodeReport:
        """What set-up leaves behind in a clean tree is not the task's work."""
        clean = not self.site.workspace.changed_paths()
        visited = self.site.visit(self._entry(node))
        if clean:
            self.site.prepared()
        return visited

    def _entry(self, node: WorkNode) -> Visit:
        left = self.engine.caps_left(self.state)
        spent = sum((line.usd for line in self.learned.receipt), Decimal(0))
        usd = max(Decimal(0), min(left.usd, self.usd - spent))
        if isinstance(node, RunNode):
            return Visit(node, (), (), usd, left.wall_s)
        gates = self.engine.gate_nodes(self.state, node) if isinstance(node, AgentNode) else []
        context = [*self.engine.context(self.state, node, self.facts), *self.beside(node)]
        return Visit(node, context, gates, usd, left.wall_s)

    def _stop_if_told(self) -> None:
        reason = self.cancelled()
        if reason is not None:
            raise Stopped(reason)
