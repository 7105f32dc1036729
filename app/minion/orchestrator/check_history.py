"""How the checks did lately, for agents that have the tool `ci.history`: read when a runner claims its round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from minion.domain.checks import CheckResult, PastCheck, Where
from minion.domain.ids import CommitSha
from minion.domain.task import Task
from minion.orchestrator.desk import Desk, repository_of
from minion.tasks.checks import decided, latest

TOOL: Final = "ci.history"
COMMITS: Final = 5
"""Of the base branch, and of the pull request."""
MOST: Final = 400


def check_history(desk: Desk, task: Task) -> tuple[PastCheck, ...] | None:
    """Newest commits first; None where no blueprint of the task asks for it. May raise `Outage`, `AccessLost`."""
    if not any(TOOL in text for text in task.blueprints.values()):
        return None
    return tuple(islice(_all(desk, task), MOST))


def _all(desk: Desk, task: Task) -> Iterator[PastCheck]:
    github, repository = desk.github(task), repository_of(task)
    base = github.branch_head(repository, task.base_branch) or task.base_sha
    of_base = github.first_parents(repository, base, COMMITS)
    known = {*of_base, task.base_sha}
    head = CommitSha(task.head_sha)
    own = [sha for sha in github.first_parents(repository, head, COMMITS) if sha not in known]
    parts: tuple[tuple[Where, Sequence[CommitSha]], ...] = (("pull request", own), ("base branch", of_base))
    for where, commits in parts:
        for sha in commits:
            results = [one for one in github.checks(repository, sha) if one.app_id != desk.gate.app_id()]
            yield from (_past(where, sha, one) for one in latest(results) if decided(one))


def _past(where: Where, sha: CommitSha, result: CheckResult) -> PastCheck:
    return PastCheck(
        where=where,
        sha=sha,
        check=result.name[:200],
        group=result.group[:200],
        conclusion=result.conclusion or result.status,
        day=result.completed_at.date().isoformat() if result.completed_at else "",
    )
