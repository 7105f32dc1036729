"""Whose is the head of the pull request? Work that a person pushed meanwhile is theirs, and is kept."""

from __future__ import annotations

from minion.domain.task import Task
from minion.orchestrator.step import Over, Scene, changed, hand_off
from minion.ports.github import PullRequest


def pull_at_our_head(scene: Scene) -> tuple[Task, PullRequest] | Over:
    """The pull request, with its head where the task believes it. Before our first round, the head may still move."""
    task = scene.task
    pull = None if task.pull_number is None else scene.github.pull(scene.repository, task.pull_number)
    if pull is None:
        return hand_off(task, "there is no pull request whose checks could be read")
    if pull.head_sha == task.head_sha:
        return task, pull
    if task.round == 0:
        return changed(task, head_sha=pull.head_sha), pull
    at = f"`{pull.head_ref}` (now at {pull.head_sha[:10]})"
    return hand_off(task, f"somebody else pushed to {at}: their work is kept, and a person goes on")
