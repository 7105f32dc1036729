"""The language as JSON Schema (draft 2020-12), for editors: made from the tables that the loader reads by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from minion.blueprint.reader import CONTEXT_PATH, DURATION, NAME, TEMPLATE, VARIABLE
from minion.blueprint.schema import BLUEPRINT, GOOD
from minion.blueprint.shapes import (
    Argument,
    Choice,
    Data,
    Duration,
    Flag,
    ListOf,
    Literal,
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

Schema = dict[str, Any]


def json_schema() -> Schema:
    """What an editor needs; the rules between the parts of a blueprint are beyond it (`minion blueprint check`)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Minion blueprint",
        **_of(BLUEPRINT),
    }


def schema_text() -> str:
    """As it is printed, and kept beside the blueprints."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _of(shape: Shape) -> Schema:
    match shape:
        case Record():
            return _record(shape)
        case OneOf():
            return {"oneOf": [_tagged(shape.tag, name, record) for name, record in shape.records.items()]}
        case TableOf():
            names: Schema = {} if shape.any_key else {"propertyNames": _names(shape)}
            least: Schema = {"minProperties": shape.least} if shape.least else {}
            return {"type": "object", "additionalProperties": _of(shape.values), **names, **least}
        case ListOf():
            return {"type": "array", "items": _of(shape.item), "minItems": shape.least}
        case Argument():
            return {"anyOf": [_of(shape.inner), _of(LookupOnly())]}
        case Targets():
            return _targets(shape)
        case OutputSchema():
            return {"type": "object", "required": ["type", "properties"]}
        case Data():
            return {}
        case _:
            return _value(shape)


def _names(shape: TableOf) -> Schema:
    return {"type": "string", "pattern": f"^(?:{VARIABLE.pattern})$"} if shape.variables else _value(Name())


def _value(shape: Shape) -> Schema:
    match shape:
        case Choice():
            return {"enum": list(shape.values)}
        case Whole():
            return {"type": "integer", "minimum": shape.low, "maximum": shape.high}
        case Money():
            return {"type": "number", "exclusiveMinimum": 0, "maximum": float(shape.high)}
        case Flag():
            return {"type": "boolean"}
        case Literal():
            return {"type": ["string", "number", "boolean"]}
        case Text() | Script():
            return {"type": "string", "minLength": 1}
        case _:
            return {"type": "string", "pattern": f"^(?:{_PATTERNS[type(shape)].pattern})$"}


_PATTERNS: Mapping[type, re.Pattern[str]] = {
    Duration: DURATION,
    Name: NAME,
    Path: CONTEXT_PATH,
    LookupOnly: TEMPLATE,
}


def _record(shape: Record) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, key in shape.keys.items() if key.required],
        "properties": {name: {"description": key.doc, **_of(key.shape)} for name, key in shape.keys.items()},
    }


def _tagged(tag: str, name: str, record: Record) -> Schema:
    schema = _record(record)
    properties: Mapping[str, Schema] = schema["properties"]
    return {**schema, "properties": {**properties, tag: {"const": name}}}


def _targets(shape: Targets) -> Schema:
    good = next(outcome for outcome in shape.outcomes if outcome in GOOD)
    table = {
        "type": "object",
        "additionalProperties": False,
        "required": [good],
        "properties": {outcome: _of(Name()) for outcome in shape.outcomes},
    }
    return {"oneOf": [_of(Name()), table]}
