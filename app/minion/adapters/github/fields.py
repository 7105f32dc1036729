"""Tolerant readers of GitHub's JSON: absent or null is empty, whatever the description promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any


def dig(data: Any, *path: str) -> Any:
    """The value at a path of keys, or None."""
    for key in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def text(data: Any, *path: str) -> str:
    value = dig(data, *path)
    return value if isinstance(value, str) else ""


def number(data: Any, *path: str) -> int:
    value = dig(data, *path)
    return value if isinstance(value, int) else 0


def number_or_none(data: Any, *path: str) -> int | None:
    value = dig(data, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def items(data: Any, *path: str) -> Iterator[Mapping[str, Any]]:
    value = dig(data, *path)
    yield from (item for item in value or () if isinstance(item, Mapping))


def moment(data: Any, *path: str) -> datetime | None:
    """An ISO 8601 time, with or without fractions of a second."""
    value = text(data, *path)
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
