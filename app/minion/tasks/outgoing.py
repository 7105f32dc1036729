"""Text going out: what a model, a log or a stranger wrote must not mention, close, load or link on our behalf.

Prose is changed the same way inside and outside of what looks like code, because GitHub decides what is code, not we.
Excerpts go into fences longer than anything in them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from minion.tasks.invisible import strip_hidden

LIMIT: Final = 65_536
"""Characters of an issue's, PR's or comment's body."""
_BREAK: Final = "\u200b"
"""Breaks a mention or a reference without changing what is read."""

_MENTION: Final = re.compile(r"@(?=[A-Za-z0-9])([A-Za-z0-9][A-Za-z0-9-]*(?:/[A-Za-z0-9._-]+)?)")
_CLOSING: Final = re.compile(
    r"\b(clos|fix|resolv)(e[sd]?|ing|s|es|ed)?(?=\W{0,3}\s*(?:[\w.-]+/[\w.-]+)?(?:#|GH-|https?:))", re.IGNORECASE
)
_REFERENCE: Final = re.compile(r"(?<![&\w])((?:[\w.-]+/[\w.-]+)?)#(?=\d)|\bGH-(?=\d)", re.IGNORECASE)
_SCHEME: Final = re.compile(
    r"\b([A-Za-z][A-Za-z0-9+.-]{0,20})\\?:(\\?/\\?/)\\?([^\s/?#<>()\[\]\"'`\\:@]*(?:\\?[:@][^\s/?#<>()\[\]\"'`]*)?)"
)
_SCRIPT: Final = re.compile(r"\b(javascript|data|vbscript|mailto)\\?:", re.IGNORECASE)
_RELATIVE: Final = re.compile(r"(\]\s*(?:\(|:)\s*<?)\\?/\\?/")
_WWW: Final = re.compile(r"\b(www)\.(?=[A-Za-z0-9])", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY: Final = re.compile(r"&(?=#|[A-Za-z][A-Za-z0-9]*;)")


def prose(text: str, *, mentions: Collection[str] = (), hosts: Collection[str] = (), limit: int = 20_000) -> str:
    """Untrusted text as Markdown that stays text.

    `mentions`: logins that may be notified; `hosts`: where links may go (exact names). Everything else is defused: no
    notification, no closing or cross reference, no HTML, no image or link to another host.
    """
    known = frozenset(login.lower() for login in mentions)
    text = cut(strip_hidden(text).text, limit)
    text = _TAG.sub("&lt;", _ENTITY.sub("&amp;", text))
    text = _SCHEME.sub(lambda match: _link(match, hosts), text)
    text = _RELATIVE.sub(lambda match: f"{match.group(1)}{_BREAK}//", text)
    text = _SCRIPT.sub(lambda match: f"{match.group(1)}{_BREAK}:", text)
    text = _WWW.sub(rf"\1{_BREAK}.", text)
    text = _CLOSING.sub(_broken, text)
    text = _REFERENCE.sub(_unreferenced, text)
    return _MENTION.sub(lambda match: _mention(match, known), text)


def quote(text: str, *, mentions: Collection[str] = (), hosts: Collection[str] = (), limit: int = 20_000) -> str:
    """Untrusted text as a quotation, so that its headings are not taken for ours."""
    safe = prose(text.strip(), mentions=mentions, hosts=hosts, limit=limit)
    return "\n".join(f"> {line}".rstrip() for line in safe.split("\n"))


def one_line(text: str, limit: int = 200) -> str:
    """For titles, table cells and subjects: one line of plain words, no Markdown that loads or notifies."""
    line = " ".join(strip_hidden(text).text.split())
    return prose(cut(line, limit).replace("\n", " "), limit=limit * 2).replace("|", "\\|")


def plain(text: str, limit: int = 4_000) -> str:
    """For commit messages, which are no Markdown: no mention, no closing keyword."""
    text = cut(strip_hidden(text).text, limit)
    text = _CLOSING.sub(_broken, text)
    text = _REFERENCE.sub(_unreferenced, text)
    return _MENTION.sub(lambda match: _mention(match, frozenset()), text)


def unlinked(text: str) -> str:
    """Trusted Markdown whose example references must not close anything."""
    return _CLOSING.sub(_broken, text)


def code(text: str, limit: int = 200) -> str:
    """A short value as inline code; its own backticks and line ends don't get out."""
    line = " ".join(strip_hidden(text).text.split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    if not line or not longest:
        return f"`{line or ' '}`"
    fence_ = "`" * (longest + 1)
    return f"{fence_} {line} {fence_}"


def fence(text: str, language: str = "", limit: int = 8_000) -> str:
    """A block of output or source: the fence is longer than any run of backticks inside."""
    body = strip_hidden(text).text.strip("\n")
    body = body if len(body) <= limit else "… (the beginning is left out)\n" + body[-limit:]
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with a note where something is missing."""
    note = "\n… (cut)"
    return text if len(text) <= limit else text[: max(0, limit - len(note))].rstrip() + note


def capped(body: str, limit: int = LIMIT) -> str:
    """A whole body within GitHub's limit; an open fence is closed before the note."""
    if len(body) <= limit:
        return body
    note = "\n\n*The rest did not fit into GitHub's 65,536 characters.*\n"
    kept = body[: limit - len(note) - 60].rstrip()
    ticks = _open_fence(kept)
    return kept + (f"\n{ticks}" if ticks else "") + note


def _open_fence(text: str) -> str:
    current = ""
    for line in text.split("\n"):
        match = re.match(r"`{3,}", line)
        if match is None:
            continue
        if not current:
            current = match.group(0)
        elif line.rstrip() == match.group(0) and len(match.group(0)) >= len(current):
            current = ""
    return current


def _link(match: re.Match[str], hosts: Collection[str]) -> str:
    """A link to a listed host stays; any other cannot be followed or loaded, and still says where it went."""
    scheme, host = match.group(1), match.group(3)
    if scheme.lower() in ("http", "https") and "\\" not in match.group(0) and host.lower() in hosts:
        return match.group(0)
    return f"{scheme}{_BREAK}:{_BREAK}//{host}"


def _mention(match: re.Match[str], known: frozenset[str]) -> str:
    name = match.group(1)
    return match.group(0) if name.lower() in known else f"@{_BREAK}{name}"


def _broken(match: re.Match[str]) -> str:
    word = match.group(0)
    return f"{word[0]}{_BREAK}{word[1:]}"


def _unreferenced(match: re.Match[str]) -> str:
    text = match.group(0)
    return f"{text}{_BREAK}"
