"""Scripts of shipped blueprints, run by bash in a small repository: what they print, how they end, what they change."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from minion.blueprint.library import assemble
from minion.blueprint.model import MapNode, RunNode
from minion.nodes.commands import started
from minion.settings import machine_environment
from minion.shipped import shipped


@dataclass(frozen=True)
class Done:
    code: int
    said: str
    errors: str


@dataclass(frozen=True)
class Checkout:
    """A repository with one commit."""

    root: Path
    blueprint: str
    tools: Path
    """A folder that is first on the PATH."""

    def run(self, node: str, **env: str) -> Done:
        script = script_of(self.blueprint, node)
        path = f"{self.tools}:{machine_environment()['PATH']}"
        settings = {"PATH": path, "HOME": str(self.root.parent), "LC_ALL": "C.UTF-8", **env}
        command = ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), "/bin/bash", "-c", script]
        done = subprocess.run(command, cwd=self.root, check=False, capture_output=True, text=True, timeout=60)
        return Done(done.returncode, done.stdout, done.stderr)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)


@cache
def script_of(blueprint: str, name: str) -> str:
    library = assemble(shipped())
    assert isinstance(library, dict)
    nodes = dict(library[blueprint].nodes)
    for node in library[blueprint].nodes.values():
        nodes |= node.nodes if isinstance(node, MapNode) else {}
    node = nodes[name]
    assert isinstance(node, RunNode)
    text = started(node.program, node.program_text) if node.program else node.script
    assert text is not None
    return text


Commit = Callable[[str, Mapping[str, str]], Checkout]


@pytest.fixture
def commit(tmp_path: Path) -> Commit:
    """A checkout for the scripts of a blueprint, with these files in its one commit."""

    def make(blueprint: str, files: Mapping[str, str]) -> Checkout:
        (tmp_path / "tools").mkdir()
        made = Checkout(tmp_path / "work", blueprint, tmp_path / "tools")
        for path, text in files.items():
            made.write(path, text)
        who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
        for arguments in (["init", "-q"], ["add", "--all", "--force"], ["commit", "-q", "-m", "Begin"]):
            subprocess.run(["git", "-C", str(made.root), *who, *arguments], check=True)
        return made

    return make
