"""Values on their way out of a state."""

from __future__ import annotations

import json
from typing import Any


def within(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def as_variable(value: Any) -> str:
    """Environment variables hold no NUL: https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html"""
    if isinstance(value, list) and not any(isinstance(entry, list | dict) for entry in value):
        return "\n".join(as_variable(entry) for entry in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "")
