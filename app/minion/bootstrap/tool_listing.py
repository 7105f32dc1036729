"""What `minion mcp list` shows."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from minion.adapters.workspace import copy_of_checkout
from minion.bootstrap.place import Place
from minion.bootstrap.repository import configuration_of
from minion.bootstrap.tool_servers import tool_servers
from minion.domain.config import TOOL_KEY, ReviewedTool
from minion.ports.tool_servers import OfferedTool
from minion.settings import ToolVariables
from minion.tasks.tool_servers import PATH
from minion.tools.foreign_schema import BadSchema, safe_schema
from minion.tools.outputs import without_hidden
from minion.tools.served import refusal

_KEY: Final = re.compile(TOOL_KEY)


@dataclass(frozen=True)
class Listed:
    """A tool, what its review says, and what stands against it."""

    tool: OfferedTool
    reviewed: ReviewedTool | None

    @property
    def status(self) -> str:
        if not _KEY.fullmatch(self.tool.key):
            return "refused: no configuration can name it"
        schema = safe_schema(self.tool.input_schema)
        if isinstance(schema, BadSchema):
            return f"refused: {schema.reason}"
        if self.reviewed is None:
            return "not reviewed"
        refused = refusal(self.tool, self.reviewed)
        return f"refused: {refused}" if refused else f"reviewed as {self.reviewed.risk}"

    @property
    def hinted(self) -> str:
        """A risk to begin the review with, from hints that nobody has checked: the worst where there are none."""
        if self.tool.read_only:
            return "read"
        return "write" if self.tool.destructive is False else "destructive"


def list_tools(repository: str, *, as_json: bool) -> str:
    """Starts every server that the checkout's HEAD declares, and says what it offers."""
    with tempfile.TemporaryDirectory(prefix="minion-mcp-", ignore_cleanup_errors=True) as folder:
        place = Place.under(Path(folder))
        workspace = copy_of_checkout(Path(repository), place.work, place.private).workspace
        mcp = configuration_of(workspace).mcp
        servers = tool_servers(workspace, mcp, place.private / "servers", ToolVariables.read().mcp_secrets)
        session = servers.open(servers.declared.keys())
        try:
            listed = [Listed(tool, mcp.tools.get(tool.key)) for tool in session.offered()]
        finally:
            session.close()
    problems = session.problems()
    return _as_json(listed, problems) if as_json else _as_text(listed, problems, list(servers.declared))


def _as_json(listed: Sequence[Listed], problems: Sequence[str]) -> str:
    tools = [_facts(one) for one in listed]
    return json.dumps({"tools": tools, "problems": list(problems)}, indent=2)


def _facts(one: Listed) -> Mapping[str, Any]:
    tool = one.tool
    return {
        "tool": tool.key,
        "status": one.status,
        "digest": tool.digest,
        "description": tool.description,
        "read_only_hint": tool.read_only,
        "destructive_hint": tool.destructive,
        "input_schema": tool.input_schema,
    }


def _as_text(listed: Sequence[Listed], problems: Sequence[str], servers: Sequence[str]) -> str:
    lines = [f"{one.tool.key}: {one.status}\n  {_words(one.tool)}\n  {one.tool.digest}" for one in listed]
    if not servers:
        lines.append(f"No MCP servers are declared, neither in {PATH} nor under `mcp.servers` of .github/minion.yml.")
    lines += problems
    fresh = [one for one in listed if one.status == "not reviewed"]
    return without_hidden("\n".join([*lines, *(_to_paste(fresh) if fresh else [])]))


def _to_paste(fresh: Sequence[Listed]) -> list[str]:
    head = [
        "",
        "For .github/minion.yml, once you have read what each tool does (the risks are the servers' own hints):",
    ]
    rows = [f"    {one.tool.key}: {{risk: {one.hinted}, digest: '{one.tool.digest}'}}" for one in fresh]
    return [*head, "mcp:", "  tools:", *rows]


def _words(tool: OfferedTool) -> str:
    said = " ".join(without_hidden(tool.description).split())
    return f"{said[:160]}…" if len(said) > 160 else said or "(no description)"
