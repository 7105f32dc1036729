"""YAML with the line of everything: workflow and action files are read into these nodes and nothing else.

YAML 1.2 as the Actions runner reads it: `on` is a string, duplicate keys are errors.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_DEPTH = 60
_INTEGER_BASES = {"0x": 16, "0o": 8}


class SourceError(ValueError):
    """The file says something that cannot be accepted. `line` counts from 1."""

    def __init__(self, message: str, line: int, path: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}" if path else f"line {line}: {message}")
        self.message = message
        self.line = line

    def within(self, path: str) -> SourceError:
        return SourceError(self.message, self.line, path)


@dataclass(frozen=True)
class Scalar:
    value: bool | int | float | str | None
    text: str
    line: int


@dataclass(frozen=True)
class Entries:
    items: Mapping[str, Item]
    key_lines: Mapping[str, int]
    line: int

    def get(self, key: str) -> Item | None:
        return self.items.get(key)

    def __iter__(self) -> Iterator[tuple[str, Item]]:
        return iter(self.items.items())

    def expect_only(self, known: frozenset[str], where: str) -> None:
        """Raises SourceError at the first key that is not `known`."""
        for key, line in self.key_lines.items():
            if key not in known:
                raise SourceError(f"Unexpected value '{key}' in {where}", line)


@dataclass(frozen=True)
class Sequence:
    items: tuple[Item, ...]
    line: int


Item: TypeAlias = Scalar | Entries | Sequence


def read_yaml(text: str, path: str) -> Item:
    """The document in `text`. Raises SourceError with `path` and the line when it is not one YAML document."""
    loader = YAML(typ="safe", pure=True)
    loader.composer.warn_double_anchors = False  # YAML 1.2 allows an anchor's name again: the later one counts
    try:
        root = loader.compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SourceError(f"invalid YAML: {error.problem}", line, path) from error
    except YAMLError as error:
        raise SourceError(f"invalid YAML: {error}", 1, path) from error
    if root is None:
        raise SourceError("the file is empty", 1, path)
    try:
        return _convert(root, 0)
    except SourceError as error:
        raise error.within(path) from error


def _convert(node: Node, depth: int) -> Item:
    line = int(node.start_mark.line) + 1
    if depth > MAX_DEPTH:
        raise SourceError("nested too deeply", line)
    if isinstance(node, ScalarNode):
        return Scalar(_scalar(node, line), str(node.value), line)
    if isinstance(node, SequenceNode):
        return Sequence(tuple(_convert(child, depth + 1) for child in node.value), line)
    if isinstance(node, MappingNode):
        return _entries(node, line, depth)
    raise SourceError(f"unexpected YAML node {type(node).__name__}", line)


def _entries(node: MappingNode, line: int, depth: int) -> Entries:
    items: dict[str, Item] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        key_line = int(key.start_mark.line) + 1
        if not isinstance(key, ScalarNode):
            raise SourceError("a key must be a plain value", key_line)
        name = str(key.value)
        if name in items:
            raise SourceError(f"'{name}' is already defined", key_line)
        items[name] = _convert(value, depth + 1)
        lines[name] = key_line
    return Entries(items, lines, line)


def _scalar(node: ScalarNode, line: int) -> bool | int | float | str | None:
    text = str(node.value)
    kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return _integer(text)
    if kind == "float":
        return _float(text)
    if kind in {"str", "timestamp"}:
        return text
    raise SourceError(f"unsupported YAML tag {node.tag}", line)


def _integer(text: str) -> int | str:
    bare = text.replace("_", "").lstrip("+")
    try:
        return int(bare, _INTEGER_BASES.get(bare.lstrip("-")[:2].lower(), 10))
    except ValueError:
        return text


def _float(text: str) -> float | str:
    special: dict[str, float] = {".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
    try:
        return special[text.lower()] if text.lower() in special else float(text)
    except ValueError:
        return text


def plain(item: Item) -> Any:
    """The value without positions: None, bool, number, str, list or dict."""
    match item:
        case Scalar():
            return item.value
        case Entries():
            return {key: plain(value) for key, value in item}
        case Sequence():
            return [plain(value) for value in item.items]
