"""Every tool by its name. A node's own tools (`verify`, `finish`, `task`) belong to the agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minion.tools.base import Tool
from minion.tools.bench import ToolBench
from minion.tools.edit import Edit
from minion.tools.read import Read
from minion.tools.search import Search
from minion.tools.shell import Shell
from minion.tools.write import Write

TOOLS: dict[str, Callable[[ToolBench], Tool]] = {
    "edit": Edit,
    "read": Read,
    "search": Search,
    "shell": Shell,
    "write": Write,
}


def build_tools(names: Sequence[str], bench: ToolBench) -> list[Tool]:
    """The named tools, each once, sorted so that a node's requests stay alike; `KeyError` for an unknown name."""
    return [TOOLS[name](bench) for name in sorted(set(names))]
