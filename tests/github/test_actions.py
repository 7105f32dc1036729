"""Checks, runs, logs and dispatches, with workflows that really run."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from minion.hub.client import HubClient
from minion.ports.github import ActionsRun, Dispatched, WriteRefused
from minion.tasks.checks import CheckView, Green, NoChecks, NoChecksReason, Red, evaluate

from .conftest import CI, REPO, World

RUNNER = """
name: Minion
run-name: round ${{ inputs.nonce }}
on:
  workflow_dispatch:
    inputs:
      nonce: {required: true, type: string}
jobs:
  round:
    runs-on: ubuntu-latest
    steps:
      - run: echo "hello"
"""


@pytest.fixture
def actions() -> bool:
    return True


@pytest.fixture
def files() -> dict[str, str]:
    return {
        "README.md": "# Widgets\n",
        "src/app.py": "x = 1\n",
        ".github/workflows/ci.yml": CI,
        ".github/workflows/minion.yml": RUNNER,
    }


def pull(world: World, text: str = "x = 2\n") -> str:
    """A PR by a person; returns the head's sha when its workflows have ended."""
    sha = world.ann.commit(REPO, "topic", {"src/app.py": text}, "Change")
    world.ann.open_pr(REPO, "topic", "main", "Change it")
    assert world.hub.settle(60)
    return sha


def view(world: World, sha: str) -> CheckView:
    head = world.github.pulls_with_sha(world.repo, sha)  # type: ignore[arg-type]
    assert head
    return CheckView(
        results=tuple(world.github.checks(world.repo, head[0].head_sha)),
        own_app_id=world.app["id"],
        now=world.clock.now(),
        waiting_since=world.clock.now(),
        runs=tuple(world.github.runs_for(world.repo, head[0].head_sha)),
        settle_s=0,
    )


def test_a_failed_job_is_red_and_says_why(world: World) -> None:
    sha = pull(world)
    seen = view(world, sha)
    assert {(result.group, result.name, result.conclusion) for result in seen.results} == {
        ("ci.yml", "test", "failure"),
        ("ci.yml", "lint", "success"),
    }
    verdict = evaluate(seen)
    assert isinstance(verdict, Red)
    (failing,) = verdict.failing
    (step,) = world.github.failed_steps(world.repo, failing)
    assert (step.job, step.step) == ("test", "Run the tests")
    assert "E  assert 1 == 2" in step.log
    assert "##[error]" in step.log
    assert any("exit code 1" in text for text in step.annotations)


def test_a_status_counts_and_explains_itself(world: World) -> None:
    sha = pull(world)
    world.ann.status(REPO, sha, "pending", "external/ci")
    world.ann.status(REPO, sha, "error", "external/ci", "the server is on fire")
    (status,) = [result for result in view(world, sha).results if result.app == "status"]
    assert (status.name, status.status, status.conclusion) == ("external/ci", "completed", "failure")
    (step,) = world.github.failed_steps(world.repo, status)
    assert step.log == "the server is on fire"
    assert status.app_id is None, "a person reported it"


def test_a_status_by_an_app_is_known_as_the_apps(world: World) -> None:
    sha = pull(world)
    registration = {
        "slug": "circle",
        "owner": "acme",
        "webhook_url": "http://127.0.0.1:9/",
        "webhook_secret": "s",
        "permissions": {"statuses": "write"},
    }
    app = world.hub.create_app(registration)
    installation = world.hub.install("circle", "acme", by="ann")
    with HubClient(world.hub.url, app_token(world, app, installation["id"])) as circle:
        circle.status(REPO, sha, "success", "circle/build")
    (status,) = [result for result in view(world, sha).results if result.app == "status"]
    assert (status.name, status.app_id) == ("circle/build", app["id"])


def app_token(world: World, app: dict[str, Any], installation: int) -> str:
    issued = int(world.clock.now().timestamp()) - 30
    claims = {"iss": str(app["id"]), "iat": issued, "exp": issued + 300}
    with HubClient(world.hub.url, jwt.encode(claims, app["private_key"], algorithm="RS256")) as client:
        return str(client.call("POST", f"/app/installations/{installation}/access_tokens")["token"])


def test_a_run_that_waits_for_approval_is_not_green(world: World) -> None:
    assert world.hub.core.actions is not None
    world.hub.core.actions.set_knobs({"action_required": True})
    sha = pull(world)
    (run,) = view(world, sha).runs
    assert (run.conclusion, run.job_count) == ("action_required", 0)
    verdict = evaluate(view(world, sha))
    assert isinstance(verdict, NoChecks)
    assert verdict.reason is NoChecksReason.ACTION_REQUIRED


def test_dispatch_is_done_once_for_a_nonce(world: World) -> None:
    assert world.github.workflow_exists(world.repo, "minion.yml")
    assert not world.github.workflow_exists(world.repo, "nothing.yml")
    world.hub.knobs.fail("POST /repos/*/dispatches", 502, after=True)
    first = world.github.dispatch(world.repo, "minion.yml", "main", {"nonce": "n0123456789"})
    second = world.github.dispatch(world.repo, "minion.yml", "main", {"nonce": "n0123456789"})
    assert isinstance(first, Dispatched)
    assert isinstance(second, Dispatched)
    assert first.run_id == second.run_id is not None
    assert len(dispatched(world)) == 1
    assert world.hub.settle(60)
    (run,) = dispatched(world)
    assert (run.status, run.conclusion) == ("completed", "success")
    world.github.cancel_run(world.repo, run.id)


def test_a_cancelled_run_is_run_again_once_at_a_time(world: World) -> None:
    world.github.dispatch(world.repo, "minion.yml", "main", {"nonce": "n9876543210"})
    (run,) = dispatched(world)
    world.github.cancel_run(world.repo, run.id)
    assert world.hub.settle(60)
    assert world.github.rerun_failed_jobs(world.repo, run.id) is None
    assert world.hub.settle(60)
    (run,) = dispatched(world)
    assert (run.status, run.conclusion) == ("completed", "success")
    assert isinstance(world.github.rerun_failed_jobs(world.repo, 999_999), WriteRefused)


def dispatched(world: World) -> list[ActionsRun]:
    deadline = time.monotonic() + 10
    while not (runs := world.github.dispatched_runs(world.repo, "minion.yml")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return list(runs)


def test_a_dispatch_that_github_refuses(world: World) -> None:
    assert isinstance(world.github.dispatch(world.repo, "minion.yml", "main", {"wrong": "x"}), WriteRefused)
    assert isinstance(world.github.dispatch(world.repo, "nothing.yml", "main", {"nonce": "x"}), WriteRefused)


def test_actions_settings_are_none_of_our_business(world: World) -> None:
    """`administration: read` is not asked for."""
    assert world.github.actions_enabled(world.repo) is None


def test_the_base_is_told_apart(world: World) -> None:
    """A check that fails on the base as well is not ours."""
    sha = pull(world)
    seen = view(world, sha)
    assert isinstance(evaluate(seen), Red)
    told = CheckView(**{**seen.__dict__, "base": seen.results})
    verdict = evaluate(told)
    assert isinstance(verdict, Green)
    assert [result.name for result in verdict.not_ours] == ["test"]
