"""Where work happens, as the walk through a blueprint sees it: made by the composition root, one for a round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from minion.nodes.base import NodeReport, Visit
from minion.ports.host import HostCommands
from minion.ports.workspace import Workspace


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

    def visit(self, visit: Visit) -> NodeReport:
        """Executes the node. Raises `Outage`; everything that a node can meet is an outcome."""
        ...
