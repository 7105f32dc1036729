"""Which digest an approval names."""

from __future__ import annotations

import re
from typing import Final

_SHORT: Final = 16
_LEAST: Final = 12


def short_digest(digest: str) -> str:
    """What people copy: 64 bits of the SHA-256."""
    return digest[:_SHORT]


def names_digest(text: str, digest: str) -> bool:
    """Whether the text behind `/minion approve` names this digest: its first word is a prefix of 12 digits or more."""
    word = next(iter(text.split()), "").strip("`<>").lower()
    return len(word) >= _LEAST and re.fullmatch(r"[0-9a-f]+", word) is not None and digest.startswith(word)
