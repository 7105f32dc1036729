"""Pre-commit (https://pre-commit.com/#pre-commit-configyaml---hooks): which of its hooks are linters that we know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FILE = ".pre-commit-config.yaml"
_CHANGES = frozenset(
    {
        *("--fix", "--unsafe-fixes", "--exit-non-zero-on-fix", "--fix-only", "--show-fixes", "-w", "-i", "--write"),
        *("--in-place", "--autocorrect", "-a", "-A", "--autocorrect-all", "--check", "--diff", "--list-different"),
    }
)


@dataclass(frozen=True)
class Hook:
    """`files` and `exclude` are regular expressions, searched for in the path; empty ones say nothing."""

    id: str
    arguments: tuple[str, ...] = ()
    files: str = ""
    exclude: tuple[str, ...] = ()


def hooks(text: str) -> tuple[Hook, ...]:
    """Empty for text that is no such configuration. Hooks of other stages than a commit are left out."""
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return ()
    top = document if isinstance(document, Mapping) else {}
    repositories = top.get("repos")
    items = repositories if isinstance(repositories, list) else []
    outer = tuple(pattern for pattern in (_pattern(top.get("exclude")),) if pattern)
    return tuple(
        _hook(item, outer)
        for repository in items
        if isinstance(repository, Mapping)
        for item in _objects(repository.get("hooks"))
        if _at_commit(item)
    )


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _at_commit(item: Mapping[str, Any]) -> bool:
    stages = item.get("stages")
    return not isinstance(stages, list) or not stages or bool({"commit", "pre-commit"} & set(map(str, stages)))


def _hook(item: Mapping[str, Any], outer: tuple[str, ...]) -> Hook:
    exclude = _pattern(item.get("exclude"))
    arguments = item.get("args")
    return Hook(
        id=str(item.get("id", "")),
        arguments=_plain(arguments if isinstance(arguments, list) else ()),
        files=_pattern(item.get("files")),
        exclude=(*outer, *((exclude,) if exclude else ())),
    )


def _plain(arguments: Sequence[Any]) -> tuple[str, ...]:
    """Without what makes the hook change files: whether it changes them is ours to say."""
    return tuple(str(argument) for argument in arguments if str(argument).split("=")[0] not in _CHANGES)


def _pattern(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    try:
        re.compile(text)
    except re.error:
        return ""
    return text
