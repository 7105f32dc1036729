"""The subset of JSON Schema that an agent node's `output` may use: what strict tool schemas allow.

https://docs.claude.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations
"""

from __future__ import annotations

from collections.abc import Iterator

from minion.blueprint.problem import Problem, did_you_mean, problem
from minion.blueprint.source import Entries, Item, Listing, Scalar

_TYPES = ("object", "array", "string", "integer", "number", "boolean")
_KEYWORDS = ("type", "description", "enum", "const", "properties", "required", "additionalProperties", "items")


def schema_problems(item: Item, where: str) -> Iterator[Problem]:
    """Every way in which `item` is not the schema of a closed object."""
    if isinstance(item, Entries) and _word(item, "type") != "object":
        yield problem(item.mark, f"`{where}` must have `type: object`")
    yield from _schema(item, where)


def _word(item: Entries, key: str) -> str:
    found = item.items.get(key)
    return found.text if isinstance(found, Scalar) else ""


def _schema(item: Item, where: str) -> Iterator[Problem]:
    if not isinstance(item, Entries):
        yield problem(item.mark, f"`{where}` must be a JSON Schema")
        return
    for key in item.items:
        if key not in _KEYWORDS:
            yield problem(item.keys[key], f"unknown schema keyword `{key}` in `{where}`", did_you_mean(key, _KEYWORDS))
    kind = _word(item, "type")
    if "enum" in item.items or "const" in item.items:
        yield from _values(item, where)
    elif kind not in _TYPES:
        yield problem(item.place("type"), f"`{where}` needs a `type` or an `enum`", did_you_mean(kind, _TYPES))
    if kind == "object":
        yield from _object(item, where)
    if kind == "array":
        yield from _array(item, where)


def _values(item: Entries, where: str) -> Iterator[Problem]:
    values = item.items.get("enum")
    if values is None:
        return
    if not isinstance(values, Listing) or not values.items:
        yield problem(values.mark, f"`{where}.enum` must be a list of values")
    elif any(not isinstance(value, Scalar) or value.value is None for value in values.items):
        yield problem(values.mark, f"`{where}.enum` may hold only strings, numbers and truth values")


def _object(item: Entries, where: str) -> Iterator[Problem]:
    properties = item.items.get("properties")
    if not isinstance(properties, Entries) or not properties.items:
        yield problem(item.mark, f"`{where}` lacks `properties`")
        return
    closed = item.items.get("additionalProperties")
    if not (isinstance(closed, Scalar) and closed.value is False):
        yield problem(item.place("additionalProperties"), f"`{where}` must say `additionalProperties: false`")
    yield from _required(item, tuple(properties.items), where)
    for name, child in properties.items.items():
        yield from _schema(child, f"{where}.{name}")


def _required(item: Entries, names: tuple[str, ...], where: str) -> Iterator[Problem]:
    required = item.items.get("required")
    if required is None:
        return
    if not isinstance(required, Listing):
        yield problem(required.mark, f"`{where}.required` must be a list")
        return
    for entry in required.items:
        if not isinstance(entry, Scalar) or entry.text not in names:
            said = entry.text if isinstance(entry, Scalar) else "?"
            yield problem(entry.mark, f"`{where}.required` names no property `{said}`", did_you_mean(said, names))


def _array(item: Entries, where: str) -> Iterator[Problem]:
    if "items" not in item.items:
        yield problem(item.mark, f"`{where}` lacks `items`")
    else:
        yield from _schema(item.items["items"], f"{where}[]")
