"""Are the checks of a head settled, and what do they say? Pure: the caller reads GitHub, this decides.

No checks yet is not green, and a check that fails on the base as well is not ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from minion.domain.checks import CheckResult
from minion.ports.github import ActionsRun, RequiredCheck

_ACTIONS: Final = "github-actions"
_GOOD: Final = frozenset({"success", "neutral", "skipped"})
_INTERRUPTED: Final = frozenset({"cancelled", "stale"})
"""Nobody's verdict on the code: they count only where nothing else failed."""

_QUEUED: Final = frozenset({"queued", "waiting", "requested", "pending"})

NOT_JUDGED: Final = "No CI has judged this"
"""A task's note for the reviewer begins with it, until some check has spoken."""

CheckKey = tuple[str, str, str]


class NoChecksReason(StrEnum):
    DRAFT_SKIPPED = "draft_skipped"
    NOT_CONFIGURED = "not_configured"
    ACTION_REQUIRED = "action_required"
    CONFLICT = "conflict"
    ACTIONS_DISABLED = "actions_disabled"
    NEVER_STARTED = "never_started"


REMEDIES: Final[dict[NoChecksReason, str]] = {
    NoChecksReason.DRAFT_SKIPPED: (
        "The workflows skip drafts: mark the pull request as ready for review and they run."
    ),
    NoChecksReason.NOT_CONFIGURED: (
        "No workflow runs for pull requests here: add one that starts `on: pull_request` (or `push`) "
        "to the default branch, or connect a CI service."
    ),
    NoChecksReason.ACTION_REQUIRED: (
        'A run waits for approval: open the pull request\'s checks and press "Approve and run", '
        "or relax Settings → Actions → General → Approval for running workflows."
    ),
    NoChecksReason.CONFLICT: (
        "The branch conflicts with its base, so GitHub starts no `pull_request` workflow: resolve the conflict."
    ),
    NoChecksReason.ACTIONS_DISABLED: "Actions are disabled: enable them in Settings → Actions → General.",
    NoChecksReason.NEVER_STARTED: (
        "No check started: look at githubstatus.com, at the workflow's `branches`, `paths` and `[skip ci]` filters, "
        "and whether a runner with the asked-for label is online."
    ),
}


@dataclass(frozen=True)
class CheckView:
    """What was read at `now`. `base` is None where the base was never checked; sizes of waits are seconds."""

    results: tuple[CheckResult, ...]
    own_app_id: int
    now: datetime
    waiting_since: datetime
    base: tuple[CheckResult, ...] | None = None
    required: tuple[RequiredCheck, ...] = ()
    expected: frozenset[CheckKey] = frozenset()
    """Seen on recent PR heads (see `usual`); awaited where nothing is declared as required."""
    runs: tuple[ActionsRun, ...] = ()
    changed_at: datetime | None = None
    """When the results were last seen to change; None: their own times say it."""
    settle_s: int = 30
    grace_s: int = 180
    patience_s: int = 1800
    """How long outside CI that usually reports is waited for."""
    mergeable: bool | None = None
    draft: bool = False
    actions_enabled: bool | None = None
    has_workflows: bool | None = None


@dataclass(frozen=True)
class Pending:
    """Not settled. `look_at`: when time alone may change the answer; None: only a change on GitHub does."""

    why: str
    look_at: datetime | None = None


@dataclass(frozen=True)
class Green:
    """Everything that counts passed, except what fails on the base as well."""

    not_ours: tuple[CheckResult, ...] = ()


@dataclass(frozen=True)
class Red:
    """`failing` are ours (or the base is unknown); never empty. `good_on_base`: checks that are known to pass there."""

    failing: tuple[CheckResult, ...]
    not_ours: tuple[CheckResult, ...] = ()
    good_on_base: frozenset[CheckKey] = frozenset()

    @property
    def only_interrupted(self) -> bool:
        """Nothing failed: runs were cancelled or went stale, and running them again may be all that is needed."""
        return all(result.conclusion in _INTERRUPTED for result in self.failing)


@dataclass(frozen=True)
class NoChecks:
    """No verdict will come by waiting; `remedy` tells a person what to do."""

    reason: NoChecksReason
    remedy: str


Verdict = Pending | Green | Red | NoChecks


