"""The difference of two source trees as the tool calls that an agent would make. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

Tree = Mapping[str, bytes]
"""Path (posix, relative) to content."""


@dataclass(frozen=True)
class Replacement:
    """`old` occurs exactly once in the file as it is before any replacement of the same change."""

    old: str
    new: str


@dataclass(frozen=True)
class EditFile:
    path: str
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True)
class WriteFile:
    path: str
    content: str
    exists: bool


@dataclass(frozen=True)
class DeleteFile:
    path: str


@dataclass(frozen=True)
class CarryFile:
    """Bytes that no text tool takes: binary files, other encodings, lines that end in carriage returns."""

    path: str
    data: bytes


Change = EditFile | WriteFile | DeleteFile | CarryFile


def changes_between(before: Tree, after: Tree) -> tuple[Change, ...]:
    """The changes that turn `before` into `after`."""
    changes: list[Change] = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        if new is None:
            changes.append(DeleteFile(path))
        elif (text := _text(new)) is None or (old is not None and _text(old) is None):
            changes.append(CarryFile(path, new))
        elif old is None:
            changes.append(WriteFile(path, text, exists=False))
        else:
            changes.append(_edit(path, old.decode(), text))
    return tuple(changes)


def _text(data: bytes) -> str | None:
    """UTF-8 text with line feeds only, or None."""
    if b"\0" in data or b"\r" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _edit(path: str, old: str, new: str) -> EditFile | WriteFile:
    replacements = replacements_between(old, new)
    if replacements is None:
        return WriteFile(path, new, exists=True)
    return EditFile(path, replacements)


def replacements_between(old: str, new: str) -> tuple[Replacement, ...] | None:
    """Unique, non-overlapping replacements that turn `old` into `new`; None when a whole write is simpler."""
    a, b = old.splitlines(keepends=True), new.splitlines(keepends=True)
    hunks = _hunks(a, b)
    grown = [_grow(old, a, b, hunk) for hunk in hunks]
    merged = _merge([hunk for hunk in grown if hunk is not None])
    if len(grown) != len(hunks) or None in grown:
        return None
    replacements = tuple(Replacement("".join(a[h.a1 : h.a2]), "".join(b[h.b1 : h.b2])) for h in merged)
    return replacements if _applies(old, new, replacements) else None


@dataclass(frozen=True)
class _Hunk:
    a1: int
    a2: int
    b1: int
    b2: int


def _hunks(a: list[str], b: list[str]) -> list[_Hunk]:
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return [_Hunk(i1, i2, j1, j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def _grow(old: str, a: list[str], b: list[str], hunk: _Hunk) -> _Hunk | None:
    """Adds lines around the hunk until its old text occurs once."""
    lines_a, lines_b = len(a), len(b)
    while True:
        text = "".join(a[hunk.a1 : hunk.a2])
        if text and old.count(text) == 1:
            return hunk
        before = hunk.a1 > 0 and hunk.b1 > 0 and a[hunk.a1 - 1] == b[hunk.b1 - 1]
        after = hunk.a2 < lines_a and hunk.b2 < lines_b and a[hunk.a2] == b[hunk.b2]
        if not before and not after:
            return None
        hunk = _Hunk(hunk.a1 - before, hunk.a2 + after, hunk.b1 - before, hunk.b2 + after)


def _merge(hunks: list[_Hunk]) -> list[_Hunk]:
    merged: list[_Hunk] = []
    for hunk in hunks:
        if merged and hunk.a1 <= merged[-1].a2:
            last = merged.pop()
            hunk = _Hunk(last.a1, max(last.a2, hunk.a2), last.b1, max(last.b2, hunk.b2))  # noqa: PLW2901
        merged.append(hunk)
    return merged


def _applies(old: str, new: str, replacements: tuple[Replacement, ...]) -> bool:
    """Applied one after the other, each still unique at its turn."""
    text = old
    for replacement in replacements:
        if text.count(replacement.old) != 1:
            return False
        text = text.replace(replacement.old, replacement.new)
    return text == new
