"""The repository's own rules for agents, as the base commit has them: a PR may not rewrite the rules that judge it.

Formats: https://agents.md, https://code.claude.com/docs/en/memory, https://cursor.com/docs/context/rules,
https://docs.github.com/copilot/customizing-copilot/adding-repository-custom-instructions-for-github-copilot.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

from minion.agent.rule_files import BrokenFrontMatter, Parsed, matches, parse, with_imports, without_comments
from minion.ports.workspace import Workspace

ALWAYS = ("AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md", ".github/copilot-instructions.md", ".cursorrules")
NESTED = ("AGENTS.md", "CLAUDE.md")
OVERRIDES = {"AGENTS.md": "AGENTS.override.md"}
"""What stands in the place of a file in its folder (https://developers.openai.com/codex/guides/agents-md)."""
MOST_OFFERED, LONGEST_OFFER = 20, 200
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
    offered: str = ""
    """The description by which an agent decides whether it reads this; it applies once that is done."""

    def applies(self, path: str) -> bool:
        if self.scope and not path.startswith(f"{self.scope}/"):
            return False
        inside = path[len(self.scope) + 1 :] if self.scope else path
        return not self.globs or matches(self.globs, inside) or matches(self.globs, path)


@dataclass
class RuleBook:
    """Hands out each rule once: the repository's at the start, others when a file of theirs is first touched.

    `problems` says which files could not be read, `dropped` which found no room, `skipped` which are for others.
    """

    workspace: Workspace
    max_bytes: int = MAX_BYTES
    problems: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _given: set[str] = field(default_factory=set)
    _sources: set[str] = field(default_factory=set)
    _left: int = field(init=False)
    _looked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._left = self.max_bytes

    def opening(self) -> Sequence[Rule]:
        always = [rule for source in ALWAYS if (rule := self._plain(source, ""))]
        always += [rule for rule in self._globbed if not rule.globs and not rule.scope]
        always += [offer] if (offer := self._offer()) else []
        return self._take(always, keep=self.max_bytes - OPENING_BYTES)

    def _offer(self) -> Rule | None:
        """Rules that are for whom their description concerns (https://cursor.com/docs/context/rules): named here with
        it, and given, as the base has them, to who reads the file."""
        offered = [f"- {rule.source}: {rule.offered}" for rule in self._globbed if rule.offered][:MOST_OFFERED]
        text = "\n".join(["Read those of these that concern what you do:", *offered])
        return _rule(".cursor/rules", "", text, "descriptions of rules to be read") if offered else None

    def touched(self, paths: Iterable[str]) -> Sequence[Rule]:
        """Rules for these paths (relative to the root) that were not given yet, broadest first."""
        touched = [path for path in paths if not path.startswith("/")]
        directories = {parent for path in touched for parent in _directories(path)} - self._looked
        self._looked.update(directories)
        nested = [rule for where in directories for name in NESTED if (rule := self._plain(f"{where}/{name}", where))]
        scoped = [rule for rule in self._globbed if any(rule.applies(path) for path in touched)]
        return self._take([*nested, *scoped])

    def _plain(self, source: str, scope: str) -> Rule | None:
        folder, name = posixpath.split(source)
        override = posixpath.join(folder, OVERRIDES.get(name, ""))
        source = override if name in OVERRIDES and self._text(override) else source
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
        described = _description(source, parsed)
        if described:
            read = _rule(source, "", parsed.body, f"when {source} is read", [f"/{source}"])
            return replace(read, offered=described) if read else None
        globs = _globs(source, parsed)
        if globs is None:
            self.skipped.append(f"{source}: {_why_not(source, parsed)}")
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


def _description(source: str, parsed: Parsed) -> str:
    """Of a rule of Cursor's that nothing but its description attaches: one line, cut."""
    if "/.cursor/" not in f"/{source}" or parsed.flag("alwaysApply") or parsed.listed("globs"):
        return ""
    said = " ".join(str(parsed.head.get("description", "")).split())
    return said.encode()[: LONGEST_OFFER - len(source.encode())].decode(errors="ignore")


def _why_not(source: str, parsed: Parsed) -> str:
    if "/.cursor/" in f"/{source}":
        return "attached by hand only (no alwaysApply, globs or description)"
    excluded = parsed.listed("excludeAgent")
    return f"excludeAgent: {', '.join(excluded)}" if excluded else "it has no applyTo"


def _globs(source: str, parsed: Parsed) -> list[str] | None:
    """What narrows the rule: nothing for an always-on one, None for one that is not for us to load."""
    if "/.cursor/" in f"/{source}":
        if parsed.flag("alwaysApply"):
            return []
        return parsed.listed("globs") or None  # by hand only: nobody is there who would
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
