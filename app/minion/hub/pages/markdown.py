"""Markdown to HTML that is safe to show: raw HTML stays text, links go to http(s) and paths only."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markupsafe import Markup

TASK = re.compile(r"<li>(\s*<p>)?\[([ xX])\] ")
HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)


def render(text: str | None) -> Markup:
    """GitHub's dialect as far as it goes: tables, strikethrough, task lists; HTML comments are left out."""
    engine = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    html = engine.render(HIDDEN.sub("", text or ""))
    return Markup(TASK.sub(_box, html))  # noqa: S704  # the renderer escapes everything: html is off


def _box(match: re.Match[str]) -> str:
    checked = "" if match[2] == " " else " checked"
    return f'<li class="task">{match[1] or ""}<input type="checkbox" disabled{checked}> '
