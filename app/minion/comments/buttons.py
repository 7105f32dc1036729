"""Our own check run: what it says and its buttons. https://docs.github.com/en/rest/checks/runs#create-a-check-run"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from minion.comments.receipts import spending
from minion.comments.statuses import status
from minion.comments.voice import Voice, paragraphs
from minion.domain.task import Task, TaskStatus
from minion.tasks.outgoing import capped

LONGEST: Final = 65_535
"""Characters of a check run's summary."""

Button = tuple[str, str, str]
"""(label ≤ 20, description ≤ 40, identifier ≤ 20)"""

STOP: Final[Button] = ("Stop", "End the task; push nothing more", "stop")
RETRY: Final[Button] = ("Retry", "Try once more with what pushes are left", "retry")
APPROVE: Final[Button] = ("Approve", "Let the shown change be pushed", "approve")


@dataclass(frozen=True)
class CheckText:
    """`status` and `conclusion` in GitHub's words."""

    title: str
    summary: str
    status: str
    conclusion: str | None
    buttons: tuple[Button, ...]


def check_text(task: Task, voice: Voice, *, pushes: int | None = None, used_up: bool = False) -> CheckText:
    state, conclusion, buttons = _state(task.status)
    buttons = () if task.through or (used_up and task.status.ended) else buttons
    title = task.status.value.replace("_", " ").capitalize()
    said = status(task, voice, pushes=pushes, used_up=used_up)
    went_for = spending(task.receipt) if task.status.ended else ""
    return CheckText(title, capped(paragraphs((said.rstrip(), went_for)), LONGEST), state, conclusion, buttons)


def _state(value: TaskStatus) -> tuple[str, str | None, tuple[Button, ...]]:
    """Buttons show on completed check runs only, so a task that waits for a person is completed for GitHub.

    Never `failure`: a task that was handed over must not block a merge by itself.
    """
    match value:
        case TaskStatus.QUEUED:
            return "queued", None, (STOP,)
        case TaskStatus.WORKING | TaskStatus.PUBLISHING | TaskStatus.AWAITING_CHECKS:
            return "in_progress", None, (STOP,)
        case TaskStatus.AWAITING_APPROVAL:
            return "completed", "action_required", (APPROVE, STOP)
        case TaskStatus.AWAITING_REPLY:
            return "completed", "action_required", (STOP,)
        case TaskStatus.SUCCEEDED:
            return "completed", "success", ()
        case TaskStatus.HANDED_OFF | TaskStatus.FAILED:
            return "completed", "neutral", (RETRY,)
        case TaskStatus.DECLINED | TaskStatus.CANCELLED:
            return "completed", "neutral", ()
