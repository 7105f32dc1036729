"""What the tools of one node share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minion.domain.checks import PastCheck
from minion.domain.patterns import Narrowing
from minion.domain.spec import Scope
from minion.ports.sandbox import FileServer, Sandbox
from minion.ports.web import Web
from minion.tools.base import ToolResult
from minion.tools.lint import NO_LINT, LineLint


@dataclass
class ReadLedger:
    """The SHA-256 of each file when it was last seen by the model; an edit of any other state is refused."""

    seen: dict[str, str] = field(default_factory=dict)

    def note(self, answer: dict[str, Any]) -> None:
        self.seen[str(answer["real"])] = str(answer["sha"])

    def expected(self, real: str) -> str | None:
        return self.seen.get(real)


@dataclass(frozen=True)
class ToolBench:
    """`output_dir` is written by us and readable (not writable) in the box at the same path: whole outputs go there.

    `protected` are gitignore patterns of paths that nobody's task may change; what `narrowing` does not allow, this
    step may not. `numbered`: what is read comes with line numbers. Without `web` or `check_history` the tools that need
    them are not offered.
    """

    sandbox: Sandbox
    files: FileServer
    output_dir: Path
    scope: Scope = field(default_factory=Scope)
    protected: tuple[str, ...] = ()
    narrowing: Narrowing = ()
    shell_timeout_s: float = 120.0
    shell_timeout_max_s: float = 600.0
    numbered: bool = False
    ledger: ReadLedger = field(default_factory=ReadLedger)
    lint: LineLint = NO_LINT
    web: Web | None = None
    check_history: tuple[PastCheck, ...] | None = None


def refused(answer: dict[str, Any]) -> ToolResult:
    return ToolResult(str(answer.get("error", "the request failed")), error=True)
