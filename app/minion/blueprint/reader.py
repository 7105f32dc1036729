"""Reads a tree by its shape, and collects every problem on the way.

What could not be read is left out of its record, so that later passes see only values that they can trust.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from minion.blueprint.model import Lookup
from minion.blueprint.output_schema import schema_problems
from minion.blueprint.problem import Mark, Problem, did_you_mean, problem
from minion.blueprint.schema import GOOD
from minion.blueprint.shapes import (
    Argument,
    Choice,
    Data,
    Duration,
    Flag,
    ListOf,
    LookupOnly,
    Money,
    Name,
    OneOf,
    OutputSchema,
    Path,
    Record,
    Script,
    Shape,
    TableOf,
    Targets,
    Text,
    Whole,
)
from minion.blueprint.source import Entries, Item, Listing, Scalar, plain_data

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_PATH = r"(?:item|[a-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)+)"
CONTEXT_PATH = re.compile(rf"({_PATH})(\?)?")
TEMPLATE = re.compile(rf"\$\{{\{{ *({_PATH})(\?)? *\}}\}}")
DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_MONEY = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?")
_MOST = 100
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Unread:
    """The value could not be read; the problem is already told."""


UNREAD: Final = _Unread()
T = TypeVar("T")


class Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, item: Item, shape: Shape, where: str) -> Any:
        """The value, or `UNREAD`. Records and tables are dicts without what could not be read."""
        match shape:
            case ListOf():
                return self._list(item, shape, where)
            case TableOf():
                return self._table(item, shape, where)
            case Record():
                return self._record(item, shape, where)
            case OneOf():
                return self._one_of(item, shape, where)
            case Targets():
                return self._targets(item, shape, where)
            case OutputSchema():
                return self._output(item, where)
            case Argument():
                return self._argument(item, shape, where)
            case Data():
                return plain_data(item)
            case _:
                return self._scalar(item, shape, where)

    def refuse(self, mark: Mark, message: str, hint: str = "") -> _Unread:
        self.problems.append(problem(mark, message, hint))
        return UNREAD

    def _list(self, item: Item, shape: ListOf, where: str) -> Any:
        if not isinstance(item, Listing):
            return self.refuse(item.mark, f"`{where}` must be a list", "write it as [a, b]")
        if len(item.items) < shape.least:
            return self.refuse(item.mark, f"`{where}` is empty")
        if len(item.items) > _MOST:
            return self.refuse(item.mark, f"`{where}` has more than {_MOST} entries")
        values = [self.read(child, shape.item, where) for child in item.items]
        return tuple(value for value in values if value is not UNREAD)

    def _entries(self, item: Item, where: str) -> Entries | _Unread:
        if isinstance(item, Entries):
            return item
        return self.refuse(item.mark, f"`{where}` must be a mapping of keys to values")

    def _table(self, item: Item, shape: TableOf, where: str) -> Any:
        found = self._entries(item, where)
        if isinstance(found, _Unread):
            return UNREAD
        if len(found.items) > _MOST:
            return self.refuse(found.mark, f"`{where}` has more than {_MOST} entries")
        if len(found.items) < shape.least:
            return self.refuse(found.mark, f"`{where}` is empty")
        values: dict[str, Any] = {}
        for key, child in found.items.items():
            if shape.variables and not VARIABLE.fullmatch(key):
                self.refuse(found.keys[key], f"`{key[:60]}` is not a name of a variable", "A-Z, 0-9 and _")
            elif not shape.any_key and not shape.variables and not NAME.fullmatch(key):
                self.refuse(found.keys[key], f"`{key}` is not a name", "a-z, 0-9, _ and -, beginning with a letter")
            else:
                values[key] = self.read(child, shape.values, f"{where}.{key}")
        return {key: value for key, value in values.items() if value is not UNREAD}

    def _record(self, item: Item, shape: Record, where: str) -> Any:
        found = self._entries(item, where)
        if isinstance(found, _Unread):
            return UNREAD
        self._unknown_keys(found, tuple(shape.keys), where)
        for key, wanted in shape.keys.items():
            if wanted.required and key not in found.items:
                self.refuse(found.mark, f"`{where}` lacks `{key}`" if where else f"`{key}` is missing", wanted.doc)
        inner = {key: child for key, child in found.items.items() if key in shape.keys}
        values = {key: self.read(child, shape.keys[key].shape, _below(where, key)) for key, child in inner.items()}
        return {key: value for key, value in values.items() if value is not UNREAD}

    def _unknown_keys(self, found: Entries, valid: tuple[str, ...], where: str) -> None:
        for key in found.items:
            if key not in valid:
                place = f" in `{where}`" if where else ""
                self.refuse(found.keys[key], f"unknown key `{key}`{place}", did_you_mean(key, valid))

    def _one_of(self, item: Item, shape: OneOf, where: str) -> Any:
        found = self._entries(item, where)
        if isinstance(found, _Unread):
            return UNREAD
        tag = found.items.get(shape.tag)
        if tag is None:
            return self.refuse(found.mark, f"`{where}` lacks `{shape.tag}`", did_you_mean("", tuple(shape.records)))
        chosen = self.read(tag, Choice(tuple(shape.records)), f"{where}.{shape.tag}")
        return UNREAD if chosen is UNREAD else self._record(found, shape.records[chosen], where)

    def _targets(self, item: Item, shape: Targets, where: str) -> Any:
        good = next(outcome for outcome in shape.outcomes if outcome in GOOD)
        if isinstance(item, Scalar):
            target = self.read(item, Name(), where)
            return UNREAD if target is UNREAD else {good: target}
        if not isinstance(item, Entries):
            return self.refuse(item.mark, f"`{where}` must be a node, or a mapping of outcomes to nodes")
        for key in item.items:
            if key not in shape.outcomes:
                self.refuse(item.keys[key], f"unknown outcome `{key}` in `{where}`", did_you_mean(key, shape.outcomes))
        if good not in item.items:
            self.refuse(item.mark, f"`{where}` does not say where `{good}` leads")
        read = {key: self.read(item.items[key], Name(), where) for key in item.items if key in shape.outcomes}
        return {key: value for key, value in read.items() if value is not UNREAD}

    def _output(self, item: Item, where: str) -> Any:
        found = tuple(schema_problems(item, where))
        self.problems.extend(found)
        return UNREAD if found else plain_data(item)

    def _argument(self, item: Item, shape: Argument, where: str) -> Any:
        if isinstance(item, Scalar) and "${{" in item.text:
            return self._lookup(item, where)
        return self.read(item, shape.inner, where)

    def _lookup(self, item: Scalar, where: str) -> Any:
        match = TEMPLATE.fullmatch(item.text.strip())
        if match is None:
            return self.refuse(
                item.mark,
                f"`{where}`: `${{{{ }}}}` must be the whole value",
                "only a path such as ${{ nodes.a.output.b }}",
            )
        return Lookup(match[1], match[2] is not None)

    def _scalar(self, item: Item, shape: Shape, where: str) -> Any:
        if not isinstance(item, Scalar):
            return self.refuse(item.mark, f"`{where}` must be one value")
        if isinstance(shape, LookupOnly):
            if "${{" not in item.text:
                return self.refuse(item.mark, f"`{where}` must be a look-up", "write ${{ nodes.a.output.b }}")
            return self._lookup(item, where)
        if "${{" in item.text:
            never = "never stands in a script" if isinstance(shape, Script) else "may not stand here"
            return self.refuse(item.mark, f"`{where}`: `${{{{ }}}}` {never}", "pass values with `with` or `context`")
        read = _literal(item, shape)
        return self.refuse(item.mark, f"`{where}`: {read.message}", read.hint) if isinstance(read, _Bad) else read


class _Bad:
    def __init__(self, message: str, hint: str = "") -> None:
        self.message, self.hint = message, hint


def _below(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _literal(item: Scalar, shape: Shape) -> Any:
    match shape:
        case Text() | Script():
            return _text(item, shape.most if isinstance(shape, Text) else 20_000)
        case Name():
            good = NAME.fullmatch(item.text)
            return item.text if good else _Bad(f"`{item.text[:60]}` is not a name", "a-z, 0-9, _ and -")
        case Path():
            match = CONTEXT_PATH.fullmatch(item.text)
            return item.text if match else _Bad(f"`{item.text[:60]}` is not a path", "write a.b or a.b?")
        case Choice():
            known = item.text in shape.values
            return (
                item.text if known else _Bad(f"unknown value `{item.text[:60]}`", did_you_mean(item.text, shape.values))
            )
        case Whole():
            return _whole(item, shape)
        case Money():
            return _money(item, shape)
        case Duration():
            return _duration(item, shape)
        case Flag():
            return item.value if isinstance(item.value, bool) else _Bad("must be true or false")
        case _:
            return _Bad("must not be empty") if item.value is None else item.value


def _text(item: Scalar, most: int) -> Any:
    if not item.text.strip() or item.value is None:
        return _Bad("must not be empty")
    return _Bad(f"is longer than {most} characters") if len(item.text) > most else item.text


def _whole(item: Scalar, shape: Whole) -> Any:
    value = item.value
    if isinstance(value, bool) or not isinstance(value, int):
        return _Bad("must be a whole number")
    if shape.low <= value <= shape.high:
        return value
    return _Bad(f"{value} is out of range", f"from {shape.low} to {shape.high}")


def _money(item: Scalar, shape: Money) -> Any:
    if not item.plain or not _MONEY.fullmatch(item.text):
        return _Bad(f"`{item.text[:60]}` is not an amount in US dollars", "write 0.40 or 6")
    try:
        value = Decimal(item.text)
    except InvalidOperation:  # pragma: no cover - the pattern allows none
        return _Bad("not an amount")
    return value if 0 < value <= shape.high else _Bad(f"{value} is out of range", f"more than 0, at most {shape.high}")


def _duration(item: Scalar, shape: Duration) -> Any:
    match = DURATION.fullmatch(item.text)
    if match is None:
        return _Bad(f"`{item.text[:60]}` is not a duration", "write 90s, 40m, 3h or 7d")
    seconds = int(match[1]) * _SECONDS[match[2]]
    return seconds if 0 < seconds <= shape.high_s else _Bad(f"`{item.text}` is out of range", _at_most(shape.high_s))


def _at_most(seconds: float) -> str:
    return f"more than 0, at most {seconds / 3600:g}h"


def split_path(text: str) -> Lookup:
    """`a.b?` of a checked context entry, as a look-up."""
    return Lookup(text.removesuffix("?"), text.endswith("?"))


def table(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The record or table below `key`; empty where there is none."""
    found = values.get(key)
    return found if isinstance(found, dict) else {}
