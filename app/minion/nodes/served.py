"""What a node has of MCP servers: listed for the node, reviewed by the repository, offered by a server that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from minion.blueprint.model import AgentNode
from minion.blueprint.schema import MOST_MCP
from minion.domain.config import ReviewedTool
from minion.nodes.base import WorkBench
from minion.ports.tool_servers import ToolSession
from minion.tools.served import Refused, ServedTool, fitting, served_tool

_LONGEST_NOTE: Final = 600


@dataclass
class ServedTools:
    """The tools of one node. `close` ends their servers; `notes` are for people, also after that."""

    tools: Sequence[ServedTool] = ()
    refused: Sequence[Refused] = ()
    _session: ToolSession | None = None
    _problems: list[str] = field(default_factory=list)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._problems = list(self._session.problems())

    @property
    def notes(self) -> list[str]:
        return [note[:_LONGEST_NOTE] for note in (*map(str, self.refused), *self._problems)]


def served_tools(node: AgentNode, bench: WorkBench) -> ServedTools:
    """Starts the servers that the node needs; none where it needs none."""
    reviewed, refused = _wanted(node, bench.configuration.mcp.tools)
    if not reviewed or bench.tool_servers is None:
        absent = [Refused(key, "there are no MCP servers here") for key in reviewed]
        return ServedTools(refused=[*refused, *absent])
    session = bench.tool_servers.open({key.partition(".")[0] for key in reviewed})
    found = _found(node, bench, session, reviewed)
    tools, others = fitting(tool for tool in found if isinstance(tool, ServedTool))
    refused += [tool for tool in found if isinstance(tool, Refused)] + others
    return ServedTools(tools, refused, session)


def _wanted(node: AgentNode, reviews: Mapping[str, ReviewedTool]) -> tuple[dict[str, ReviewedTool], list[Refused]]:
    """Listed by the node, or reviewed for nodes of its name; each with its review."""
    keys = dict.fromkeys([*node.mcp, *(key for key, reviewed in reviews.items() if node.name in reviewed.nodes)])
    refused = [
        Refused(key, "mcp.tools of .github/minion.yml has no review of it") for key in keys if key not in reviews
    ]
    usable = {key: reviews[key] for key in keys if key in reviews and reviews[key].risk != "destructive"}
    never = [key for key in keys if key in reviews and key not in usable]
    refused += [Refused(key, "it is reviewed as destructive, and nobody watches here") for key in never]
    taken = dict(list(usable.items())[:MOST_MCP])
    refused += [
        Refused(key, f"a node has at most {MOST_MCP} tools of MCP servers") for key in usable if key not in taken
    ]
    return taken, refused


def _found(
    node: AgentNode, bench: WorkBench, session: ToolSession, reviews: Mapping[str, ReviewedTool]
) -> list[ServedTool | Refused]:
    def audit(facts: Mapping[str, Any]) -> None:
        went = "ok" if facts["ok"] else "error"
        bench.emit("mcp.call", node=node.name, text=f"{facts['server']}.{facts['tool']}: {went}", data=facts)

    offered = {tool.key: tool for tool in session.offered()}
    up = {tool.server for tool in offered.values()}
    found: list[ServedTool | Refused] = [
        served_tool(offered[key], reviewed, session, bench.output_dir, audit)
        for key, reviewed in reviews.items()
        if key in offered
    ]
    missing = [key for key in reviews if key not in offered]
    why = {True: "its server does not offer it", False: "its server is not there"}
    return [*found, *(Refused(key, why[key.partition(".")[0] in up]) for key in missing)]
