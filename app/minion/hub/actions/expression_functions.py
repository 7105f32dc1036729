"""The functions of the expression language that depend on nothing but their arguments.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#functions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import Value, loosely_equal, to_json, to_text, truthy

_FORMAT = re.compile(r"\{\{|\}\}|\{(\d+)\}|[{}]")
_MANY = 255


@dataclass(frozen=True)
class Function:
    least: int
    most: int
    run: Callable[[list[Value]], Value]


def _contains(arguments: list[Value]) -> Value:
    where, what = arguments
    if isinstance(where, list):
        return any(loosely_equal(item, what) for item in where)
    if isinstance(where, Mapping) or isinstance(what, list | Mapping):
        return False
    return to_text(what).upper() in to_text(where).upper()


def _starts_with(arguments: list[Value]) -> Value:
    texts = _texts(arguments)
    return texts is not None and texts[0].startswith(texts[1])


def _ends_with(arguments: list[Value]) -> Value:
    texts = _texts(arguments)
    return texts is not None and texts[0].endswith(texts[1])


def _texts(arguments: list[Value]) -> tuple[str, str] | None:
    if any(isinstance(argument, list | Mapping) for argument in arguments):
        return None
    return to_text(arguments[0]).upper(), to_text(arguments[1]).upper()


def _format(arguments: list[Value]) -> Value:
    text, values = to_text(arguments[0]), arguments[1:]

    def replaced(match: re.Match[str]) -> str:
        token = match.group(0)
        if token in {"{{", "}}"}:
            return token[0]
        if match.group(1) is None or len(match.group(1)) > 3:
            raise ExpressionError(f"The following format string is invalid: {text}")
        position = int(match.group(1))
        if position >= len(values):
            raise ExpressionError(f"The following format string references more arguments than were supplied: {text}")
        return to_text(values[position])

    return _FORMAT.sub(replaced, text)


def _join(arguments: list[Value]) -> Value:
    separator = to_text(arguments[1]) if len(arguments) > 1 else ","
    if isinstance(arguments[0], list):
        return separator.join(to_text(item) for item in arguments[0])
    return "" if isinstance(arguments[0], Mapping) else to_text(arguments[0])


def _to_json(arguments: list[Value]) -> Value:
    return to_json(arguments[0])


def _from_json(arguments: list[Value]) -> Value:
    text = to_text(arguments[0])
    try:
        value: Value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"Error parsing fromJson: {error}") from error
    return value


def _no_constant(name: str) -> Value:
    raise ValueError(f"{name} is not JSON")


def _case(arguments: list[Value]) -> Value:
    if len(arguments) % 2 == 0:
        raise ExpressionError("case() needs pairs of predicate and value, and a default")
    for predicate, value in zip(arguments[:-1:2], arguments[1::2], strict=True):
        if truthy(predicate):
            return value
    return arguments[-1]


FUNCTIONS: Mapping[str, Function] = {
    "contains": Function(2, 2, _contains),
    "startswith": Function(2, 2, _starts_with),
    "endswith": Function(2, 2, _ends_with),
    "format": Function(1, _MANY, _format),
    "join": Function(1, 2, _join),
    "tojson": Function(1, 1, _to_json),
    "fromjson": Function(1, 1, _from_json),
    "case": Function(3, _MANY, _case),
}
_SPECIAL_ARITY = {"success": (0, 0), "failure": (0, 0), "always": (0, 0), "cancelled": (0, 0), "hashfiles": (1, _MANY)}


def arity_problem(name: str, count: int) -> str | None:
    """`name` in lower case; the words of the runner, or None when the number of arguments is right."""
    function = FUNCTIONS.get(name)
    least, most = (function.least, function.most) if function else _SPECIAL_ARITY[name]
    if count < least:
        return "Too few parameters supplied:"
    return "Too many parameters supplied:" if count > most else None
