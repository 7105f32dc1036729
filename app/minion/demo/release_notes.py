"""Finds the release notes of a project and what the later release says that it changed. Pure."""

from __future__ import annotations

import difflib
import re
from pathlib import PurePosixPath

from minion.demo.changes import Tree

NAMES = re.compile(
    r"^(changes|changelog|history|news|release[-_]?notes|whatsnew|readme)(\.(rst|md|txt))?$", re.IGNORECASE
)
ADDED = "CHANGELOG.md"


def notes_path(before: Tree, after: Tree, version: str) -> str | None:
    """The file whose new lines name the later version; changelogs before READMEs, short paths first."""
    candidates = [path for path in before.keys() & after.keys() if NAMES.match(PurePosixPath(path).name)]
    candidates.sort(key=lambda path: ("readme" in path.lower(), path.count("/"), path))
    for path in candidates:
        if any(version in line for line in new_lines(before[path], after[path])):
            return path
    changelogs = [path for path in candidates if "readme" not in path.lower()]
    return next((path for path in changelogs if before[path] != after[path]), None)


def new_lines(before: bytes, after: bytes) -> list[str]:
    old, new = before.decode(errors="replace").splitlines(), after.decode(errors="replace").splitlines()
    return [line[2:] for line in difflib.ndiff(old, new) if line.startswith("+ ")]


def headline(lines: list[str], version: str) -> str:
    """The first new line that says something: no heading, underline or date."""
    for line in lines:
        text = re.sub(rf"^[\s*\-#+•]*(v?{re.escape(version)}[:\s]*(\([^)]*\))?)?[\s:-]*", "", line).strip()
        if len(text.split()) >= 3 and not re.fullmatch(r"[\W\d]+", text):
            return text.rstrip(".")
    return ""
