"""Small readers shared by workflow and action files. All raise SourceError with the line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expressions import Availability, Template, parse_condition, parse_template
from minion.hub.actions.workflow import Tree
from minion.hub.actions.yaml_source import Entries, Item, Scalar, Sequence, SourceError

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def is_absent(item: Item | None) -> bool:
    return item is None or (isinstance(item, Scalar) and item.value is None)


def entries(item: Item | None, where: str, line: int) -> Entries:
    if isinstance(item, Entries):
        return item
    raise SourceError(f"{where} must be a mapping", item.line if item else line)


def optional_entries(item: Item | None, where: str) -> Entries | None:
    return None if item is None or is_absent(item) else entries(item, where, item.line)


def sequence(item: Item | None, where: str, line: int) -> Sequence:
    if isinstance(item, Sequence):
        return item
    raise SourceError(f"{where} must be a list", item.line if item else line)


def scalar(item: Item, where: str) -> Scalar:
    if isinstance(item, Scalar):
        return item
    raise SourceError(f"{where}: a single value was expected", item.line)


def literal(item: Item, where: str) -> str:
    """A string without expressions."""
    found = scalar(item, where)
    if "${{" in found.text:
        raise SourceError(f"{where}: an expression is not allowed here", item.line)
    return found.text


def flag(item: Item | None, where: str) -> bool:
    if item is None:
        return False
    value = scalar(item, where).value
    if isinstance(value, bool):
        return value
    raise SourceError(f"{where} must be true or false", item.line)


def identifier(name: str, where: str, line: int) -> str:
    if IDENTIFIER.match(name) and len(name) <= 100:
        return name
    raise SourceError(
        f"The {where} '{name}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. "
        "IDs must start with a letter or '_' and must be less than 100 characters.",
        line,
    )


def template(item: Item, available: Availability, where: str) -> Template:
    found = scalar(item, where)
    try:
        return parse_template(found.value, found.line, available)
    except ExpressionError as error:
        raise SourceError(f"{where}: {error}", found.line) from error


def optional_template(item: Item | None, available: Availability, where: str) -> Template | None:
    return None if item is None or is_absent(item) else template(item, available, where)


def condition(item: Item | None, available: Availability, where: str) -> Template | None:
    if item is None or is_absent(item):
        return None
    found = scalar(item, where)
    try:
        return parse_condition(found.value, found.line, available)
    except ExpressionError as error:
        raise SourceError(f"{where}: {error}", found.line) from error


def templates(item: Item | None, available: Availability, where: str) -> Mapping[str, Template]:
    """A mapping of names to single values, for example `env` or `with`."""
    found = optional_entries(item, where)
    if found is None:
        return {}
    return {key: template(value, available, f"{where}.{key}") for key, value in found}


def tree(item: Item, available: Availability, where: str) -> Tree:
    match item:
        case Scalar():
            return template(item, available, where)
        case Sequence():
            return tuple(tree(child, available, where) for child in item.items)
        case Entries():
            return {key: tree(child, available, f"{where}.{key}") for key, child in item}
