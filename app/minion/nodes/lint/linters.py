"""What is known of a linter or a formatter: how a repository shows that it uses it, and how it is run on some files."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Literal, TypeAlias

Reading: TypeAlias = Literal[
    "checkstyle",
    "eslint",
    "github",
    "hadolint",
    "lines",
    "names",
    "rubocop",
    "ruff",
    "sarif",
    "shellcheck",
    "sqlfluff",
    "stylelint",
]
"""How what it prints is understood: `minion.nodes.lint.reading`."""


@dataclass(frozen=True)
class Linter:
    """`check` and `fix` are arguments behind `program`; the files follow. An empty `check` is a tool that is known and
    too slow for single files, or needs more than files: it is named, and left to the lint command and to CI.

    A repository uses it when it has one of `configs` (names, `*` allowed), something in `sections` ((file, what begins
    a line; or a key of package.json)), a pre-commit hook of `hooks`, one of `implied`, or calls `words` in CI or a task
    runner.
    """

    name: str
    kind: Literal["lint", "format"]
    source: str
    takes: tuple[str, ...]
    program: str
    check: tuple[str, ...] = ()
    reading: Reading = "lines"
    fix: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    hooks: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    words: str = ""
    worker: Literal["", "eslint", "prettier"] = ""
    restyles: bool = False
    """A linter whose fixes are a formatter's."""

    @property
    def formats(self) -> bool:
        return bool(self.fix) and (self.kind == "format" or self.restyles)

    def is_config(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.configs)

    def takes_path(self, path: str) -> bool:
        """A pattern with a slash is held against the whole path, any other against the name."""
        name = path.rsplit("/", 1)[-1]
        return any(fnmatch.fnmatchcase(path if "/" in pattern else name, pattern) for pattern in self.takes)
