"""What a command printed, as a list: one item a line, or the list that its JSON is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from minion.blueprint.schema import MOST_ITEMS

MOST_CHARACTERS: Final = 2_000_000
"""Of all items together: they become part of the task's state."""
LONGEST_ITEM: Final = 20_000


def listed(kind: str | None, report: str | None) -> dict[str, Any]:
    """`items` and `count` where there is a list, else nothing. `count` is of the items that were taken: none beyond
    the bounds."""
    found = _found(kind, report)
    if found is None:
        return {}
    items = list(_bounded(found))
    return {"items": items, "count": len(items)}


def _found(kind: str | None, report: str | None) -> Iterable[Any] | None:
    if kind == "lines":
        return (line.strip("\r") for line in (report or "").split("\n") if line.strip())
    value = _loaded(report) if kind == "json" and report is not None else None
    return value if isinstance(value, list) else None


def _bounded(items: Iterable[Any]) -> Iterator[Any]:
    room, taken = MOST_CHARACTERS, 0
    for item in items:
        size = len(item) if isinstance(item, str) else len(json.dumps(item))
        if size > LONGEST_ITEM:
            continue
        room, taken = room - size, taken + 1
        if room < 0 or taken > MOST_ITEMS:
            return
        yield item


def _loaded(text: str) -> Any:
    try:
        return _plain(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """Without numbers and characters that are no JSON: half of a surrogate pair, an overflow."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case _:
            return value
