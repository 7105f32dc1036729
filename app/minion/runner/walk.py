"""Through the work nodes of a blueprint, until a node that is not a runner's to execute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from minion.blueprint.engine import Engine
from minion.blueprint.model import AgentNode, JudgeNode, MapNode, RunNode
from minion.blueprint.reasons import reason
from minion.blueprint.state import ContextEntry, NodeResult, State
from minion.domain.errors import Outage
from minion.domain.receipt import ReceiptLine
from minion.nodes.base import NodeReport, Opinion, Visit, WorkNode
from minion.runner.items import Items
from minion.runner.journal import Journal
from minion.runner.site import Site

_MOST_PUT_BACK: Final = 10


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
    put_back: int = 0
    """Items of maps of which people are told that they were."""
    _folded: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def take(self, visited: NodeReport, *, one_of_many: bool = False) -> None:
        """The visits of a map's items are one line for each node, model and outcome."""
        self._note(visited.line, one_of_many)
        self.summary = visited.summary or self.summary
        self.notes |= dict.fromkeys(visited.notes)
        self.gates |= dict(visited.gates)
        self.opinion = visited.opinion or self.opinion

    def _note(self, line: ReceiptLine, one_of_many: bool) -> None:
        key = (line.node, line.outcome, line.model or "")
        at = self._folded.get(key) if one_of_many else None
        if at is not None:
            self.receipt[at] += line
            return
        if one_of_many:
            self._folded[key] = len(self.receipt)
        self.receipt.append(line)


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
    _items: Items | None = None

    @property
    def items(self) -> Items:
        if self._items is None:
            self._items = Items(self.engine, self.site.workspace, self.journal)
        return self._items

    def prepare(self) -> str | None:
        """Runs again what prepared the workspace in an earlier round; what failed, in words."""
        for node in self.engine.prepare_nodes(self.state):
            visited = self._visit(node)
            if visited.result.outcome != "ok":
                said = str(visited.result.output.get("text", ""))
                return f"`{node.name}` ended with {visited.result.outcome} at the start of the round:\n{said}".strip()
        return None

    def on(self) -> None:
        """Until the state rests at an effect, a wait or an end. Raises `Stopped` and `Outage`: an item of a map that
        is open then is undone, and the state rests before it."""
        rested = False
        try:
            self._on()
            rested = True
        finally:
            if not rested:
                self.state = self.items.given_back(self.state)

    def _on(self) -> None:
        while True:
            node = self.engine.pending(self.state)
            if isinstance(node, MapNode):
                self._stop_if_told()
                self._why_put_back()
                result = self.items.step(self.state, node.name)
            elif isinstance(node, RunNode | AgentNode | JudgeNode):
                result = self._worked(node)
            else:
                return
            self.state = self.engine.apply(self.state, result)
            if not self.items.open(self.state):
                self.applied(self.state)

    def _why_put_back(self) -> None:
        """People are told of the first items that go back; one that is skipped was of no concern."""
        at = self.state.frame.map
        if at is not None and at.why and self.learned.put_back < _MOST_PUT_BACK:
            said = reason(self.engine.map_step(self.state).item, at.why)
            self.learned.notes[f"Put back as it was: {said}"] = None
            self.learned.put_back += 1

    def _worked(self, node: WorkNode) -> NodeResult:
        visited = self._visit(node)
        self.learned.take(visited, one_of_many=self.items.open(self.state))
        self._stop_if_told()
        if visited.interrupted:
            raise Outage(visited.interrupted)
        return visited.result

    def _visit(self, node: WorkNode) -> NodeReport:
        self._stop_if_told()
        self.journal.emit("node.started", node=node.name, data={"type": type(node).__name__.removesuffix("Node")})
        entry = self._entry(node)
        self.items.worked()
        visited = self._prepare(entry) if isinstance(node, RunNode) and node.prepare else self.site.visit(entry)
        facts = {
            "outcome": visited.result.outcome,
            "seconds": round(visited.line.seconds, 2),
            "turns": visited.line.turns,
            "usd": str(visited.line.usd),
        }
        self.journal.emit("node.finished", node=node.name, text=visited.summary, data=facts)
        return visited

    def _prepare(self, entry: Visit) -> NodeReport:
        """What set-up leaves behind in a clean tree is not the task's work."""
        clean = not self.site.workspace.changed_paths()
        visited = self.site.visit(entry)
        if clean:
            self.site.prepared()
        return visited

    def _entry(self, node: WorkNode) -> Visit:
        left = self.engine.caps_left(self.state)
        spent = sum((line.usd for line in self.learned.receipt), Decimal(0))
        usd = max(Decimal(0), min(left.usd, self.usd - spent))
        visit = Visit(
            node,
            usd=usd,
            wall_s=left.wall_s,
            narrowing=self.engine.narrowing(self.state),
            one_of_many=self.items.open(self.state),
            since=self.items.since(self.state),
        )
        facts = self.items.facts(self.state, self.facts)
        if isinstance(node, RunNode):
            return replace(visit, env=self.engine.environment(self.state, node, facts))
        gates = self.engine.gate_nodes(self.state, node) if isinstance(node, AgentNode) else []
        context = [*self.engine.context(self.state, node, facts), *self.beside(node)]
        gate_env = {gate.name: self.engine.environment(self.state, gate, facts) for gate in gates if gate.env}
        return replace(visit, context=context, gates=gates, gate_env=gate_env)

    def _stop_if_told(self) -> None:
        reason = self.cancelled()
        if reason is not None:
            raise Stopped(reason)
