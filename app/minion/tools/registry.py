"""Every tool by its name. A node's own tools (`verify`, `finish`, `task`) belong to the agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from minion.tools.base import Tool
from minion.tools.bench import ToolBench
from minion.tools.ci_history import CiHistory
from minion.tools.edit import Edit
from minion.tools.git_blame import GitBlame
from minion.tools.git_log import GitLog
from minion.tools.git_show import GitShow
from minion.tools.read import Read
from minion.tools.search import Search
from minion.tools.shell import Shell
from minion.tools.web import WebTool
from minion.tools.write import Write


def _web(bench: ToolBench) -> Tool | None:
    return WebTool(bench, bench.web) if bench.web is not None and bench.web.hosts else None


def _ci_history(bench: ToolBench) -> Tool | None:
    return None if bench.check_history is None else CiHistory(bench.check_history)


TOOLS: dict[str, Callable[[ToolBench], Tool | None]] = {
    "ci.history": _ci_history,
    "edit": Edit,
    "git.blame": GitBlame,
    "git.log": GitLog,
    "git.show": GitShow,
    "read": Read,
    "search": Search,
    "shell": Shell,
    "web": _web,
    "write": Write,
}


CHANGING = frozenset({"edit", "write"})


def build_tools(names: Sequence[str], bench: ToolBench) -> list[Tool]:
    """The named tools, each once, sorted so that a node's requests stay alike; `KeyError` for an unknown name.

    What has nothing to work on here (`web` where no host is allowed) is not offered. Who changes files copies from what
    it reads, and gets the text as it stands; who only reads cites lines, and gets them numbered.
    """
    wanted = sorted(set(names))
    fitting = replace(bench, numbered=CHANGING.isdisjoint(wanted))
    return [tool for name in wanted if (tool := TOOLS[name](fitting)) is not None]
