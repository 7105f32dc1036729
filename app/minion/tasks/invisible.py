"""Characters that people don't see and models and compilers do: found, counted, stripped.

Bidirectional controls reorder source before the reader's eyes (https://trojansource.codes, CVE-2021-42574); the
tag block and variation selectors can carry whole hidden sentences.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    BIDI = "bidirectional control"
    ZERO_WIDTH = "zero-width character"
    TAG = "tag character"
    VARIATION = "variation selector"
    FILLER = "invisible filler"
    MARK = "direction mark"
    SOFT = "soft hyphen"
    STYLE = "emoji style selector"
    CONTROL = "control character"


_ZWNJ, _ZWJ, _EMOJI_STYLE, _TEXT_STYLE = "\u200c", "\u200d", "\ufe0f", "\ufe0e"
_KEYCAPS: Final = frozenset("0123456789#*")


def _ranges() -> dict[str, Kind]:
    table: dict[str, Kind] = {}
    for kind, *spans in (
        (Kind.BIDI, (0x202A, 0x202E), (0x2066, 0x2069)),
        (Kind.MARK, (0x200E, 0x200F), (0x061C, 0x061C)),
        (Kind.ZERO_WIDTH, (0x200B, 0x200D), (0x2060, 0x2064), (0x206A, 0x206F), (0xFEFF, 0xFEFF), (0x180E, 0x180E)),
        (Kind.TAG, (0xE0000, 0xE007F)),
        (Kind.VARIATION, (0xFE00, 0xFE0D), (0xE0100, 0xE01EF), (0x180B, 0x180D)),
        (Kind.STYLE, (0xFE0E, 0xFE0F)),
        (Kind.FILLER, (0x115F, 0x1160), (0x3164, 0x3164), (0xFFA0, 0xFFA0)),
        (Kind.SOFT, (0x00AD, 0x00AD), (0x034F, 0x034F)),
        (Kind.CONTROL, (0x00, 0x08), (0x0B, 0x0B), (0x0E, 0x1F), (0x7F, 0x9F)),
    ):
        for first, last in spans:
            table.update(dict.fromkeys(map(chr, range(first, last + 1)), kind))
    return table


_KINDS: Final = _ranges()
_ASCII_KINDS: Final = "".join(char for char in _KINDS if char.isascii()).encode()


@dataclass(frozen=True)
class Hidden:
    """One invisible character. `line` counts from 1."""

    line: int
    code: str
    kind: Kind


@dataclass(frozen=True)
class Stripped:
    text: str
    count: int


def hidden_in(text: str) -> Iterator[Hidden]:
    """Every invisible character that has no business there; emoji sequences, and joiners in scripts with them, do."""
    if _plain(text):
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.isascii() and line.isprintable():
            continue
        for index, char in enumerate(line):
            kind = _KINDS.get(char)
            if kind is not None and not _belongs(line, index) and not (number == 1 and index == 0 and char == "\ufeff"):
                yield Hidden(number, f"U+{ord(char):04X}", kind)


def counts(text: str) -> Counter[Kind]:
    return Counter(hidden.kind for hidden in hidden_in(text))


def strip_hidden(text: str) -> Stripped:
    """The text without invisible characters, and how many there were."""
    if _plain(text):
        return Stripped(text, 0)
    lines, removed = [], 0
    for line in text.split("\n"):
        kept = [char for index, char in enumerate(line) if char not in _KINDS or _belongs(line, index)]
        removed += len(line) - len(kept)
        lines.append("".join(kept))
    return Stripped("\n".join(lines), removed)


def _plain(text: str) -> bool:
    """ASCII without anything invisible, seen at one glance."""
    return text.isascii() and len(text.encode().translate(None, _ASCII_KINDS)) == len(text)


def _belongs(line: str, index: int) -> bool:
    char = line[index]
    before = line[index - 1] if index else " "
    after = line[index + 1] if index + 1 < len(line) else " "
    if char in (_EMOJI_STYLE, _TEXT_STYLE):
        return before in _KEYCAPS or unicodedata.category(before) in {"So", "Sm"}
    if char == _ZWJ:
        return (_pictorial(before) and _pictorial(after)) or (_joining(before) and _joining(after))
    if char == _ZWNJ:
        return _joining(before) and _joining(after)
    if _KINDS.get(char) is Kind.VARIATION:
        return 0x3400 <= ord(before) <= 0x9FFF or ord(before) >= 0x20000
    return char == "\r" and index == len(line) - 1


def _pictorial(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} or char == _EMOJI_STYLE


def _joining(char: str) -> bool:
    """Letters and marks of Arabic and Indic scripts, where joiners change the shape."""
    return 0x0600 <= ord(char) <= 0x0DFF and unicodedata.category(char)[0] in "LM"
