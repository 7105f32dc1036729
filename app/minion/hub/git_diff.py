"""Differences between two commits in the shape of GitHub's file entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minion.hub.git_objects import ZERO, FileDiff

if TYPE_CHECKING:
    from minion.hub.git_objects import Git

STATUSES = {"A": "added", "D": "removed", "M": "modified", "T": "changed", "R": "renamed", "C": "copied"}
MAX_PATCH = 200_000


def read_diff(git: Git, before: str, after: str) -> list[FileDiff]:
    """One entry for each changed file; `patch` starts at the first hunk and is None for binary files."""
    entries = _raw_entries(git, before, after)
    counts = _counts(git, before, after)
    patches = _patches(git, before, after)
    return [
        FileDiff(path, previous, status, sha, *counts.get(path, (0, 0)), patches.get(path))
        for path, previous, status, sha in entries
    ]


def _raw_entries(git: Git, before: str, after: str) -> list[tuple[str, str | None, str, str]]:
    tokens = (
        git.run("diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", before, after)
        .decode(errors="replace")
        .split("\0")
    )
    found, at = [], 0
    while at < len(tokens) - 1:
        _, _, old, new, letter = tokens[at].removeprefix(":").split(" ")
        moved = letter[0] in "RC"
        path, previous = (tokens[at + 2], tokens[at + 1]) if moved else (tokens[at + 1], None)
        found.append((path, previous, STATUSES[letter[0]], old if new == ZERO else new))
        at += 3 if moved else 2
    return found


def _counts(git: Git, before: str, after: str) -> dict[str, tuple[int, int]]:
    tokens = git.run("diff-tree", "-r", "-z", "-M", "--numstat", before, after).decode(errors="replace").split("\0")
    counts, at = {}, 0
    while at < len(tokens) - 1:
        added, deleted, path = tokens[at].split("\t")
        if not path:  # a rename: the two paths follow
            path, at = tokens[at + 2], at + 2
        counts[path] = (int(added) if added.isdigit() else 0, int(deleted) if deleted.isdigit() else 0)
        at += 1
    return counts


def _patches(git: Git, before: str, after: str) -> dict[str, str]:
    raw = git.run("diff-tree", "-r", "-M", "-p", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", before, after)
    found: dict[str, str] = {}
    for block in ("\n" + raw.decode(errors="replace")).split("\ndiff --git ")[1:]:
        header, mark, hunks = block.partition("\n@@ ")
        if mark:
            found[_target(header)] = ("@@ " + hunks).rstrip("\n")[:MAX_PATCH]
    return found


def _target(header: str) -> str:
    lines = header.split("\n")
    new = next((line[4:] for line in lines if line.startswith("+++ ")), "")
    old = next((line[4:] for line in lines if line.startswith("--- ")), "")
    chosen = old if new.startswith("/dev/null") else new
    return chosen.rstrip("\t").partition("/")[2]
