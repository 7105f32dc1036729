"""Values of the expression language and their coercions.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#operators
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | list[Value] | Mapping[str, Value] | None"

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")


class FilteredList(list[Value]):
    """What `.*` gives: the next property is taken from each element."""


def truthy(value: Value) -> bool:
    """Falsy are false, 0, -0, NaN, "" and null; lists and objects are always true."""
    if isinstance(value, list | Mapping):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def to_number(value: Value) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool | int | float):
        return _finite(value)
    if isinstance(value, str):
        return parse_number(value)
    return math.nan


def _finite(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def parse_number(text: str) -> float:
    """An empty string is 0, anything that is no number is NaN."""
    bare = text.strip()
    if not bare:
        return 0.0
    if _DECIMAL.match(bare):
        return float(bare)
    if _HEX.match(bare):
        return _finite(int(bare, 0))
    if _OCTAL.match(bare):
        return _finite(int(bare, 0))
    return {"Infinity": math.inf, "-Infinity": -math.inf}.get(bare, math.nan)


def to_text(value: Value) -> str:
    """The string that a value becomes inside text; lists and objects become `Array` and `Object`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, str):
        return value
    return "Array" if isinstance(value, list) else "Object"


def number_text(value: float) -> str:
    """Fifteen significant digits, as the runner's `G15`."""
    if isinstance(value, int) and abs(value) < 10**15:
        return str(value)
    number = _finite(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    return f"{number:.15g}".replace("e", "E")


def loosely_equal(left: Value, right: Value) -> bool:
    """Strings compare without case; unlike kinds compare as numbers; lists and objects only with themselves."""
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left) == _folded(right)
    if isinstance(left, list | Mapping) or isinstance(right, list | Mapping):
        return left is right
    return to_number(left) == to_number(right)


def less_than(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left) < _folded(right)
    return to_number(left) < to_number(right)


def _folded(text: str) -> str:
    return text.upper()


def to_json(value: Value) -> str:
    """Pretty-printed with two spaces, as `toJSON` does."""
    return json.dumps(_jsonable(value), indent=2, ensure_ascii=False)


def _jsonable(value: Value) -> object:
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return int(value)
    return value
