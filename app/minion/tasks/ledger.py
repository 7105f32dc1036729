"""The push ledger's rules. The store counts; these are the numbers and the words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from minion.domain.ids import CommitSha, TaskId
from minion.tasks.trailers import PushMark, read_mark

PUSHES_PER_TASK: Final = 2
PUSHES_PER_PULL: Final = 6


def refusal(
    on_task: int, on_pull: int, *, per_task: int = PUSHES_PER_TASK, per_pull: int = PUSHES_PER_PULL
) -> str | None:
    """Why another push is not allowed, or None. The arguments count the pushes so far."""
    if on_task >= min(per_task, PUSHES_PER_TASK):
        return f"this task has used its {min(per_task, PUSHES_PER_TASK)} pushes"
    if on_pull >= per_pull:
        return f"this pull request has had {per_pull} pushes by Minion; a person has to go on"
    return None


def marks_in(commits: Iterable[tuple[CommitSha, str]]) -> tuple[tuple[CommitSha, PushMark], ...]:
    """The pushes that a branch's commits (sha, message) testify to, in their order."""
    return tuple((sha, mark) for sha, message in commits if (mark := read_mark(message)) is not None)


def pushes_of(task_id: TaskId, commits: Iterable[tuple[CommitSha, str]]) -> int:
    """Rounds of the task among the commits; the same round twice is one push."""
    return len({mark.round for _, mark in marks_in(commits) if mark.task_id == task_id})
