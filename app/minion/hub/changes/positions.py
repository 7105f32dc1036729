"""Where the line of a review comment is after later pushes: it moves with the diff, until the diff changes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from minion.hub.state import ReviewComment

if TYPE_CHECKING:
    from minion.hub.git_objects import FileDiff, Git

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def place_now(git: Git, comment: ReviewComment, head: str) -> int | None:
    """The line in the head's file; None where the comment is outdated, or is about the file as a whole."""
    if comment.line is None or comment.side == "LEFT" or comment.commit_id == head:
        return comment.line
    changes = _changes(git, comment.commit_id, head)
    changed = next((file for file in changes if comment.path in (file.path, file.previous)), None)
    if changed is None:
        return comment.line
    if changed.status == "removed" or changed.patch is None:
        return None
    return moved(changed.patch, comment.line)


@lru_cache(maxsize=64)
def _changes(git: Git, before: str, after: str) -> tuple[FileDiff, ...]:
    return tuple(git.diff(before, after))


def moved(patch: str, line: int) -> int | None:
    """Where `line` of the old file is in the new one; None when the patch takes it away or rewrites it."""
    offset = 0
    for old, new in _kept(patch):
        if old is None:
            offset += 1
        elif new is None:
            if old == line:
                return None
            offset -= 1 if old < line else 0
        elif old >= line:
            return new if old == line else line + offset
    return line + offset


def _kept(patch: str) -> Iterator[tuple[int | None, int | None]]:
    """(old line, new line) of each line in the hunks; None on the side that does not have it."""
    old = new = 0
    for text in patch.split("\n"):
        head = _HUNK.match(text)
        if head is not None:
            old, new = int(head[1]), int(head[3])
        elif text.startswith("+"):
            yield None, new
            new += 1
        elif text.startswith("-"):
            yield old, None
            old += 1
        elif not text.startswith("\\"):
            yield old, new
            old, new = old + 1, new + 1
