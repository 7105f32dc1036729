"""The repository's own rules for agents, as the base commit has them: a PR may not rewrite the rules that judge it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from minion.ports.workspace import Workspace

ALWAYS = ("AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md", ".github/copilot-instructions.md")
NESTED = ("AGENTS.md", "CLAUDE.md")
MAX_BYTES = 24_000


@dataclass(frozen=True)
class Rule:
    """`scope` is the directory that it holds for; `""` is the whole repository."""

    source: str
    scope: str
    digest: str
    text: str


@dataclass
class RuleBook:
    """Hands out each rule once: the repository's at the start, a directory's when a file in it is first touched."""

    workspace: Workspace
    max_bytes: int = MAX_BYTES
    _given: set[str] = field(default_factory=set)
    _left: int = field(init=False)
    _looked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._left = self.max_bytes

    def opening(self) -> Sequence[Rule]:
        return self._take(self._read(source, "") for source in ALWAYS)

    def touched(self, paths: Iterable[str]) -> Sequence[Rule]:
        """Nested rules of the directories above these paths (relative to the root), broadest first."""
        directories = sorted({parent for path in paths for parent in _directories(path)} - self._looked, key=_depth)
        self._looked.update(directories)
        return self._take(self._read(f"{where}/{name}", where) for where in directories for name in NESTED)

    def _read(self, source: str, scope: str) -> Rule | None:
        data = self.workspace.read_at_base(source)
        text = data.decode("utf-8", "replace").strip() if data else ""
        return Rule(source, scope, hashlib.sha256(text.encode()).hexdigest(), text) if text else None

    def _take(self, rules: Iterable[Rule | None]) -> list[Rule]:
        """New ones only (twins and copies are one), within the cap: the nearest are kept, the broadest go first."""
        fresh = [rule for rule in rules if rule is not None]
        fresh = list({rule.digest: rule for rule in fresh if rule.digest not in self._given}.values())
        kept: list[Rule] = []
        for rule in sorted(fresh, key=lambda rule: -_depth(rule.scope)):
            size = len(rule.text.encode())
            if size <= self._left:
                kept.insert(0, rule)
                self._left -= size
        self._given.update(rule.digest for rule in kept)
        return kept


def text_of(rules: Sequence[Rule]) -> str:
    return "\n\n".join(
        f'<rule source="{rule.source}" applies-to="{rule.scope or "everything"}">\n{rule.text}\n</rule>'
        for rule in rules
    )


def _directories(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents if str(parent) not in {".", "/"}]


def _depth(scope: str) -> int:
    return len(PurePosixPath(scope).parts)
