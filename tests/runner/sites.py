"""A site whose nodes do what the test says, on a real clone of a real repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from minion.adapters.host import SystemHost
from minion.adapters.workspace import CloneSource, GitWorkspace, clone
from minion.blueprint.state import NodeResult
from minion.domain.receipt import ReceiptLine
from minion.nodes.base import NodeReport, Visit

Step = Callable[["ScriptedSite", Visit], NodeReport]


def git(directory: Path, *arguments: str) -> str:
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "Ann", f"GIT_{who}_EMAIL": "ann@example.com"}
    done = subprocess.run(["git", *arguments], cwd=directory, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_repository(directory: Path, files: Mapping[str, str]) -> str:
    """A repository with one commit; returns its sha."""
    directory.mkdir(parents=True)
    git(directory, "init", "--quiet", "--initial-branch=main")
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", "first")
    return git(directory, "rev-parse", "HEAD")


def done(visit: Visit, outcome: str = "ok", output: dict[str, object] | None = None, usd: str = "0") -> NodeReport:
    line = ReceiptLine(round=0, node=visit.node.name, outcome=outcome, usd=Decimal(usd), turns=1, seconds=1.0)
    return NodeReport(NodeResult(outcome=outcome, output=output or {}, usd=Decimal(usd), wall_s=1.0), line)


@dataclass
class ScriptedSite:
    workspace: GitWorkspace
    steps: Mapping[str, Step]
    escaped: tuple[str, ...] = ()
    sandbox_mode: str = "bubblewrap"
    visits: list[Visit] = field(default_factory=list)
    host: SystemHost = field(default_factory=lambda: SystemHost({"PATH": "/usr/bin:/bin"}))

    def escapes(self) -> Sequence[str]:
        return self.escaped

    def prepared(self) -> None:
        self.workspace.preparation_done()

    def visit(self, visit: Visit) -> NodeReport:
        self.visits.append(visit)
        return self.steps[visit.node.name](self, visit)

    def write(self, path: str, text: str) -> None:
        (Path(self.workspace.root) / path).write_text(text)


def site_at(origin: Path, sha: str, place: Path, steps: Mapping[str, Step]) -> ScriptedSite:
    root, private = place / "work", place / "private"
    return ScriptedSite(clone(CloneSource(f"file://{origin}", sha), root, private), steps)
