"""Which linters a command stands for (pure): only then may they be run on the changed files in its place."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from minion.nodes.lint.table import BY_NAME


@dataclass(frozen=True)
class Standing:
    """`paths`: for each linter the beginnings of the paths that the command looks at; an empty one is everything.
    `strict`: linters whose warnings count."""

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()

    @property
    def linters(self) -> frozenset[str]:
        return frozenset(self.paths)

    def covers(self, linter: str, path: str) -> bool:
        """A linter that the command does not name was found by its configuration, and speaks of any path."""
        begins = self.paths.get(linter)
        return begins is None or any(path.startswith(begin) for begin in begins)


_STARTS = (
    (("ruff", "check"), "ruff"),
    (("ruff", "format", "--check"), "ruff-format"),
    (("flake8",), "flake8"),
    (("rubocop",), "rubocop"),
    (("eslint",), "eslint"),
    (("prettier", "--check"), "prettier"),
    (("prettier", "-c"), "prettier"),
    (("prettier", "--list-different"), "prettier"),
    (("prettier", "-l"), "prettier"),
    (("stylelint",), "stylelint"),
    (("biome", "lint"), "biome"),
    (("oxlint",), "oxlint"),
)
_BEFORE = (("python3", "-m"), ("python", "-m"), ("bundle", "exec"), ("npx", "--no-install"), ("npx",))
_WITH_VALUE = frozenset({"--ext", "--max-warnings"})
_HARMLESS = frozenset(
    {"--cache", "--quiet", "--color", "--no-color", "--ignore-unknown", "--report-unused-disable-directives"}
)
_SCRIPT = re.compile(r"^(?:npm|pnpm|yarn) run (?P<script>[\w:-]+)$")


def stands_for(command: str | None, read: Callable[[str], bytes | None]) -> Standing | None:
    """None for a command that does anything else, or that cannot be understood. No command stands for nothing."""
    if command is None:
        return Standing()
    script = _SCRIPT.match(command)
    text = _script(script["script"], read("package.json")) if script else command
    standing = Standing()
    for part in text.split("&&"):
        one = _part(part)
        if one is None:
            return None
        standing = Standing({**standing.paths, **one.paths}, standing.strict | one.strict)
    return standing


def _part(text: str) -> Standing | None:
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        return None
    before = next((begin for begin in _BEFORE if words[: len(begin)] == begin), ())
    words = words[len(before) :]
    for start, name in _STARTS:
        if words[: len(start)] == start and name in BY_NAME:
            return _with_arguments(name, words[len(start) :])
    return None


def _with_arguments(name: str, words: tuple[str, ...]) -> Standing | None:
    paths: list[str] = []
    strict = False
    rest = iter(words)
    for word in rest:
        option = word.split("=", 1)[0]
        if option in _WITH_VALUE:
            strict |= option == "--max-warnings"
            next(rest, None) if "=" not in word else None
        elif option in _HARMLESS:
            continue
        elif word.startswith("-") or re.search(r"[|<>;`$]", word):
            return None
        else:
            paths.append(_beginning(word))
    return Standing({name: tuple(paths) or ("",)}, frozenset({name}) if strict else frozenset())


def _beginning(path: str) -> str:
    """`src` and `src/**/*.ts` both begin with `src`; `.` and `**/*.ts` with nothing."""
    plain = re.split(r"[*?{\[]", path.removeprefix("./"), maxsplit=1)[0]
    return "" if plain == "." else plain


def _script(name: str, package: bytes | None) -> str:
    try:
        text = json.loads(package or b"{}")["scripts"][name]
    except (ValueError, KeyError, TypeError):
        return ""
    return text if isinstance(text, str) else ""
