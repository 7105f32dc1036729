"""The tools on a real box."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minion.adapters.sandbox import BoxSettings, Bubblewrap
from minion.domain.spec import Scope
from minion.tools.base import ToolResult
from minion.tools.bench import ToolBench
from minion.tools.registry import TOOLS, build_tools

WIDGET = 'def size():\n    """How big it is."""\n    return 1\n\n\ndef name():\n    return "widget"\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src/widget.py").write_text(WIDGET)
    (folder / "README.md").write_text("# Widget\n")
    return folder


@pytest.fixture
def bench(tree: Path, tmp_path: Path) -> Iterator[ToolBench]:
    out = tmp_path / "out"
    out.mkdir()
    box = Bubblewrap(BoxSettings(workspace=tree, readable=(out,)))
    files = box.file_server()
    yield ToolBench(
        sandbox=box,
        files=files,
        output_dir=out,
        scope=Scope(forbid=("secret/", "*.lock")),
        protected=(".github/", "/CODEOWNERS"),
    )
    files.close()


Call = Callable[..., ToolResult]


@pytest.fixture
def call(bench: ToolBench) -> Call:
    tools = {tool.schema.name: tool for tool in build_tools(list(TOOLS), bench)}

    def call_(tool: str, **arguments: Any) -> ToolResult:
        return tools[tool].call(arguments)

    return call_
