"""Where work happens, as the walk through a blueprint sees it: made by the composition root, one for a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from minion.blueprint.model import AgentNode, JudgeNode, RunNode
from minion.blueprint.state import ContextEntry, NodeResult
from minion.domain.receipt import ReceiptLine
from minion.ports.host import HostCommands
from minion.ports.workspace import Workspace

WorkNode = RunNode | AgentNode | JudgeNode


@dataclass(frozen=True)
class Visit:
    """One entry into a work node, with all that the engine knows for it.

    `usd` and `wall_s` are what the task has left.
    """

    node: WorkNode
    context: Sequence[ContextEntry]
    gates: Sequence[RunNode]
    usd: Decimal
    wall_s: float


@dataclass(frozen=True)
class Visited:
    """What became of it. `line.round` is filled in by the host; `interrupted` says that the model could not be reached
    and that the node should be entered again in another round."""

    result: NodeResult
    line: ReceiptLine
    summary: str = ""
    notes: tuple[str, ...] = ()
    gates: tuple[tuple[str, str], ...] = ()
    interrupted: str = ""


class Site(Protocol):
    @property
    def workspace(self) -> Workspace: ...

    @property
    def host(self) -> HostCommands: ...

    @property
    def sandbox_mode(self) -> str:
        """bubblewrap | unsafe"""
        ...

    def escapes(self) -> Sequence[str]:
        """Tries to break out of the box in a dozen ways; what worked, in words. Empty is good."""
        ...

    def prepared(self) -> None:
        """Called when the environment is ready and before there is any work: what set-up changed is not the task's."""
        ...

    def visit(self, visit: Visit) -> Visited:
        """Executes the node. Raises `Outage`; everything that a node can meet is an outcome."""
        ...
