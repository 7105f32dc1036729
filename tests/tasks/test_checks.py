"""When are checks settled, and whose are the failures?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.domain.checks import CheckResult
from minion.domain.ids import CommitSha
from minion.ports.github import ActionsRun, RequiredCheck
from minion.tasks.checks import (
    REMEDIES,
    CheckView,
    Green,
    NoChecks,
    NoChecksReason,
    Pending,
    Red,
    Verdict,
    evaluate,
    latest,
    usual,
    workflow_file,
)

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
OURS = 99
ACTIONS = 15368


def result(name: str, conclusion: str | None = "success", **fields: Any) -> CheckResult:
    return CheckResult(
        **{
            "app": "github-actions",
            "app_id": ACTIONS,
            "group": "ci.yml",
            "name": name,
            "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion,
            "id": 1,
            "suite_id": 10,
            "started_at": START,
            "completed_at": START if conclusion else None,
        }
        | fields
    )


def outside(name: str, conclusion: str | None = "success") -> CheckResult:
    return result(name, conclusion, app="circle", app_id=77, group="", suite_id=70)


def run(conclusion: str | None, **fields: Any) -> ActionsRun:
    return ActionsRun(
        **{
            "id": 1,
            "name": "CI",
            "workflow_path": ".github/workflows/ci.yml",
            "event": "pull_request",
            "status": "completed" if conclusion else "in_progress",
            "conclusion": conclusion,
            "head_sha": CommitSha("a" * 40),
            "title": "",
            "job_count": None,
            "url": "",
            "suite_id": 10,
        }
        | fields
    )


def view(*results: CheckResult, after: float = 600, **fields: Any) -> CheckView:
    return CheckView(
        results=results,
        own_app_id=OURS,
        now=START + timedelta(seconds=after),
        waiting_since=START,
        **fields,
    )


def names(verdict: Verdict) -> list[str]:
    assert isinstance(verdict, Red), verdict
    return [failing.name for failing in verdict.failing]


def reason(verdict: Verdict) -> NoChecksReason:
    assert isinstance(verdict, NoChecks), verdict
    assert verdict.remedy == REMEDIES[verdict.reason]
    return verdict.reason


# --- green and red


def test_all_passed_and_quiet_is_green() -> None:
    passed = (result("test"), result("docs", "skipped"), result("lint", "neutral"))
    assert evaluate(view(*passed)) == Green()


@pytest.mark.parametrize("word", ["failure", "timed_out", "startup_failure", "action_required", "a_new_word"])
def test_whatever_is_not_good_is_red(word: str) -> None:
    assert names(evaluate(view(result("test", word), result("lint")))) == ["test"]


@pytest.mark.parametrize("word", ["cancelled", "stale"])
def test_interrupted_checks_count_only_alone(word: str) -> None:
    alone = evaluate(view(result("test", word), result("lint")))
    assert names(alone) == ["test"]
    assert isinstance(alone, Red)
    assert alone.only_interrupted
    beside = evaluate(view(result("test", word), result("lint", "failure")))
    assert names(beside) == ["lint"]
    assert isinstance(beside, Red)
    assert not beside.only_interrupted


def test_our_own_check_is_left_out() -> None:
    ours = result("Minion", None, app="minion", app_id=OURS, group="")
    assert evaluate(view(result("test"), ours)) == Green()
    assert isinstance(evaluate(view(ours, after=10)), Pending), "ours alone is no check"


def test_what_fails_on_the_base_is_not_ours() -> None:
    base = (result("test", "failure", id=500, suite_id=500), result("lint", id=501))
    head = (result("test", "failure"), result("lint", "failure"))
    verdict = evaluate(view(*head, base=base))
    assert names(verdict) == ["lint"]
    assert isinstance(verdict, Red)
    assert [check.name for check in verdict.not_ours] == ["test"]
    only = evaluate(view(result("test", "failure"), base=base))
    assert isinstance(only, Green)
    assert [check.name for check in only.not_ours] == ["test"]


def test_an_unknown_base_counts_as_ours() -> None:
    assert names(evaluate(view(result("test", "failure"), base=None))) == ["test"]
    running = (result("test", None),)
    assert names(evaluate(view(result("test", "failure"), base=running))) == ["test"]
    other = (result("test", "failure", group="nightly.yml"),)
    assert names(evaluate(view(result("test", "failure"), base=other))) == ["test"]


# --- the latest of each


def test_a_rerun_replaces_its_first_attempt() -> None:
    assert evaluate(view(result("test", "failure", id=1), result("test", "success", id=2))) == Green()
    assert names(evaluate(view(result("test", "success", id=1), result("test", "failure", id=2)))) == ["test"]


def test_two_workflows_may_both_have_a_build() -> None:
    assert names(evaluate(view(result("build", "failure", id=1), result("build", group="release.yml", id=2)))) == [
        "build"
    ]


def test_two_events_of_one_workflow_both_count() -> None:
    results = (result("test", "failure", id=1, suite_id=10), result("test", id=2, suite_id=11))
    runs = (run("failure", id=1, suite_id=10, event="push"), run("success", id=2, suite_id=11))
    assert names(evaluate(view(*results, runs=runs))) == ["test"]


def test_a_run_cancelled_by_a_newer_one_does_not_count() -> None:
    results = (result("test", "cancelled", id=1, suite_id=10), result("test", id=2, suite_id=11))
    runs = (run("cancelled", id=1, suite_id=10), run("success", id=2, suite_id=11))
    assert evaluate(view(*results, runs=runs)) == Green()
    assert [found.id for found in latest(results, runs)] == [2]


def test_jobs_that_only_the_replaced_run_had_do_not_count() -> None:
    results = (result("test [old]", "cancelled", id=1, suite_id=10), result("test", id=2, suite_id=11))
    runs = (run("cancelled", id=1, suite_id=10), run("success", id=2, suite_id=11))
    assert evaluate(view(*results, runs=runs)) == Green()


# --- not settled


def test_running_and_unquiet_checks_are_pending() -> None:
    assert evaluate(view(result("test"), result("lint", None))) == Pending("waiting for lint")
    verdict = evaluate(view(result("test", "failure"), after=10))
    assert verdict == Pending("waiting for the checks to come to rest", START + timedelta(seconds=30))
    changed = START + timedelta(seconds=590)
    assert isinstance(evaluate(view(result("test"), changed_at=changed)), Pending)


def test_required_checks_decide_alone() -> None:
    required = (RequiredCheck("test", ACTIONS),)
    assert evaluate(view(result("test"), result("slow", None), required=required)) == Green()
    assert evaluate(view(result("slow", None), required=required)) == Pending("waiting for the required test")
    assert names(evaluate(view(result("test", "failure"), required=required))) == ["test"]


def test_a_required_check_that_two_workflows_report_is_waited_for_twice() -> None:
    required = (RequiredCheck("test", ACTIONS),)
    other = replace(result("test", None), group="nightly.yml", suite_id=99, id=99)
    assert evaluate(view(result("test"), other, required=required)) == Pending("waiting for the required test")


def test_only_the_named_app_satisfies_a_required_check() -> None:
    required = (RequiredCheck("test", ACTIONS),)
    forged = CheckResult("status", None, "", "test", "completed", "success")
    assert evaluate(view(forged, required=required)) == Pending("waiting for the required test")
    assert evaluate(view(forged, required=(RequiredCheck("test", None),))) == Green()


def test_usual_outside_checks_are_waited_for_but_not_for_ever() -> None:
    expected = frozenset({outside("circle/build").key})
    assert isinstance(evaluate(view(result("test"), expected=expected)), Pending)
    assert evaluate(view(result("test"), outside("circle/build"), expected=expected)) == Green()
    assert evaluate(view(result("test"), expected=expected, after=1801)) == Green()


def test_usual_actions_jobs_start_soon_or_not_at_all() -> None:
    expected = frozenset({result("docs", group="docs.yml").key})
    assert isinstance(evaluate(view(result("test"), expected=expected, after=60)), Pending)
    assert evaluate(view(result("test"), expected=expected, after=200)) == Green()


def test_usual_means_more_than_half() -> None:
    common, rare, own = result("test"), result("rare"), result("Minion", app_id=OURS)
    assert usual([[common, rare, own], [common, own], [], [common]], OURS) == {common.key}


# --- runs without jobs


def test_a_queued_run_is_waited_for() -> None:
    queued = run(None, id=2, workflow_path=".github/workflows/e2e.yml", name="E2E", suite_id=20, status="queued")
    assert evaluate(view(result("test"), runs=(run("success"), queued))) == Pending("waiting for E2E")


def test_a_runner_that_never_comes_is_not_waited_for_for_ever() -> None:
    queued = result("test", None, status="queued")
    assert evaluate(view(queued)) == Pending("waiting for test to start", START + timedelta(seconds=1800))
    assert reason(evaluate(view(queued, after=1801))) is NoChecksReason.NEVER_STARTED
    assert isinstance(evaluate(view(queued, result("lint", None), after=1801)), Pending), "something runs"


def test_a_run_that_broke_before_any_job_is_red() -> None:
    broken = run(
        "startup_failure", id=2, workflow_path=".github/workflows/e2e.yml", name="E2E", suite_id=20, job_count=0
    )
    assert names(evaluate(view(result("test"), runs=(run("success"), broken)))) == ["E2E"]


def test_a_run_without_jobs_that_a_newer_one_replaced_is_nothing() -> None:
    runs = (run("success", id=2), run("cancelled", id=1, suite_id=9, job_count=0))
    assert evaluate(view(result("test"), runs=runs)) == Green()


# --- CI never ran


def test_no_checks_is_not_green() -> None:
    pending = evaluate(view(after=10))
    assert pending == Pending("no check has started yet", START + timedelta(seconds=180))


def test_why_there_are_none() -> None:
    assert reason(evaluate(view(mergeable=False))) is NoChecksReason.CONFLICT
    assert reason(evaluate(view(actions_enabled=False))) is NoChecksReason.ACTIONS_DISABLED
    assert reason(evaluate(view(has_workflows=False))) is NoChecksReason.NOT_CONFIGURED
    assert reason(evaluate(view(draft=True, has_workflows=True))) is NoChecksReason.DRAFT_SKIPPED
    assert reason(evaluate(view(has_workflows=True))) is NoChecksReason.NEVER_STARTED


def test_a_run_that_waits_for_approval_is_known_at_once() -> None:
    waiting = run("action_required", job_count=0)
    assert reason(evaluate(view(after=1, runs=(waiting,)))) is NoChecksReason.ACTION_REQUIRED
    other = replace(waiting, id=2, workflow_path=".github/workflows/b.yml", suite_id=20)
    assert reason(evaluate(view(result("test"), runs=(run("success"), other)))) is NoChecksReason.ACTION_REQUIRED
    assert names(evaluate(view(result("test", "failure"), runs=(run("failure"), other)))) == ["test"]


def test_a_draft_whose_jobs_were_all_skipped_was_not_judged() -> None:
    assert reason(evaluate(view(result("test", "skipped"), draft=True))) is NoChecksReason.DRAFT_SKIPPED
    assert evaluate(view(result("test", "skipped"))) == Green()


def test_slow_outside_ci_gets_more_time_to_start() -> None:
    expected = frozenset({outside("circle/build").key})
    assert isinstance(evaluate(view(expected=expected)), Pending)
    assert reason(evaluate(view(expected=expected, after=1801))) is NoChecksReason.NEVER_STARTED


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == set(NoChecksReason)


def test_workflow_files_are_named_across_commits() -> None:
    assert workflow_file(".github/workflows/ci.yml@refs/heads/main") == "ci.yml"
    assert workflow_file("dynamic/pages/build") == "dynamic/pages/build"


WORDS = ["success", "failure", "neutral", "skipped", "cancelled", "stale", "timed_out", "new", None]
RESULTS = st.builds(
    lambda name, word, suite, number: result(name, word, suite_id=suite, id=number),
    st.sampled_from("abc"),
    st.sampled_from(WORDS),
    st.sampled_from([10, 11]),
    st.integers(1, 9),
)


@given(st.lists(RESULTS, max_size=8), st.integers(0, 4000), st.permutations(range(8)))
def test_order_does_not_matter_and_green_means_green(results: list[CheckResult], after: int, order: list[int]) -> None:
    unique = list({found.id: found for found in results}.values())
    shuffled = [unique[index] for index in order if index < len(unique)]
    verdict, other = evaluate(view(*unique, after=after)), evaluate(view(*shuffled, after=after))
    assert type(verdict) is type(other)
    if isinstance(verdict, Green):
        assert unique
        newest = latest(unique)
        assert all(found.conclusion in {"success", "neutral", "skipped"} for found in newest)
