"""The nearest call that would have been valid, for a model whose call was not (pure).

Only what the schema itself suggests: names that are nearly right, values of the wrong kind with an obvious reading.
It is shown, never run: what a model meant is the model's to say.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from jsonschema import Draft202012Validator

Schema: TypeAlias = Mapping[str, Any]
_SIMILAR: Final = 0.5
_TRUTHS: Final = {"true": True, "yes": True, "false": False, "no": False}


def nearest_name(name: str, known: Sequence[str]) -> str | None:
    """The known name that is most like it; None when none is."""
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_SIMILAR)), None)


def nearest_call(schema: Schema, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Valid arguments close to those given; None when something that is needed cannot be told from them."""
    mended = _mended(schema, dict(arguments))
    fits = isinstance(mended, dict) and Draft202012Validator(schema).is_valid(mended)
    return mended if fits else None


def _mended(schema: Schema, value: Any) -> Any:
    if Draft202012Validator(schema).is_valid(value):
        return value
    match schema.get("type"):
        case "object":
            return _object(schema, value) if isinstance(value, Mapping) else value
        case "array":
            items = value if isinstance(value, list) else [value]
            return [_mended(schema.get("items", {}), item) for item in items]
        case "integer":
            return _bounded(schema, _integer(value))
        case "boolean":
            return _TRUTHS.get(str(value).strip().lower(), value)
        case "string":
            return _text(schema, value)
        case _:
            return value


def _object(schema: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    """Its known keys, and unknown ones under the name of a key that is not there and nearly the same."""
    known: Mapping[str, Schema] = schema.get("properties", {})
    kept = {name: _mended(known[name], inner) for name, inner in value.items() if name in known}
    for name, inner in value.items():
        if name not in known:
            meant = nearest_name(name, [other for other in known if other not in kept])
            if meant is not None:
                kept[meant] = _mended(known[meant], inner)
    return {name: kept[name] for name in known if name in kept}


def _integer(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    text = str(value).strip()
    return int(text) if text.removeprefix("-").isdecimal() else value


def _bounded(schema: Schema, value: Any) -> Any:
    if not isinstance(value, int):
        return value
    return min(max(value, schema.get("minimum", value)), schema.get("maximum", value))


def _text(schema: Schema, value: Any) -> Any:
    known: Sequence[str] = schema.get("enum", ())
    if known:
        return nearest_name(str(value).lower(), known) or value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return str(value) if isinstance(value, int | float) else value
