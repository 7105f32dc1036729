"""Filling a repository's pull request template: our sections go below its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from minion.tasks.outgoing import unlinked

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_LIMIT: Final = 20_000
_PLACES: Final = (
    ("issue", re.compile(r"\b(related|linked|issue|issues|ticket|fixes|closes|references?)\b", re.IGNORECASE)),
    (
        "how",
        re.compile(r"\b(test|tests|tested|testing|verif\w+|how (?:was|has|did|to)|validation|qa)\b", re.IGNORECASE),
    ),
    (
        "what",
        re.compile(r"\b(description|summary|what|changes?|overview|purpose|motivation|why|proposed)\b", re.IGNORECASE),
    ),
)


def fill(template: str, sections: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """(the filled template, the sections that found no heading). Each is used once, below the first heading for it.

    The template's own instructions in comments are dropped, and its example references close nothing.
    """
    left = {name: text for name, text in sections.items() if text}
    text = unlinked(_COMMENT.sub("", template[:_LIMIT].replace("\r\n", "\n"))).strip()
    if not text:
        return "", left
    lines: list[str] = []
    for line in text.split("\n"):
        lines.append(line)
        lines.extend(_filling(line, left))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), left


def _filling(line: str, left: dict[str, str]) -> Iterator[str]:
    match = _HEADING.match(line)
    if match is None:
        return
    for name, pattern in _PLACES:
        if name in left and pattern.search(match.group(1)):
            yield f"\n{left.pop(name)}\n"
            return
