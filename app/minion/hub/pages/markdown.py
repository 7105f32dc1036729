"""Markdown to HTML that is safe to show: of raw HTML only a few bare tags count, links go to http(s) and paths only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

TASK = re.compile(r"<li>(\s*<p>)?\[([ xX])\] ")
HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)
BARE = re.compile(r"(</?(?:details|summary|sub|sup|kbd|br|b|i)>)")
"""Of the raw HTML that GitHub keeps, the tags that need no attributes (https://github.github.com/gfm/#raw-html)."""


def render(text: str | None) -> Markup:
    """GitHub's dialect as far as it goes: tables, strikethrough, task lists; HTML comments are left out."""
    html = _engine().render(HIDDEN.sub("", text or ""))
    return Markup(TASK.sub(_box, html))  # noqa: S704  # everything but bare tags is escaped


def _engine() -> MarkdownIt:
    engine = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
    for rule in ("html_block", "html_inline"):
        engine.add_render_rule(rule, _raw)
    return engine


def _raw(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    parts = BARE.split(tokens[index].content)
    return "".join(part if BARE.fullmatch(part) else str(escape(part)) for part in parts)


def _box(match: re.Match[str]) -> str:
    checked = "" if match[2] == " " else " checked"
    return f'<li class="task">{match[1] or ""}<input type="checkbox" disabled{checked}> '
