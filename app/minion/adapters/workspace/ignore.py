"""Which new files are left alone: .gitignore as git reads it, and what tools leave behind."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

LEFT_BEHIND = (
    *("__pycache__/", "*.py[co]", ".venv/", "venv/", "*.egg-info/", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/"),
    *(".hypothesis/", ".tox/", ".nox/", ".coverage", ".coverage.*", "node_modules/", ".npm/", ".gradle/", ".DS_Store"),
)
"""Never part of a change unless the base commit has them or a .gitignore lets them in."""

_LONGEST = 1_000_000


@dataclass(frozen=True)
class IgnoreRules:
    """The rules in force in one folder: (folder, patterns) from the broadest to the nearest; the nearest decides."""

    levels: tuple[tuple[str, GitIgnoreSpec], ...]
    _said: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)
    _below: dict[str, tuple[bytes, IgnoreRules]] = field(default_factory=dict, compare=False, repr=False)

    def ignored(self, path: str, folder: bool) -> bool:
        """`path` is relative to the root; the folders above it are known not to be ignored."""
        asked = path + "/" if folder else path
        said = self._said.get(asked)
        if said is None:
            said = self._said[asked] = self._verdict(asked)
        return said

    def _verdict(self, asked: str) -> bool:
        for prefix, spec in reversed(self.levels):
            verdict = spec.check_file(asked[len(prefix) :]).include
            if verdict is not None:
                return verdict
        return False

    def inside(self, folder: Path, prefix: str) -> IgnoreRules:
        """The rules in a folder below; `prefix` is its path with a `/` at the end, or empty for the root. The same
        object as long as the folder's own rules are the same: what it said of a path once, it knows."""
        text = _read(folder / ".gitignore")
        if text is None:
            return self
        known = self._below.get(prefix)
        if known is None or known[0] != text:
            known = self._below[prefix] = (text, IgnoreRules((*self.levels, (prefix, _spec(text)))))
        return known[1]


def root_rules() -> IgnoreRules:
    return IgnoreRules((("", GitIgnoreSpec.from_lines(LEFT_BEHIND)),))


def _read(path: Path) -> bytes | None:
    """Git does not follow a .gitignore that is a symbolic link (https://git-scm.com/docs/gitignore#_notes)."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        return stream.read(_LONGEST)


def _spec(text: bytes) -> GitIgnoreSpec:
    written = text.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
    lines = [line.rstrip("\r") for line in written.split("\n")]
    try:
        return GitIgnoreSpec.from_lines(lines)
    except GitIgnorePatternError:
        return GitIgnoreSpec.from_lines([line for line in lines if _sound(line)])


def _sound(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except GitIgnorePatternError:
        return False
    return True
