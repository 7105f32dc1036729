"""YAML 1.2 text to a tree with positions, refusing what a hostile or careless text may hold.

Only plain documents pass: one mapping, no anchors, aliases, tags or directives (https://yaml.org/spec/1.2.2/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from minion.blueprint.problem import Mark, Problem, Problems, problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_EVENTS = 8_000
"""Reading takes time in proportion; the longest blueprint that comes with Minion has about 900."""
_START = Mark(1, 1)
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


@lru_cache(maxsize=16)
def parse(text: str) -> tuple[Entries | None, Problems]:
    """The document's mapping, or None with the one problem that forbids reading on. Beside a tree, the problems are
    keys that occur twice (the first one counts) or are no words. The same text is read once: callers, siblings and the
    shipped files are met several times in one command."""
    refused = _refused(text)
    if refused:
        return None, (refused,)
    problems: list[Problem] = []
    try:
        root = _Reader(text, problems).document()
    except _Unwanted as unwanted:
        return None, (unwanted.problem,)
    except YAMLError as error:
        return None, (_broken(text, error),)
    if not isinstance(root, Entries):
        return None, (problem(_START, "a blueprint is a mapping of keys to values"),)
    return root, tuple(problems)


def _refused(text: str) -> Problem | None:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return problem(_START, f"larger than {MAX_BYTES // 1024} kB")
    if text.startswith("\ufeff"):
        return problem(_START, "begins with a byte order mark", "save it as UTF-8 without one")
    for number, line in enumerate(_LINE_END.split(text), 1):
        indent = len(line) - len(line.lstrip(" \t"))
        if "\t" in line[:indent]:
            return problem(Mark(number, line.index("\t") + 1), "a tab in the indentation", "indent with spaces")
    return None


class _Unwanted(Exception):  # noqa: N818 -- it names what was met
    def __init__(self, mark: Mark, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.problem = problem(mark, message, hint)


class _Reader:
    """One pass over the events (https://yaml.dev/doc/ruamel.yaml/api/), which stops at the first one that is refused:
    what a hostile text would grow to is never built."""

    def __init__(self, text: str, problems: list[Problem]) -> None:
        self._events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))
        self._directive = next(
            (Mark(at, 1) for at, line in enumerate(_LINE_END.split(text), 1) if line[:1] == "%"), _START
        )
        self._problems = problems
        self._count = 0
        self._depth = 0

    def document(self) -> Item | None:
        """None for a text without any. A second document is an error."""
        self._next()  # the stream begins
        begins = self._next()
        if isinstance(begins, StreamEndEvent):
            return None
        if begins.version or begins.tags:
            raise _Unwanted(self._directive, "directives are not allowed", "write the value out")
        root = self._item(self._next())
        self._next()  # the document ends
        more = self._next()
        if not isinstance(more, StreamEndEvent):
            raise _Unwanted(
                _mark(more), "not YAML: expected a single document in the stream but found another document"
            )
        return root

    def _next(self) -> Any:
        event = next(self._events)
        self._count += 1
        if isinstance(event, AliasEvent):
            raise _Unwanted(_mark(event), "aliases are not allowed", "write the value out")
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise _Unwanted(_mark(event), "anchors are not allowed", "write the value out")
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            raise _Unwanted(_mark(event), "tags are not allowed", "write the value out")
        if self._count > MAX_EVENTS:
            raise _Unwanted(_mark(event), "too much for one blueprint", "split it, and let the parts call each other")
        self._depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if self._depth > MAX_DEPTH:
            raise _Unwanted(_mark(event), f"nested deeper than {MAX_DEPTH} levels")
        return event

    def _item(self, event: Any) -> Item:
        mark = _mark(event)
        match event:
            case MappingStartEvent():
                return self._entries(mark)
            case SequenceStartEvent():
                items = []
                while not isinstance(inner := self._next(), SequenceEndEvent):
                    items.append(self._item(inner))
                return Listing(tuple(items), mark)
            case _:
                _check_characters(str(event.value), mark, self._problems)
                return Scalar(str(event.value), event.style is None, mark)

    def _entries(self, mark: Mark) -> Entries:
        items: dict[str, Item] = {}
        keys: dict[str, Mark] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            place = _mark(event)
            if not isinstance(event, ScalarEvent):
                self._item(event)
                self._item(self._next())
                self._problems.append(problem(place, "a key must be one word"))
                continue
            key = str(event.value)
            _check_characters(key, place, self._problems)
            told = len(self._problems)
            value = self._item(self._next())
            if key in items:
                del self._problems[told:]
                self._problems.append(problem(place, f"duplicate key `{key}`", f"first on line {keys[key].line}"))
                continue
            items[key], keys[key] = value, place
        return Entries(items, keys, mark)


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
