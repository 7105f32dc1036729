"""The input schema of a tool of a server, made safe to validate by and to show: a copy of the keywords that are
understood here, with local references put in place, of a bounded size.

What is left out (`pattern`, `format`, conditions) the server checks itself: a pattern is a program that a stranger
would have run here, a reference to elsewhere is a request that he would have made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from minion.tools.outputs import without_hidden

MOST_BYTES: Final = 16_000
MOST_PARTS: Final = 600
DEEPEST: Final = 12
MOST_WORDS: Final = 600
"""Characters of one description."""
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What the model's API takes as the name of a parameter."""

_PLAIN: Final = frozenset(
    """
    type required const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems
    maxItems uniqueItems minProperties maxProperties default
    """.split()  # noqa: SIM905 -- words are easier to read
)
_COMBINED: Final = ("anyOf", "oneOf", "allOf")


class _Refused(Exception):  # noqa: N818 -- it names what happened
    """Within this module: why the schema cannot be used."""


@dataclass(frozen=True)
class BadSchema:
    reason: str


def safe_schema(given: Mapping[str, Any]) -> dict[str, Any] | BadSchema:
    """An equivalent or wider schema of an object."""
    try:
        if len(json.dumps(given)) > MOST_BYTES * 4:
            return BadSchema(f"its schema is larger than {MOST_BYTES * 4} bytes")
        made = _Copy(given).whole()
        Draft202012Validator.check_schema(made)
    except _Refused as refused:
        return BadSchema(str(refused))
    except (SchemaError, RecursionError, ValueError):
        return BadSchema("its schema is no valid JSON Schema")
    if len(json.dumps(made)) > MOST_BYTES:
        return BadSchema(f"its schema is larger than {MOST_BYTES} bytes")
    return made


class _Copy:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._parts = 0

    def whole(self) -> dict[str, Any]:
        """The model's API takes an object without alternatives at the top."""
        made = self._schema(self._root, 0)
        if made.get("type") != "object" or any(key in made for key in _COMBINED):
            raise _Refused("its schema is not that of an object")
        return made

    def _schema(self, given: Any, depth: int) -> dict[str, Any]:
        self._parts += 1
        if depth > DEEPEST or self._parts > MOST_PARTS:
            raise _Refused("its schema is too deep, too large, or refers to itself")
        if given is True:
            return {}
        if not isinstance(given, Mapping):
            raise _Refused("its schema is no valid JSON Schema")
        if "$ref" in given:
            beside = {key: value for key, value in given.items() if key != "$ref"}
            return self._schema({**self._referred(given["$ref"]), **beside}, depth + 1)
        made = {key: given[key] for key in given if key in _PLAIN}
        return made | self._words(given) | self._inner(given, depth)

    def _words(self, given: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if isinstance(given.get("description"), str):
            made["description"] = without_hidden(given["description"])[:MOST_WORDS]
        values = given.get("enum")
        if isinstance(values, list) and values:
            typed = given.get("type") != "string" or all(isinstance(value, str) for value in values)
            made |= {"enum": values} if typed else {}
        return made

    def _inner(self, given: Mapping[str, Any], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if isinstance(given.get("properties"), Mapping):
            made["properties"] = {_named(key): self._schema(one, depth + 1) for key, one in given["properties"].items()}
        if isinstance(given.get("items"), Mapping):
            made["items"] = self._schema(given["items"], depth + 1)
        further = given.get("additionalProperties")
        if isinstance(further, Mapping | bool):
            made["additionalProperties"] = further if isinstance(further, bool) else self._schema(further, depth + 1)
        for key in _COMBINED:
            if isinstance(given.get(key), list) and given[key]:
                made[key] = [self._schema(one, depth + 1) for one in given[key]]
        return made

    def _referred(self, reference: Any) -> Mapping[str, Any]:
        """Only `#/…` (https://json-schema.org/draft/2020-12/json-schema-core#section-8.2.3.1)."""
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise _Refused("its schema refers to somewhere else")
        found: Any = self._root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise _Refused("its schema refers to a part that it does not have")
            found = found[name]
        if not isinstance(found, Mapping):
            raise _Refused("its schema refers to a part that is no schema")
        return found


def _named(key: Any) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise _Refused("a parameter has a name that cannot be called with")
    return key