def evaluate(view: CheckView) -> Verdict:
    results = _counting(view)
    if not results:
        return _nothing_yet(view)
    unfinished = _not_started(view, results) or _unfinished(view, results) or _unquiet(view, results)
    return unfinished or _judge(view, results)


def workflow_file(path: str) -> str:
    """`.github/workflows/ci.yml@refs/heads/main` is `ci.yml`: it names the workflow across commits."""
    return path.split("@", 1)[0].removeprefix(".github/workflows/")


def latest(results: Iterable[CheckResult], runs: Sequence[ActionsRun] = ()) -> tuple[CheckResult, ...]:
    """The newest result of each check. One workflow started by two events has two results of the same name; both count.

    A run replaced by a newer one of the same workflow and event (cancelled by a concurrency group, say) does not.
    """
    events = {run.suite_id: run.event for run in runs if run.suite_id is not None}
    replaced = _replaced_suites(runs)
    newest: dict[tuple[CheckKey, str], CheckResult] = {}
    for result in results:
        if result.suite_id is not None and result.suite_id in replaced:
            continue
        slot = (result.key, events.get(result.suite_id or 0, ""))
        if slot not in newest or (result.id or 0) >= (newest[slot].id or 0):
            newest[slot] = result
    return tuple(newest.values())


def usual(heads: Sequence[Sequence[CheckResult]], own_app_id: int) -> frozenset[CheckKey]:
    """The checks that more than half of the recent heads with any checks had: one odd run makes no habit."""
    checked = [head for head in heads if head]
    counts = Counter(key for head in checked for key in {r.key for r in head if r.app_id != own_app_id})
    return frozenset(key for key, count in counts.items() if 2 * count > len(checked))


def failed(result: CheckResult) -> bool:
    """A word that we don't know counts as a failure."""
    return result.status == "completed" and result.conclusion not in _GOOD | _INTERRUPTED


def decided(result: CheckResult) -> bool:
    """It has come to an end that says something about the code."""
    return result.status == "completed" and result.conclusion not in _INTERRUPTED


# --- what counts


def _counting(view: CheckView) -> tuple[CheckResult, ...]:
    others = [result for result in view.results if result.app_id != view.own_app_id]
    return (*latest(others, view.runs), *_runs_without_jobs(view, others))


def _replaced_suites(runs: Sequence[ActionsRun]) -> frozenset[int]:
    newest = _newest_runs(runs)
    return frozenset(run.suite_id for run in runs if run.suite_id is not None and run.id not in newest)


def _newest_runs(runs: Sequence[ActionsRun]) -> frozenset[int]:
    newest: dict[tuple[str, str], int] = {}
    for run in runs:
        slot = (run.workflow_path, run.event)
        newest[slot] = max(run.id, newest.get(slot, 0))
    return frozenset(newest.values())


def _runs_without_jobs(view: CheckView, results: Sequence[CheckResult]) -> list[CheckResult]:
    """Runs that are queued, or broke before any job: they have no check run of their own."""
    newest = _newest_runs(view.runs)
    suites = {result.suite_id for result in results}
    groups = {result.group for result in results if result.app == _ACTIONS}
    return [
        _as_result(run)
        for run in view.runs
        if run.id in newest
        and not _awaits_approval(run)
        and not (run.suite_id in suites if run.suite_id is not None else workflow_file(run.workflow_path) in groups)
        and (run.status != "completed" or (run.conclusion not in _GOOD and run.job_count == 0))
    ]


def _as_result(run: ActionsRun) -> CheckResult:
    return CheckResult(
        app=_ACTIONS,
        app_id=None,
        group=workflow_file(run.workflow_path),
        name=run.name or workflow_file(run.workflow_path),
        status=run.status,
        conclusion=run.conclusion,
        suite_id=run.suite_id,
        url=run.url,
    )


def _awaits_approval(run: ActionsRun) -> bool:
    """Completed, and without a job: https://docs.github.com/en/actions/how-tos/manage-workflow-runs/approve-runs-from-forks"""
    return run.conclusion == "action_required" and run.job_count in (0, None)


# --- is it settled?


def _not_started(view: CheckView, results: Sequence[CheckResult]) -> Pending | NoChecks | None:
    """Everything is queued: a runner with the asked-for label may never come."""
    if any(result.status not in _QUEUED for result in results):
        return None
    until = view.waiting_since + timedelta(seconds=view.patience_s)
    if view.now < until:
        return Pending(f"waiting for {_names(results)} to start", until)
    return _no_checks(NoChecksReason.NEVER_STARTED)


