"""Text coming in: what readers of the page cannot see is taken out, and counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from minion.tasks.invisible import strip_hidden

_COMMENT: Final = re.compile(r"<!--.*?(?:--!?>|\Z)", re.DOTALL)
_ODD_COMMENT: Final = re.compile(r"<![A-Z][^>]*>|<\?.*?\?>|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_REFERENCE: Final = re.compile(
    r"^ {0,3}\[[^\]\n]*\]:[ \t]*(?:#|<>|//)\S*(?:[ \t]+(?:\"[^\n]*\"|'[^\n]*'|\([^\n]*\)))?[ \t]*$", re.MULTILINE
)
"""`[//]: # (hidden)`: a link definition that nothing refers to is Markdown's way of writing a comment."""
_HIDDEN_ATTRIBUTE: Final = re.compile(
    r"(<[A-Za-z][^<>]*?)\s(?:alt|title|aria-[a-z]+|data-[a-z-]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')"
)
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


@dataclass(frozen=True)
class Clean:
    """`hidden` counts what was taken out: characters, comments, attributes."""

    text: str
    hidden: int


def clean(text: str) -> Clean:
    """A person's text as its readers see it, with unix line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    stripped = strip_hidden(text)
    result, hidden = stripped.text, stripped.count
    for pattern, by in ((_COMMENT, ""), (_ODD_COMMENT, ""), (_REFERENCE, "")):
        result, count = pattern.subn(by, result)
        hidden += count
    result, count = _without_attributes(result)
    return Clean(result.strip(), hidden + count)


def without_ansi(text: str) -> str:
    """Terminal output without its colours and cursor movements."""
    return _ANSI.sub("", text)


def _without_attributes(text: str) -> tuple[str, int]:
    """Several attributes of one tag need several passes."""
    total = 0
    for _ in range(8):
        text, count = _HIDDEN_ATTRIBUTE.subn(r"\1", text)
        total += count
        if not count:
            break
    return text, total
