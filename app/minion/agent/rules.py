"""The repository's own rules for agents, as the base commit has them: a PR may not rewrite the rules that judge it.

Formats: https://agents.md, https://code.claude.com/docs/en/memory, https://cursor.com/docs/context/rules,
https://docs.github.com/copilot/customizing-copilot/adding-repository-custom-instructions-for-github-copilot.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from minion.agent.rule_files import BrokenFrontMatter, Parsed, matches, parse, with_imports, without_comments
from minion.ports.workspace import Workspace

ALWAYS = ("AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md", ".github/copilot-instructions.md", ".cursorrules")
NESTED = ("AGENTS.md", "CLAUDE.md")
MAX_BYTES = 24_000
OPENING_BYTES = 16_000
"""Of `MAX_BYTES`: the rest is kept for nearer rules, which matter more."""
EVERYTHING = frozenset({"*", "**", "**/*", "/**"})
CODING_AGENTS = frozenset({"coding-agent", "cloud-agent"})

_GLOBBED = re.compile(
    r"(?P<root>(?:[^/]+/)*)(?:\.claude/rules/.+\.md|\.cursor/rules/.+\.mdc|\.github/instructions/.+\.instructions\.md)$"
)


@dataclass(frozen=True)
class Rule:
    """`scope` is the folder that it holds for (`""`: all); `globs` narrow it further. `why` is for people."""

    source: str
    scope: str
    digest: str
    text: str
    why: str = "always"
    globs: tuple[str, ...] = ()

    def applies(self, path: str) -> bool:
        if self.scope and not path.startswith(f"{self.scope}/"):
            return False
        inside = path[len(self.scope) + 1 :] if self.scope else path
        return not self.globs or matches(self.globs, inside) or matches(self.globs, path)


@dataclass
class RuleBook:
    """Hands out each rule once: the repository's at the start, others when a file of theirs is first touched.

    `problems` says which files could not be read, `dropped` which found no room.
    """

    workspace: Workspace
    max_bytes: int = MAX_BYTES
    problems: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    _given: set[str] = field(default_factory=set)
    _sources: set[str] = field(default_factory=set)
    _left: int = field(init=False)
    _looked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._left = self.max_bytes

    def opening(self) -> Sequence[Rule]:
        always = [rule for source in ALWAYS if (rule := self._plain(source, ""))]
        always += [rule for rule in self._globbed if not rule.globs and not rule.scope]
        return self._take(always, keep=self.max_bytes - OPENING_BYTES)

    def touched(self, paths: Iterable[str]) -> Sequence[Rule]:
        """Rules for these paths (relative to the root) that were not given yet, broadest first."""
        touched = [path for path in paths if not path.startswith("/")]
        directories = {parent for path in touched for parent in _directories(path)} - self._looked
        self._looked.update(directories)
        nested = [rule for where in directories for name in NESTED if (rule := self._plain(f"{where}/{name}", where))]
        scoped = [rule for rule in self._globbed if any(rule.applies(path) for path in touched)]
        return self._take([*nested, *scoped])

    def _plain(self, source: str, scope: str) -> Rule | None:
        text = self._text(source)
        if text is None:
            return None
        self._sources.add(source)
        if posixpath.basename(source) == "CLAUDE.md":
            text = with_imports(source, without_comments(text), self._text, frozenset(self._sources))
        why = f"for {scope}/, first touched" if scope else "always"
        return _rule(source, scope, text, why)

    @cached_property
    def _globbed(self) -> list[Rule]:
        return [rule for source in sorted(self._paths) if (rule := self._with_head(source)) is not None]

    def _with_head(self, source: str) -> Rule | None:
        found = _GLOBBED.match(source)
        text = self._text(source) if found else None
        if found is None or text is None:
            return None
        parsed = parse(text)
        if isinstance(parsed, BrokenFrontMatter):
            self.problems.append(f"{source}: {parsed.reason}")
            return None
        globs = _globs(source, parsed)
        if globs is None:
            return None
        why = f"matches {', '.join(globs)}" if globs else "always"
        return _rule(source, found["root"].rstrip("/"), parsed.body, why, globs)

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset(self.workspace.list_at_base())

    def _text(self, source: str, hops: int = 0) -> str | None:
        """The file at the base; a symbolic link's blob is the path of its target, which is followed."""
        if source not in self._paths:
            return None
        data = self.workspace.read_at_base(source)
        text = data.decode("utf-8", "replace").strip() if data else ""
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), text)) if _like_a_path(text) else ""
        if target in self._paths and target != source and hops < 4:
            return self._text(target, hops + 1)
        return text or None

    def _take(self, rules: Sequence[Rule], keep: int = 0) -> list[Rule]:
        """New ones only (twins and copies are one) as far as there is room, the nearest first; `keep` bytes are not
        used. In the order from the broadest to the nearest."""
        fresh: dict[str, Rule] = {}
        for rule in rules:
            if rule.digest not in self._given:
                fresh.setdefault(rule.digest, rule)
        in_order = sorted(fresh.values(), key=_depth)
        kept = set(self._fitting(in_order, keep))
        self._given.update(fresh)
        return [rule for rule in in_order if rule.digest in kept]

    def _fitting(self, rules: Sequence[Rule], keep: int) -> Iterator[str]:
        for rule in sorted(rules, key=_depth, reverse=True):
            size = len(rule.text.encode())
            if size <= self._left - keep:
                self._left -= size
                yield rule.digest
            else:
                self.dropped.append(rule.source)


def text_of(rules: Sequence[Rule]) -> str:
    return "\n\n".join(
        f'<rule source="{rule.source}" applies-to="{_where(rule)}">\n{rule.text}\n</rule>' for rule in rules
    )


def _where(rule: Rule) -> str:
    return " ".join([*([f"{rule.scope}/"] if rule.scope else []), *rule.globs]) or "everything"


def _rule(source: str, scope: str, text: str, why: str, globs: Sequence[str] = ()) -> Rule | None:
    text = text.strip()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Rule(source, scope, digest, text, why, tuple(globs)) if text else None


def _globs(source: str, parsed: Parsed) -> list[str] | None:
    """What narrows the rule: nothing for an always-on one, None for one that is not for us to load."""
    if "/.cursor/" in f"/{source}":
        if parsed.flag("alwaysApply"):
            return []
        return parsed.listed("globs") or None  # by description or by hand only: nobody is there to ask
    if "/.claude/" in f"/{source}":
        return parsed.listed("paths")
    if CODING_AGENTS & set(parsed.listed("excludeAgent")):
        return None
    globs = parsed.listed("applyTo")
    return [] if EVERYTHING & set(globs) else globs or None


def _directories(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents if str(parent) != "."]


def _depth(rule: Rule) -> tuple[int, bool]:
    return len(PurePosixPath(rule.scope).parts), bool(rule.globs)


def _like_a_path(text: str) -> bool:
    return 0 < len(text) < 200 and not re.search(r"\s", text)