def _unfinished(view: CheckView, results: Sequence[CheckResult]) -> Pending | None:
    if view.required:
        return _required_missing(view.required, results)
    running = [result for result in results if result.status != "completed"]
    if running:
        return Pending(f"waiting for {_names(running)}")
    return _expected_missing(view, results)


def _required_missing(required: Sequence[RequiredCheck], results: Sequence[CheckResult]) -> Pending | None:
    missing = [check for check in required if not _satisfied(check, results)]
    names = ", ".join(sorted({check.context for check in missing}))
    return Pending(f"waiting for the required {names}") if missing else None


def _satisfied(check: RequiredCheck, results: Sequence[CheckResult]) -> bool:
    """All that report it have come to an end: two workflows, or one started by two events, may do so.

    Only the App that the rule names may report it: anyone with write access may post a status of that name.
    """
    reports = [r for r in results if r.name == check.context and check.app_id in (None, r.app_id)]
    return bool(reports) and all(result.status == "completed" for result in reports)


def _expected_missing(view: CheckView, results: Sequence[CheckResult]) -> Pending | None:
    """Actions starts what it will start within the grace period; outside CI may take its time."""
    seen = {result.key for result in results}
    for key in sorted(view.expected - seen):
        until = view.waiting_since + timedelta(seconds=view.grace_s if key[0] == _ACTIONS else view.patience_s)
        if view.now < until:
            return Pending(f"waiting for {key[2]}, which usually reports", until)
    return None


def _unquiet(view: CheckView, results: Sequence[CheckResult]) -> Pending | None:
    times = [view.changed_at] if view.changed_at else [r.completed_at or r.started_at for r in results]
    changed = max((time for time in times if time is not None), default=None)
    if changed is None:
        return None
    quiet_at = changed + timedelta(seconds=view.settle_s)
    return Pending("waiting for the checks to come to rest", quiet_at) if view.now < quiet_at else None


# --- what do they say?


def _judge(view: CheckView, results: Sequence[CheckResult]) -> Verdict:
    base = [result for result in latest(view.base or ()) if decided(result)]
    on_base = {result.key for result in base if failed(result)}
    good = frozenset(result.key for result in base) - on_base
    failing = tuple(result for result in results if failed(result))
    not_ours = tuple(result for result in failing if result.key in on_base)
    ours = tuple(result for result in failing if result.key not in on_base)
    if ours:
        return Red(ours, not_ours, good)
    interrupted = tuple(result for result in results if result.conclusion in _INTERRUPTED)
    if interrupted:
        return Red(interrupted, not_ours, good)
    return _no_verdict(view, results) or Green(not_ours)


def _no_verdict(view: CheckView, results: Sequence[CheckResult]) -> NoChecks | None:
    if any(_awaits_approval(run) for run in view.runs if run.id in _newest_runs(view.runs)):
        return _no_checks(NoChecksReason.ACTION_REQUIRED)
    if view.draft and all(result.conclusion == "skipped" for result in results):
        return _no_checks(NoChecksReason.DRAFT_SKIPPED)
    return None


def _nothing_yet(view: CheckView) -> Pending | NoChecks:
    if any(_awaits_approval(run) for run in view.runs):
        return _no_checks(NoChecksReason.ACTION_REQUIRED)
    outside = bool(view.required) or any(key[0] != _ACTIONS for key in view.expected)
    definite = view.mergeable is False or view.actions_enabled is False or not outside
    until = view.waiting_since + timedelta(seconds=view.grace_s if definite else view.patience_s)
    if view.now < until:
        return Pending("no check has started yet", until)
    return _no_checks(_why_none(view))


def _why_none(view: CheckView) -> NoChecksReason:
    if view.mergeable is False:
        return NoChecksReason.CONFLICT
    if view.actions_enabled is False:
        return NoChecksReason.ACTIONS_DISABLED
    if view.has_workflows is False and not view.required and not view.expected:
        return NoChecksReason.NOT_CONFIGURED
    return NoChecksReason.DRAFT_SKIPPED if view.draft else NoChecksReason.NEVER_STARTED


def _no_checks(reason: NoChecksReason) -> NoChecks:
    return NoChecks(reason, REMEDIES[reason])


def _names(results: Sequence[CheckResult]) -> str:
    names = sorted({result.name for result in results})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
