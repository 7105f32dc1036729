"""Which linters a repository uses, told from its base commit (pure)."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from minion.nodes.lint.linters import Linter
from minion.nodes.lint.precommit import FILE as PRE_COMMIT
from minion.nodes.lint.precommit import Hook, hooks
from minion.nodes.lint.table import LINTERS

Read: TypeAlias = Callable[[str], str | None]
"""The text of a file, or None."""

_RUNNERS = re.compile(r"^(?:\.github/workflows/[^/]+\.ya?ml|Makefile|justfile|tox\.ini|noxfile\.py|package\.json)$")
_SECTION_FILES = frozenset(name for linter in LINTERS for name, _ in linter.sections)
_NOT_OURS = re.compile(r"(?:^|/)(?:node_modules|vendor|third_party|testdata|fixtures)/")
DEEPEST = 3
"""Folders below the root in which a configuration is looked for: a repository may hold several projects."""


@dataclass(frozen=True)
class Applied:
    """A linter at work below `root` ("" for the top): `arguments` stand before the files."""

    linter: Linter
    root: str = ""
    arguments: tuple[str, ...] = ()
    files: str = ""
    exclude: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return f"{self.root}/" if self.root else ""

    def takes(self, path: str) -> bool:
        if not path.startswith(self.folder) or not self.linter.takes_path(path):
            return False
        return re.search(self.files, path) is not None and not any(re.search(one, path) for one in self.exclude)


@dataclass(frozen=True)
class LintPlan:
    """`configs`: the base's files that configure any of `applied`, path to text. `left`: what only CI runs, by name."""

    applied: tuple[Applied, ...] = ()
    left: tuple[str, ...] = ()
    configs: Mapping[str, str] = field(default_factory=dict)

    def for_path(self, path: str) -> tuple[Applied, ...]:
        """Of the same linter only the one whose root is the nearest."""
        nearest: dict[str, Applied] = {}
        for one in self.applied:
            known = nearest.get(one.linter.name)
            if one.takes(path) and (known is None or len(one.root) > len(known.root)):
                nearest[one.linter.name] = one
        return tuple(nearest.values())

    @property
    def config_names(self) -> tuple[str, ...]:
        """Patterns of the names of files that configure any of `applied`."""
        linters = [one.linter for one in self.applied]
        named = [
            *(name for one in linters for name in one.configs),
            *(name for one in linters for name, _ in one.sections),
        ]
        return tuple(dict.fromkeys(named))

    def is_config(self, path: str) -> bool:
        """Whether a file of this name may configure any of `applied`."""
        return any(_is_config(one.linter, path) for one in self.applied)

    def reconfigured(self, now: Mapping[str, str | None]) -> frozenset[str]:
        """The linters whose configuration differs from the base's. `now`: each file that differs, None: it is gone."""
        return frozenset(
            one.linter.name
            for one in self.applied
            for path, text in now.items()
            if _configures(one.linter, path, self.configs.get(path), text)
        )


def plan(paths: Sequence[str], read: Read) -> LintPlan:
    """From all paths of the base commit, and what is in them."""
    near = [path for path in paths if path.count("/") <= DEEPEST and not _NOT_OURS.search(path)]
    marks = [path for path in near if _MARK.match(_name(path))]
    texts = {path: text for path in marks if (text := read(path)) is not None}
    hooked = hooks(texts.get(PRE_COMMIT, ""))
    found = {
        (one.linter.name, one.root): one for one in (*_by_files(texts), *_by_words(near, read), *_by_hooks(hooked))
    }
    runs = [_completed(one, texts) for one in found.values() if one.linter.check]
    slow = [one.linter.name for one in found.values() if not one.linter.check]
    known = {hook for linter in LINTERS for hook in linter.hooks}
    unknown = [f"{hook.id} (pre-commit)" for hook in hooked if hook.id not in known]
    ordered = sorted(runs, key=lambda one: (_ORDER[one.linter.name], one.root))
    own = {path: text for path, text in texts.items() if any(_is_config(one.linter, path) for one in ordered)}
    return LintPlan(tuple(ordered), tuple(dict.fromkeys([*slow, *unknown])), own)


