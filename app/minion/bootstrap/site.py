"""A working copy, a box around it and the bench of the node executors, joined for one round or one local run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from minion.adapters.clock import SystemClock
from minion.adapters.host import SystemHost
from minion.adapters.sandbox import BoxSettings, Bubblewrap, Reason, choose, known_tools, stage_etc
from minion.adapters.tool_servers import McpServers, preload
from minion.adapters.workspace import GitWorkspace
from minion.agent.prices import PriceTable
from minion.bootstrap.place import Place
from minion.bootstrap.tool_servers import tool_servers
from minion.domain.checks import PastCheck
from minion.domain.config import Egress, Mcp, RepositoryConfiguration
from minion.domain.errors import UsageError
from minion.domain.spec import Scope
from minion.nodes.base import Asked, NodeReport, Visit, WorkBench
from minion.nodes.registry import execute
from minion.ports.host import HostCommands
from minion.ports.model import Model
from minion.ports.sandbox import Sandbox
from minion.ports.web import Web
from minion.runner.journal import Journal
from minion.settings import machine_environment


@dataclass(frozen=True)
class Task:
    """What the bench has to know of the task. `base_sha` is the commit where it began: gates are compared with it."""

    configuration: RepositoryConfiguration
    scope: Scope
    base_sha: str
    asked: Asked = field(default_factory=Asked)
    check_history: tuple[PastCheck, ...] | None = None


@dataclass(frozen=True)
class BoxedSite:
    """Implements `runner.site.Site`."""

    workspace: GitWorkspace
    sandbox: Sandbox
    host: HostCommands
    bench: WorkBench

    @property
    def sandbox_mode(self) -> str:
        return self.sandbox.mode

    def escapes(self) -> Sequence[str]:
        if not isinstance(self.sandbox, Bubblewrap):
            return ("there is no box: the sandbox is unsafe",)
        return tuple(f"{escape.attempt}: {escape.got}" for escape in self.sandbox.selftest())

    def prepared(self) -> None:
        self.workspace.preparation_done()

    def visit(self, visit: Visit) -> NodeReport:
        return execute(visit, self.bench)


def make_box(mode: str, workspace: GitWorkspace, place: Place, tool_cache: Path | None) -> Sandbox:
    """Raises `UsageError` with the command that mends it where there is no box of the wanted kind."""
    tools, etc = known_tools(machine_environment()), place.private / "etc"
    stage_etc(etc)
    settings = BoxSettings(
        workspace=place.work,
        git_dir=workspace.git_dir,
        tool_cache=tools.tool_cache if tool_cache is None else (tool_cache, *tools.tool_cache),
        search_path=tools.search_path,
        readable=(place.output,),
        etc=etc,
    )
    sandbox = choose(mode, settings)
    if isinstance(sandbox, Reason):
        raise UsageError(f"There is no sandbox: {sandbox.problem}. To mend it: {sandbox.remedy}")
    return sandbox


def _base_of(workspace: GitWorkspace, base_sha: str) -> Callable[[], AbstractContextManager[None]] | None:
    """Puts the base's files into the workspace for a while; None where that commit could not be had."""
    if base_sha == workspace.head_sha:
        return workspace.base_tree
    return partial(workspace.tree_at, base_sha) if workspace.holds(base_sha) else None


def _web(egress: Egress, loopback: Sequence[str]) -> Web | None:
    """None where no host is allowed."""
    if not egress.allow:
        return None
    from minion.adapters.web_pages import WebPages

    return WebPages(egress.allow, loopback)


@dataclass(frozen=True)
class Workshop:
    """What does not change from task to task."""

    model: Model
    prices: PriceTable
    sandbox_mode: str
    tool_cache: Path | None
    mcp_secrets: tuple[str, ...] = ()
    """Variables that MCP servers may be given, where the repository names them too."""
    egress_loopback: tuple[str, ...] = ()
    """`host:port` of allowed hosts that are this machine."""
    effort: str | None = None

    def open(
        self,
        workspace: GitWorkspace,
        place: Place,
        task: Task,
        journal: Journal,
        cancelled: Callable[[], str | None],
    ) -> BoxedSite:
        sandbox = make_box(self.sandbox_mode, workspace, place, self.tool_cache)
        host = SystemHost(machine_environment())
        if task.configuration.mcp.tools:
            preload()
        bench = WorkBench(
            sandbox=sandbox,
            workspace=workspace,
            host=host,
            model=self.model,
            prices=self.prices,
            clock=SystemClock(),
            output_dir=place.output,
            emit=journal.emit,
            configuration=task.configuration,
            base=_base_of(workspace, task.base_sha),
            scope=task.scope,
            asked=task.asked,
            protected=task.configuration.protected_paths,
            cancelled=cancelled,
            check_history=task.check_history,
            web=_web(task.configuration.egress, self.egress_loopback),
            tool_servers=self._tool_servers(workspace, place, task.configuration.mcp),
            effort=self.effort,
        )
        return BoxedSite(workspace, sandbox, host, bench)

    def _tool_servers(self, workspace: GitWorkspace, place: Place, mcp: Mcp) -> McpServers | None:
        """None where no tool of theirs could be used anyway."""
        return tool_servers(workspace, mcp, place.private / "servers", self.mcp_secrets) if mcp.tools else None
