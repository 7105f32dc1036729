"""The JSON Schema of an issue's front matter, for editors and for programs that write issues."""

from __future__ import annotations

from typing import Any, Final, get_args

from minion.domain.spec import Scope, Unclear
from minion.tasks.spec_sections import ITEM_LIMIT, KEYS, MOST_ITEMS

SCHEMA_ID: Final = "https://raw.githubusercontent.com/minion-bot/minion/main/docs/task-spec.schema.json"
_TEXT: Final = {"type": "string"}


def front_matter_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 (https://json-schema.org/draft/2020-12). Front matter with any other key is plain text."""
    known = {
        "objective": {**_TEXT, "description": "What should be different afterwards, and how one would notice."},
        "scope": _scope(),
        "verification": {
            **_several(),
            "description": "How one sees that it is done. Lines in backticks or behind `$ ` are run; a judge reads the"
            " others.",
        },
        "constraints": {**_several(), "description": "What has to stay as it is."},
        "when_unclear": {
            "enum": sorted(get_args(Unclear)),
            "default": "ask",
            "description": "ask the author; choose the narrowest reading and say what was assumed; or decline.",
        },
        "branch": {**_TEXT, "description": "A branch of this repository with work to go on with."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "A task for Minion: front matter of an issue",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {key: known[key] for key in sorted(KEYS)},
    }


def _several() -> dict[str, Any]:
    items = {"type": "array", "maxItems": MOST_ITEMS, "items": {**_TEXT, "maxLength": ITEM_LIMIT}}
    return {"anyOf": [_TEXT, items]}


def _scope() -> dict[str, Any]:
    """A list of what is allowed, or both lists."""
    both = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _several() for name in Scope.model_fields},
    }
    described = "Paths that may (`allow`) and may not (`forbid`) change: gitignore patterns. Empty means everywhere."
    return {"anyOf": [*_several()["anyOf"], both], "description": described}
