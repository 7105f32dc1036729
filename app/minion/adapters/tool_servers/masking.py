"""Keeps the values that servers were given out of everything that comes back from them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

_SHORTEST: Final = 4
"""Characters; a shorter value would be found in every text."""


class Masks:
    """Replaces values, also as URLs, JSON and base64 have them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Also without halves of characters, which no request could carry."""
        for form in self._forms:
            text = text.replace(form, "***")
        return text.encode(errors="replace").decode()

    def data(self, value: Any) -> Any:
        """JSON data, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.data(one) for one in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.data(one) for key, one in value.items()}
        return value


def _forms(value: str) -> Iterable[str]:
    """In base64 a value looks different at each of three offsets; what is around its middle stays the same."""
    yield value
    yield quote(value, safe="")
    yield json.dumps(value)[1:-1]
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + value.encode(errors="replace")).decode()
        inner = encoded[(0, 2, 3)[offset] :].rstrip("=")[:-1]
        if len(inner) >= 8:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
