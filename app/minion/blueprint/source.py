"""YAML 1.2 text to a tree with positions, refusing what a hostile or careless text may hold.

Only plain documents pass: one mapping, no anchors, aliases, tags or directives (https://yaml.org/spec/1.2.2/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import (
    AliasToken,
    AnchorToken,
    BlockEndToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DirectiveToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    TagToken,
)

from minion.blueprint.problem import Mark, Problem, Problems, problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_TOKENS = 20_000
"""Reading takes time in proportion; the longest blueprint that comes with Minion has about 900."""
_START = Mark(1, 1)
_REFUSED: Mapping[type, str] = {
    AliasToken: "aliases are not allowed",
    AnchorToken: "anchors are not allowed",
    TagToken: "tags are not allowed",
    DirectiveToken: "directives are not allowed",
}
_OPENING = (BlockMappingStartToken, BlockSequenceStartToken, FlowMappingStartToken, FlowSequenceStartToken)
_CLOSING = (BlockEndToken, FlowMappingEndToken, FlowSequenceEndToken)
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""As the scanner counts them: those of YAML 1.1 too."""
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class Scalar:
    text: str
    plain: bool
    """Not quoted and not a block: may be a number, a truth value or nothing."""
    mark: Mark

    @property
    def value(self) -> str | int | float | bool | None:
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if _DECIMAL.fullmatch(self.text) else self.text


@dataclass(frozen=True)
class Listing:
    items: tuple[Item, ...]
    mark: Mark


@dataclass(frozen=True)
class Entries:
    items: Mapping[str, Item]
    keys: Mapping[str, Mark]
    mark: Mark

    def place(self, *path: str | int) -> Mark:
        """Where the value at `path` stands, or as much of the way to it as there is."""
        found: Item = self
        for part in path:
            step = _step(found, part)
            if step is None:
                break
            found = step
        return found.mark

    def key(self, *path: str) -> Mark:
        """Where the key of the entry at `path` stands."""
        parent: Item | None = self
        for part in path[:-1]:
            parent = _step(parent, part) if parent is not None else None
        if isinstance(parent, Entries) and path[-1] in parent.keys:
            return parent.keys[path[-1]]
        return self.place(*path)


Item: TypeAlias = Scalar | Listing | Entries


def _step(item: Item, part: str | int) -> Item | None:
    if isinstance(item, Entries) and isinstance(part, str):
        return item.items.get(part)
    if isinstance(item, Listing) and isinstance(part, int) and part < len(item.items):
        return item.items[part]
    return None


def plain_data(item: Item) -> Any:
    """The tree as JSON data."""
    match item:
        case Scalar():
            return item.value
        case Listing():
            return [plain_data(child) for child in item.items]
        case Entries():
            return {key: plain_data(child) for key, child in item.items.items()}


def parse(text: str) -> tuple[Entries | None, Problems]:
    """The document's mapping, or None with the one problem that forbids reading on. Beside a tree, the problems are
    keys that occur twice (the first one counts) or are no words."""
    refused = _refused(text)
    if refused:
        return None, (refused,)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        return None, (_broken(text, error),)
    if not isinstance(root, MappingNode):
        return None, (problem(_START, "a blueprint is a mapping of keys to values"),)
    problems: list[Problem] = []
    return _entries(root, problems), tuple(problems)


def _refused(text: str) -> Problem | None:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return problem(_START, f"larger than {MAX_BYTES // 1024} kB")
    if text.startswith("\ufeff"):
        return problem(_START, "begins with a byte order mark", "save it as UTF-8 without one")
    for number, line in enumerate(_LINE_END.split(text), 1):
        indent = len(line) - len(line.lstrip(" \t"))
        if "\t" in line[:indent]:
            return problem(Mark(number, line.index("\t") + 1), "a tab in the indentation", "indent with spaces")
    return _refused_token(text)


def _refused_token(text: str) -> Problem | None:
    depth = 0
    try:
        for count, token in enumerate(YAML(typ="safe", pure=True).scan(text)):
            mark = Mark(token.start_mark.line + 1, token.start_mark.column + 1)
            if type(token) in _REFUSED:
                return problem(mark, _REFUSED[type(token)], "write the value out")
            depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
            if count > MAX_TOKENS:
                return problem(mark, "too much for one blueprint", "split it, and let the parts call each other")
            if depth > MAX_DEPTH:
                return problem(mark, f"nested deeper than {MAX_DEPTH} levels")
    except YAMLError as error:
        return _broken(text, error)
    return None


def _broken(text: str, error: YAMLError) -> Problem:
    match error:
        case ReaderError():
            return _unprintable(text, error)
        case MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            place = _START if mark is None else Mark(mark.line + 1, mark.column + 1)
            said = " ".join(str(part) for part in (error.context, error.problem) if part)
            return problem(place, f"not YAML: {said}")
        case _:
            return problem(_START, "not YAML")


def _unprintable(text: str, error: ReaderError) -> Problem:
    before = _LINE_END.split(text[: error.position])
    mark = Mark(len(before), len(before[-1]) + 1)
    code = ord(text[error.position]) if error.position < len(text) else 0
    return problem(mark, f"the character U+{code:04X} is not allowed in YAML", "remove control characters")


def _entries(node: MappingNode, problems: list[Problem]) -> Entries:
    items: dict[str, Item] = {}
    keys: dict[str, Mark] = {}
    for key_node, value_node in node.value:
        mark = _mark(key_node)
        if not isinstance(key_node, ScalarNode):
            problems.append(problem(mark, "a key must be one word"))
            continue
        key = str(key_node.value)
        _check_characters(key, mark, problems)
        if key in items:
            problems.append(problem(mark, f"duplicate key `{key}`", f"first on line {keys[key].line}"))
            continue
        items[key], keys[key] = _item(value_node, problems), mark
    return Entries(items, keys, _mark(node))


def _item(node: Any, problems: list[Problem]) -> Item:
    if isinstance(node, MappingNode):
        return _entries(node, problems)
    if isinstance(node, SequenceNode):
        return Listing(tuple(_item(child, problems) for child in node.value), _mark(node))
    _check_characters(str(node.value), _mark(node), problems)
    return Scalar(str(node.value), node.style is None, _mark(node))


def _check_characters(text: str, mark: Mark, problems: list[Problem]) -> None:
    """Half of a pair, as an escape can write it, is no character: no file, answer or database takes it."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        problems.append(problem(mark, "half of a surrogate pair is no character", "write the character itself"))


def _mark(node: Any) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def walk(item: Item) -> Iterator[Scalar]:
    """All scalars below, keys apart."""
    match item:
        case Scalar():
            yield item
        case Listing():
            for child in item.items:
                yield from walk(child)
        case Entries():
            for child in item.items.values():
                yield from walk(child)
