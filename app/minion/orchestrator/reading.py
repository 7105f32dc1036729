"""The checks of a head, read as far as the verdict needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from minion.domain.checks import CheckResult
from minion.domain.ids import CommitSha
from minion.domain.task import Task
from minion.orchestrator.step import Scene, changed
from minion.ports.github import PullRequest, RequiredCheck
from minion.tasks.checks import CheckView, Pending, Red, Verdict, decided, evaluate, latest, usual

_RECENT = 5
_ANCESTORS = 10


def verdict(scene: Scene, pull: PullRequest) -> Verdict:
    """Reads more only where it may change the answer: habits when all that runs is done, the base when some fail."""
    view = _view(scene, pull)
    first = evaluate(view)
    if isinstance(first, Pending) and first.look_at is None:
        return first
    if not view.required:
        view = replace(view, expected=_habits(scene))
    if all(result.app_id == view.own_app_id for result in view.results):
        view = replace(
            view,
            actions_enabled=scene.github.actions_enabled(scene.repository),
            has_workflows=bool(scene.github.list_files(scene.repository, ".github/workflows", pull.head_sha)),
        )
    second = evaluate(view)
    return evaluate(replace(view, base=_base(scene, pull, second))) if isinstance(second, Red) else second


def _view(scene: Scene, pull: PullRequest) -> CheckView:
    configuration = scene.task.configuration
    declared = scene.github.required_checks(scene.repository, pull.base_ref)
    named = [RequiredCheck(context, None) for context in configuration.required_checks]
    return CheckView(
        results=tuple(scene.github.checks(scene.repository, pull.head_sha)),
        own_app_id=scene.desk.gate.app_id(),
        now=scene.now,
        waiting_since=scene.task.waiting_since or scene.now,
        required=(*declared, *named),
        runs=tuple(scene.github.runs_for(scene.repository, pull.head_sha)),
        settle_s=configuration.settle_seconds,
        grace_s=configuration.checks_grace_seconds,
        mergeable=pull.mergeable,
        draft=pull.draft,
    )


def _habits(scene: Scene) -> frozenset[tuple[str, str, str]]:
    heads = scene.github.recent_pull_heads(scene.repository, _RECENT)
    own = scene.desk.gate.app_id()
    return usual([scene.github.checks(scene.repository, head) for head in heads], own)


def _base(scene: Scene, pull: PullRequest, red: Red) -> tuple[CheckResult, ...] | None:
    """What failed here, as it ended on the merge base, else on the nearest commit before it that was checked; None
    where nothing ever ran, so that failures count as ours."""
    base: CommitSha | None = scene.github.merge_base(scene.repository, pull.base_ref, pull.head_sha)
    wanted = {check.key for check in red.failing}
    found: list[CheckResult] = []
    for sha in () if base is None else scene.github.first_parents(scene.repository, base, _ANCESTORS):
        there = [result for result in scene.github.checks(scene.repository, sha) if result.key in wanted]
        found += [result for result in latest(there) if decided(result)]
        wanted -= {result.key for result in found}
        if not wanted:
            break
    return tuple(found) or None


def with_not_ours(task: Task, not_ours: Sequence[CheckResult]) -> Task:
    """The pull request names what fails without being its fault."""
    notes = (f"`{check.name}` fails on the base branch too." for check in not_ours)
    return changed(task, notes=tuple(dict.fromkeys((*task.notes, *notes))))
