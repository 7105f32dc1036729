"""Does anybody still want this task? Read from GitHub as it is now, not from a delivery."""

from __future__ import annotations

from minion.domain.task import Task
from minion.orchestrator.desk import repository_of
from minion.ports.github import GitHub, Item, PullRequest
from minion.tasks.intake import STATE_LABELS, starts_with_label


def withdrawn(task: Task, item: Item, github: GitHub) -> str | None:
    """Why the task is to be cancelled, in words for a person; None: go on."""
    if item.state != "open":
        return f"#{task.number} was closed"
    by_label = task.trigger_comment_id is None and task.trigger_review_id is None
    if by_label and not any(_wants(label) for label in item.labels):
        return "the label was taken away"
    if task.pull_number is None or task.pull_number == task.number:
        return None
    return _pull_withdrawn(github.pull(repository_of(task), task.pull_number), task.pull_number)


def _wants(label: str) -> bool:
    return label not in STATE_LABELS and starts_with_label(label)


def _pull_withdrawn(pull: PullRequest | None, number: int) -> str | None:
    if pull is None:
        return f"the pull request #{number} is gone"
    if pull.merged:
        return f"the pull request #{number} was merged"
    return f"the pull request #{number} was closed" if pull.state != "open" else None
