"""Checks that nobody let come to an end: run again once for each head, since a push would be wasted on them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from minion.orchestrator.step import Scene
from minion.ports.github import PullRequest
from minion.tasks.checks import Red

_CUT_SHORT: Final = frozenset({"cancelled", "stale"})


def running_again(scene: Scene, pull: PullRequest, red: Red) -> datetime | None:
    """Until when to wait for the runs to begin anew; None when the verdict stands as it is.

    The runs are asked for before it is written down: a second asking is refused by GitHub, a lost one costs a push.
    """
    if not red.only_interrupted:
        return None
    key = f"rerun:{scene.task.id}:{pull.head_sha}"
    grace = timedelta(seconds=scene.task.configuration.checks_grace_seconds)
    before = scene.desk.cursors.get(key)
    if before is not None:
        until = datetime.fromisoformat(before) + grace
        return until if scene.now < until else None
    if not _run_again(scene, pull):
        return None
    scene.desk.cursors.set(key, scene.now.isoformat())
    return scene.now + grace


def _run_again(scene: Scene, pull: PullRequest) -> bool:
    """Whether any run was taken."""
    runs = scene.github.runs_for(scene.repository, pull.head_sha)
    cut_short = [run for run in runs if run.status == "completed" and run.conclusion in _CUT_SHORT]
    return any([scene.github.rerun_failed_jobs(scene.repository, run.id) is None for run in cut_short])  # noqa: C419
