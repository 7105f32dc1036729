"""HTML as readable text: headings, lists, code and links stay; scripts, styles and navigation go (pure)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_DROPPED: Final = frozenset(
    {"script", "style", "noscript", "template", "svg", "nav", "header", "footer", "form", "iframe"}
)
_BLOCKS: Final = frozenset(
    """
    p div section article main aside ul ol dl table tr blockquote figure figcaption hr br dd dt body details
    """.split()  # noqa: SIM905 -- words are easier to read
)
_HEADINGS: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title = ""
        self._dropped: list[str] = []
        self._pre = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 -- its signature
        if tag in _DROPPED:
            self._dropped.append(tag)
        elif tag == "title":
            self._in_title = True
        elif not self._dropped:
            self._opened(tag)

    def _opened(self, tag: str) -> None:
        if tag in _HEADINGS:
            self.parts.append(f"\n\n{_HEADINGS[tag]}")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "pre":
            self._pre += 1
            self.parts.append("\n\n```\n")
        elif tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag == "code" and not self._pre:
            self.parts.append("`")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            if tag in self._dropped:
                del self._dropped[self._dropped.index(tag) :]
        elif tag == "title":
            self._in_title = False
        elif not self._dropped and tag not in _VOID:
            self._closed(tag)

    def _closed(self, tag: str) -> None:
        if tag == "pre" and self._pre:
            self._pre -= 1
            self.parts.append("\n```\n")
        elif tag == "code" and not self._pre:
            self.parts.append("`")
        elif tag in _HEADINGS or tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._dropped:
            self.parts.append(data if self._pre else re.sub(r"\s+", " ", data))


def text_of_html(html: str) -> str:
    """Any text is taken; what is no HTML comes out much as it was."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = re.sub(r"[ \t]+\n", "\n", "".join(reader.parts))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    title = " ".join(reader.title.split())
    return f"{title}\n\n{text}".strip() if title and title not in text[:200] else text