# --- signs

_ORDER = {linter.name: place for place, linter in enumerate(LINTERS)}
_CONFIG_NAMES = {name for linter in LINTERS for name in (*linter.configs, *linter.implied)}
_MARK = re.compile("|".join(fnmatch.translate(name) for name in sorted({*_CONFIG_NAMES, *_SECTION_FILES, PRE_COMMIT})))


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _root(path: str) -> str:
    """Where what this file configures begins; `.github` and `.config` speak for the folder that they are in."""
    folder = path.rpartition("/")[0]
    return folder.rpartition("/")[0] if _name(folder) in {".github", ".config"} else folder


def _by_files(texts: Mapping[str, str]) -> Iterator[Applied]:
    for path, text in texts.items():
        name = _name(path)
        for linter in LINTERS:
            if linter.is_config(name) or name in linter.implied or _has_section(linter, name, text):
                yield Applied(linter, _root(path))


def _has_section(linter: Linter, name: str, text: str) -> bool:
    if name == "package.json":
        keys = _keys(text)
        return any(key in keys for file, key in linter.sections if file == name)
    wanted = tuple(_squeezed(begin) for file, begin in linter.sections if file == name)
    return bool(wanted) and any(_squeezed(line).startswith(wanted) for line in text.splitlines())


def _keys(text: str) -> Collection[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return document.keys() if isinstance(document, dict) else ()


def _squeezed(line: str) -> str:
    return "".join(line.split())


def _by_words(paths: Iterable[str], read: Read) -> Iterator[Applied]:
    texts = [text for path in paths if _RUNNERS.match(path) and (text := read(path)) is not None]
    for linter in LINTERS:
        if linter.words and any(re.search(linter.words, text) for text in texts):
            yield Applied(linter)


def _by_hooks(found: Sequence[Hook]) -> Iterator[Applied]:
    """The last sign, so the one that counts: it says with which arguments and on which files."""
    for hook in found:
        for linter in LINTERS:
            if hook.id in linter.hooks:
                yield Applied(linter, "", hook.arguments, hook.files, hook.exclude)


_EDITION = re.compile(r'(?m)^edition\s*=\s*"(\d{4})"')


def _completed(one: Applied, texts: Mapping[str, str]) -> Applied:
    """rustfmt alone is not told of the crate's edition (https://github.com/rust-lang/rustfmt#rusts-editions)."""
    if one.linter.name != "rustfmt":
        return one
    edition = _EDITION.search(texts.get(f"{one.folder}Cargo.toml", ""))
    return replace(one, arguments=("--edition", edition[1] if edition else "2021"))


# --- what a file says of one linter


def _is_config(linter: Linter, path: str) -> bool:
    name = _name(path)
    return linter.is_config(name) or any(file == name for file, _ in linter.sections)


def _configures(linter: Linter, path: str, before: str | None, after: str | None) -> bool:
    """Whether the two texts of a file configure the linter differently."""
    name = _name(path)
    if linter.is_config(name):
        return before != after
    own = [begin for file, begin in linter.sections if file == name]
    return any(_section(name, begin, before) != _section(name, begin, after) for begin in own)


def _section(name: str, begin: str, text: str | None) -> Any:
    """What the file holds for the linter whose section begins so; the whole text where parts cannot be told."""
    try:
        if name == "package.json":
            return json.loads(text or "{}").get(begin)
        if name.endswith(".toml") and begin.startswith("[tool."):
            return tomllib.loads(text or "").get("tool", {}).get(begin.removeprefix("[tool.").split(".")[0])
    except (ValueError, AttributeError, RecursionError):
        return text
    return text if text and begin in text else None
