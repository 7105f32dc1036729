"""The MCP servers of a repository, joined to this machine."""

from __future__ import annotations

from pathlib import Path

from minion.adapters.tool_servers import BaseTree, McpServers
from minion.domain.config import Mcp
from minion.ports.workspace import Workspace
from minion.settings import machine_environment
from minion.tasks.tool_servers import PATH, allowed_variables, declared, resolve


def variables_of(mcp: Mcp, allowed: tuple[str, ...]) -> dict[str, str]:
    """What servers may be given of this process's environment."""
    return allowed_variables(mcp, allowed, machine_environment())


def tool_servers(workspace: Workspace, mcp: Mcp, folder: Path, allowed: tuple[str, ...]) -> McpServers:
    """As the base commit declares them; `folder` is one that the box does not see."""
    found = declared(workspace.read_at_base(PATH), mcp)
    variables = variables_of(mcp, allowed)
    return McpServers(
        declared={name: resolve(name, server, variables) for name, server in found.servers.items()},
        problems=found.problems,
        folder=folder,
        environment=machine_environment(),
        secrets=tuple(variables.values()),
        tree=BaseTree(workspace.root, workspace.list_at_base, workspace.read_at_base),
    )
