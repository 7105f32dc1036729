"""Two ways beside each other, the first difference marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TypeAlias

Row: TypeAlias = tuple[str, str, bool]
"""Left, right, and whether they are the same; what one side lacks is empty."""
_BEFORE = 6
_AFTER = 14
_WIDEST = 60


def rows(left: Sequence[str], right: Sequence[str]) -> list[Row]:
    """The two, aligned by what they have in common."""
    found: list[Row] = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        pairs = zip_longest(left[a:b], right[c:d], fillvalue="")
        found += [(one, other, tag == "equal") for one, other in pairs]
    return found


def beside(titles: tuple[str, str], compared: Sequence[Row]) -> Iterator[str]:
    """The lines of a table around the first difference; nothing when there is none."""
    first = next((index for index, row in enumerate(compared) if not row[2]), None)
    if first is None:
        return
    low, high = max(0, first - _BEFORE), first + _AFTER
    shown = compared[low:high]
    width = min(_WIDEST, max(len(text) for text in (titles[0], *(row[0] for row in shown))))
    yield f"  {titles[0]:{width}}  {titles[1]}"
    if low:
        yield f"  ... {low} the same"
    for index, (one, other, _) in enumerate(shown, low):
        yield f"{'>' if index == first else ' '} {one:{width}}  {other}".rstrip()
    if high < len(compared):
        yield f"  ... {len(compared) - high} more"
