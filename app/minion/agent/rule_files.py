"""Reading one rule file: front matter, globs, comments, imports (pure)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

Value = str | list[str]

MOST_HOPS = 4
"""Of imports (https://code.claude.com/docs/en/memory#import-additional-files)."""
MOST_GLOBS = 100


@dataclass(frozen=True)
class BrokenFrontMatter:
    """A rule file whose head cannot be read: it is reported and not loaded."""

    reason: str


@dataclass(frozen=True)
class Parsed:
    head: Mapping[str, Value] = field(default_factory=dict)
    body: str = ""

    def flag(self, name: str) -> bool:
        return str(self.head.get(name, "")).casefold() == "true"

    def listed(self, name: str) -> list[str]:
        """A list, or a string with commas, braces kept together and then spelt out."""
        value = self.head.get(name, [])
        items = value if isinstance(value, list) else _split(value)
        return [glob for item in items for glob in spelt_out(item.strip()) if glob]


def parse(text: str) -> Parsed | BrokenFrontMatter:
    """Front matter by lines, not by YAML: people write `globs: **/*.ts`, which is no YAML."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return Parsed(body=text.strip())
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        return BrokenFrontMatter("its front matter has no end")
    head: dict[str, Value] = {}
    key = ""
    for number, line in enumerate(lines[1:end], 2):
        item = re.match(r"\s*-\s+(.*)", line)
        pair = re.match(r"([A-Za-z_][\w-]*)\s*:(.*)", line)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if item and key:
            before = head[key]
            head[key] = [*(before if isinstance(before, list) else []), _bare(item.group(1))]
        elif pair:
            key = pair.group(1)
            head[key] = _value(pair.group(2))
        else:
            return BrokenFrontMatter(f"line {number} of its front matter is no `key: value`")
    return Parsed(head, "\n".join(lines[end + 1 :]).strip())


def _value(text: str) -> Value:
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        return [_bare(item) for item in _split(bare[1:-1])]
    return _bare(bare)


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" else text


def _split(text: str) -> list[str]:
    """At commas that stand outside braces."""
    return [part.strip() for part in re.split(r",(?![^{}]*\})", text) if part.strip()]


def spelt_out(glob: str) -> list[str]:
    """`a.{b,c}` → `a.b`, `a.c`."""
    found = re.search(r"\{([^{}]*)\}", glob)
    if found is None:
        return [glob]
    options = found.group(1).split(",")
    whole = [glob[: found.start()] + option.strip() + glob[found.end() :] for option in options]
    return [result for one in whole for result in spelt_out(one)][:MOST_GLOBS]


def matches(globs: Sequence[str], path: str) -> bool:
    try:
        return bool(GitIgnoreSpec.from_lines(glob for glob in globs if not glob.startswith("!")).match_file(path))
    except GitIgnorePatternError:
        return False


_COMMENT = re.compile(r"(?m)^[ \t]*<!--.*?-->[ \t]*\n?", re.DOTALL)
_FENCE = re.compile(r"(?ms)^([ \t]*)(```|~~~).*?^\1\2[^\n]*$|`[^`\n]+`")
_IMPORT = re.compile(r"(?<![\w@`])@((?:\./|\.\./|[\w-])[\w./-]*\w)")

ReadText = Callable[[str], str | None]


def without_comments(text: str) -> str:
    """Without block HTML comments; those inside code stay."""
    return _outside_code(text, lambda part: _COMMENT.sub("", part))


def with_imports(source: str, text: str, read: ReadText, seen: frozenset[str], hops: int = 0) -> str:
    """`@path` replaced by the file that it names, relative to the importing one. What is unknown, above the root,
    read already or too deep stays as it is written."""

    def replaced(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found.group(1)))
        content = None if target.startswith("..") or target in seen or hops >= MOST_HOPS else read(target)
        if content is None:
            return found.group(0)
        return with_imports(target, without_comments(content), read, seen | {target}, hops + 1)

    return _outside_code(text, lambda part: _IMPORT.sub(replaced, part))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts: list[str] = []
    done = 0
    for code in _FENCE.finditer(text):
        parts += [change(text[done : code.start()]), code.group(0)]
        done = code.end()
    return "".join([*parts, change(text[done:])])
