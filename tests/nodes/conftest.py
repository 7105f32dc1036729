"""A real repository, a private working copy of it, a real box, and the scripted model: everything but the App."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.clock import SystemClock
from minion.adapters.host import SystemHost
from minion.adapters.sandbox import BoxSettings, Bubblewrap, available
from minion.adapters.workspace import GitWorkspace, copy_of_checkout
from minion.agent.prices import price_table
from minion.blueprint.model import AgentNode, JudgeNode, Next, RunNode
from minion.blueprint.state import ContextEntry
from minion.domain.config import Commands, RepositoryConfiguration
from minion.domain.secret import Secret
from minion.nodes.base import NodeReport, Visit, WorkBench
from minion.nodes.registry import execute
from minion.scripted import Script, ScriptedModel

NOWHERE = Next({}, "handoff")
PROJECT = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n\n\n"
    "def test_zero():\n    assert add(1, 0) == 1\n",
    "AGENTS.md": "Use short names.\n",
    "docs/AGENTS.md": "Write in British English.\n",
    "docs/guide.md": "# Guide\n",
}
PYTEST = Commands(test="pytest -q -p no:cacheprovider")


def agent(**changes: Any) -> AgentNode:
    node = AgentNode(
        name="implement", next=NOWHERE, goal="Mend add.", tools=("read", "edit", "write", "search", "shell")
    )
    return replace(node, **changes)


def judge(**changes: Any) -> JudgeNode:
    return replace(JudgeNode(name="judge", next=NOWHERE, criteria=("solves it", "weakens no test")), **changes)


def gate(name: str, **changes: Any) -> RunNode:
    return replace(RunNode(name=name, next=None, gate_only=True), **changes)


def finish(**changes: Any) -> dict[str, Any]:
    arguments = {"status": "done", "summary": "did it", "verified_how": "tests", "confidence": "high"}
    return {"name": "finish", "input": {**arguments, "risks": [], "open_questions": [], **changes}}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "input": arguments}


def write(path: str, content: str) -> dict[str, Any]:
    return call("write", path=path, content=content)


@dataclass
class Place:
    """A bench, and what was told to its trace."""

    bench: WorkBench
    model: ScriptedModel
    events: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return Path(self.bench.workspace.root)

    def visit(
        self, node: Any, gates: Sequence[RunNode] = (), context: Sequence[ContextEntry] = (), **left: Any
    ) -> NodeReport:
        return execute(Visit(node, context, gates, **{"usd": Decimal(5), "wall_s": 600.0, **left}), self.bench)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request["body"] for request in self.model.requests]

    def texts(self, request: int) -> str:
        """All text of the last message of a request, tool results included."""
        blocks = self.bodies[request]["messages"][-1]["content"]
        return "\n".join(str(block.get("content", block.get("text", ""))) for block in blocks)


Build = Callable[..., Place]


def _commit(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Build]:
    """`place(turn, ..., files={...}, commands=Commands(...))`: a bench whose model plays these turns."""
    stack = ExitStack()

    def build(*turns: Any, files: Mapping[str, str] = PROJECT, commands: Commands = PYTEST, **changes: Any) -> Place:
        source = tmp_path / "source"
        source.mkdir()
        _commit(source, files)
        workspace: GitWorkspace = copy_of_checkout(source, tmp_path / "work", tmp_path / "private").workspace
        stack.callback(workspace.close)
        output = tmp_path / "output"
        output.mkdir()
        settings = BoxSettings(tmp_path / "work", workspace.git_dir, (Path(sys.prefix),), (output,))
        assert available(settings) is None
        model = stack.enter_context(ScriptedModel(Script.playing(*turns)))
        client = AnthropicModel(model.url, Credential(Secret("key")))
        stack.callback(client.close)
        events: list[tuple[str, str, str, dict[str, Any]]] = []

        def emit(kind: str, *, node: str = "", text: str = "", data: Mapping[str, Any] | None = None) -> None:
            events.append((kind, node, text, dict(data or {})))

        bench = WorkBench(
            sandbox=Bubblewrap(settings),
            workspace=workspace,
            host=SystemHost({"PATH": "/usr/bin:/bin"}),
            model=client,
            prices=price_table(),
            clock=SystemClock(),
            output_dir=output,
            emit=emit,
            configuration=RepositoryConfiguration(commands=commands),
            base=workspace.base_tree,
        )
        return Place(replace(bench, **changes), model, events)

    with stack:
        yield build
