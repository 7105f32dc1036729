"""What runs when: events, concurrency, matrices, reruns, called workflows, faults."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import JobOf, LogOf, WaitFor, World

ONE = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hi\n"


def waiting(path: Path, head: str = "on: push\n") -> str:
    """A job that runs until the file is there."""
    script = f"for _ in $(seq 600); do test -e {path} && exit 0; sleep 0.05; done; exit 1"
    return f"{head}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {script}\n"


@pytest.mark.parametrize(
    "message", ["x [skip ci]", "x\n\nbody [no ci] more", "x\n\nskip-checks: true", "[ACTIONS SKIP]"]
)
def test_a_commit_can_skip_workflows(world: World, message: str) -> None:
    sha = world.repo.commit({".github/workflows/ci.yml": ONE}, message)
    world.pushed(sha)
    world.settle()
    assert world.runs() == []


def test_paths_are_those_of_the_push(world: World) -> None:
    first = world.repo.commit({".github/workflows/ci.yml": ONE.replace("push", "{push: {paths: ['src/**']}}")})
    second = world.repo.commit({"docs/a": "1"})
    third = world.repo.commit({"src/a": "1"})
    world.pushed(second, before=first)
    world.pushed(third, before=second)
    world.settle()
    assert [run.head_sha for run in world.runs()] == [third]


def test_a_disabled_repository_runs_nothing(world: World) -> None:
    world.host.disable(world.repo.info.id)
    world.pushed(world.repo.commit({".github/workflows/ci.yml": ONE}))
    world.settle()
    assert world.runs() == []


def test_checks_of_actions_start_nothing(world: World) -> None:
    sha = world.repo.commit({".github/workflows/ci.yml": ONE.replace("push", "check_run")})
    for slug in ("github-actions", "other-ci"):
        payload = {"action": "completed", "check_run": {"app": {"slug": slug}}, "sender": {"login": "ann", "id": 1}}
        world.actions.handle("check_run", world.repo.info.id, payload, ref="refs/heads/main", sha=sha, actor="ann")
    world.settle()
    assert len(world.runs()) == 1


def test_a_group_holds_one_running_and_one_pending_run(world: World, wait_for: WaitFor, tmp_path: Path) -> None:
    go = tmp_path / "go"
    shas = [
        world.repo.commit({".github/workflows/ci.yml": waiting(go, "on: push\nconcurrency: g\n")}, str(n))
        for n in range(3)
    ]
    for sha in shas:
        world.pushed(sha)
    wait_for(lambda: len(world.runs()) == 3 and world.runs()[2].status == "in_progress")
    wait_for(lambda: [run.status for run in world.runs()] == ["pending", "completed", "in_progress"])
    assert world.runs()[1].conclusion == "cancelled"
    go.touch()
    world.settle()
    assert [run.conclusion for run in world.runs()] == ["success", "cancelled", "success"]


def test_cancel_in_progress(world: World, wait_for: WaitFor, tmp_path: Path) -> None:
    head = "on: push\nconcurrency:\n  group: ${{ github.ref }}\n  cancel-in-progress: ${{ github.ref != 'x' }}\n"
    world.pushed(world.repo.commit({".github/workflows/ci.yml": waiting(tmp_path / "never", head)}))
    wait_for(lambda: bool(world.runs()) and world.runs()[0].status == "in_progress")
    run = world.push(ONE.replace("on: push\n", head))
    assert run.conclusion == "success"
    assert [each.conclusion for each in world.runs()] == ["success", "cancelled"]


MATRIX = """
on: push
jobs:
  make:
    runs-on: ubuntu-latest
    outputs: {list: '[1, 2, 3]'}
    steps: [{run: 'true'}]
  m:
    needs: make
    runs-on: ubuntu-latest
    strategy:
      fail-fast: FAST
      max-parallel: 1
      matrix:
        n: ${{ fromJSON(needs.make.outputs.list) }}
    steps:
      - run: test ${{ matrix.n }} != 1
"""


def test_fail_fast_ends_the_rest_of_a_matrix(world: World) -> None:
    run = world.push(MATRIX.replace("FAST", "true"))
    assert {job.name: job.conclusion for job in run.jobs} == {"make": "success", "m (1)": "failure"}
    assert run.conclusion == "failure"


def test_without_fail_fast_all_of_a_matrix_runs_one_after_the_other(world: World) -> None:
    run = world.push(MATRIX.replace("FAST", "false"))
    found = [job for job in run.jobs if job.key == "m"]
    assert [(job.name, job.conclusion) for job in found] == [
        ("m (1)", "failure"),
        ("m (2)", "success"),
        ("m (3)", "success"),
    ]
    for before, after in itertools.pairwise(found):
        assert before.completed_at <= after.started_at


def test_a_job_that_may_fail_does_not_fail_the_run(world: World) -> None:
    text = """
on: push
jobs:
  soft:
    continue-on-error: true
    runs-on: ubuntu-latest
    steps: [{run: exit 1}]
  after:
    needs: soft
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
"""
    run = world.push(text)
    assert run.conclusion == "success"
    assert {job.name: job.conclusion for job in run.jobs} == {"soft": "failure", "after": "success"}


def test_an_expression_that_fails_shows_as_a_failed_check_with_its_place(world: World) -> None:
    run = world.push(ONE.replace("    runs-on", "    if: fromJSON('{')\n    runs-on"))
    (job,) = run.jobs
    check = world.host.checks[job.id]
    assert check.conclusion == "failure"
    assert check.output["annotations"][0]["message"].startswith(
        ".github/workflows/ci.yml (Line: 3): Error parsing fromJson"
    )


def test_rerunning_failed_jobs_keeps_what_succeeded(world: World, tmp_path: Path, log: LogOf, job: JobOf) -> None:
    text = f"""
on: push
jobs:
  good:
    runs-on: ubuntu-latest
    outputs: {{v: "${{{{ steps.s.outputs.v }}}}"}}
    steps:
      - id: s
        run: echo "v=$GITHUB_RUN_ATTEMPT" >> $GITHUB_OUTPUT
  flaky:
    needs: good
    runs-on: ubuntu-latest
    steps:
      - run: test -e {tmp_path}/fixed && echo "from attempt ${{{{ needs.good.outputs.v }}}}"
  last:
    needs: flaky
    runs-on: ubuntu-latest
    steps: [{{run: 'true'}}]
"""
    run = world.push(text)
    assert run.conclusion == "failure"
    (tmp_path / "fixed").touch()
    world.actions.rerun(run, "ann", {each.name: each for each in run.jobs if each.conclusion == "success"})
    world.settle()
    assert (run.attempt, run.conclusion) == (2, "success")
    assert [each.name for each in run.attempt_jobs(2)] == ["flaky", "last"]
    assert "from attempt 1" in log(job(run, "flaky"))


CALLED = """
on:
  workflow_call:
    inputs:
      who: {type: string, required: true}
      count: {type: number, default: 2}
    secrets:
      KEY: {required: true}
    outputs:
      said: {value: "${{ jobs.inner.outputs.said }}"}
jobs:
  inner:
    runs-on: ubuntu-latest
    outputs: {said: "${{ steps.s.outputs.said }}"}
    steps:
      - id: s
        run: echo "said=${{ inputs.who }} x ${{ inputs.count }}" >> $GITHUB_OUTPUT
      - run: test "$KEY" = open
        env: {KEY: "${{ secrets.KEY }}"}
"""
CALLER = """
on: push
jobs:
  call:
    uses: ./.github/workflows/called.yml
    with: {who: Ann}
    secrets: SECRETS
  after:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - run: echo "said ${{ needs.call.outputs.said }}"
"""


def test_a_called_workflow(world: World, job: JobOf, log: LogOf) -> None:
    world.host.stored_secrets["KEY"] = "open"
    run = world.push({"ci.yml": CALLER.replace("SECRETS", "inherit"), "called.yml": CALLED})
    assert {each.name: each.conclusion for each in run.jobs} == {"call / inner": "success", "after": "success"}
    assert "said Ann x 2" in log(job(run, "after"))
    run = world.push({"ci.yml": CALLER.replace("SECRETS", "{KEY: '${{ secrets.KEY }}'}"), "called.yml": CALLED})
    assert run.conclusion == "success"


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("who: Ann", "nobody: Ann"), "Invalid input, nobody is not defined"),
        (("with: {who: Ann}", "with: {}"), "Input who is required"),
        (("SECRETS", "{}"), "Secret KEY is required"),
        (("called.yml", "gone.yml"), "workflow was not found"),
        (("called.yml", "ci.yml"), "not reusable"),
    ],
)
def test_calls_that_cannot_be_made(world: World, change: tuple[str, str], part: str) -> None:
    caller = CALLER.replace(*change).replace("SECRETS", "inherit")
    run = world.push({"ci.yml": caller, "called.yml": CALLED})
    failed = next(each for each in run.jobs if each.key == "call")
    assert failed.conclusion == "failure"
    assert part in failed.annotations[0]["message"]
    assert run.conclusion == "failure"


def test_a_called_workflow_cannot_have_more_than_its_caller(world: World) -> None:
    caller = CALLER.replace("SECRETS", "inherit").replace("on: push", "on: push\npermissions: {contents: read}")
    called = CALLED.replace("inputs.count", "1").replace(
        "    runs-on", "    permissions: {contents: write}\n    runs-on"
    )
    run = world.push({"ci.yml": caller, "called.yml": called})
    messages = [annotation["message"] for each in run.jobs for annotation in each.annotations]
    assert "is requesting 'contents: write', but is only allowed 'contents: read'" in messages[0]


def test_a_dead_runner_leaves_its_job_in_progress_for_a_while(world: World, wait_for: WaitFor) -> None:
    world.actions.set_knobs({"runner_dies": True})
    world.pushed(world.repo.commit({".github/workflows/ci.yml": ONE.replace("echo hi", "sleep 300")}))
    wait_for(
        lambda: bool(world.runs()) and bool(world.runs()[0].jobs) and world.runs()[0].jobs[0].status == "in_progress"
    )
    world.settle()
    (job,) = world.runs()[0].jobs
    assert (job.status, job.conclusion) == ("completed", "failure")
    assert "lost communication" in job.annotations[0]["message"]
    assert not job.log.exists()


def test_jobs_can_be_kept_waiting_for_a_runner(world: World, wait_for: WaitFor) -> None:
    world.actions.set_knobs({"queue_delay_s": 0.5})
    world.pushed(world.repo.commit({".github/workflows/ci.yml": ONE}))
    wait_for(lambda: bool(world.runs()) and bool(world.runs()[0].jobs))
    assert world.runs()[0].jobs[0].status == "queued"
    world.settle()
    (job,) = world.runs()[0].jobs
    assert (job.started_at - job.created_at).total_seconds() >= 0.5


def test_closing_ends_what_runs(world: World, wait_for: WaitFor, tmp_path: Path) -> None:
    world.pushed(world.repo.commit({".github/workflows/ci.yml": waiting(tmp_path / "never")}))
    wait_for(lambda: bool(world.runs()) and world.runs()[0].status == "in_progress")
    world.actions.close()
    assert world.runs()[0].conclusion == "cancelled"
    assert list((tmp_path / "actions" / "jobs").iterdir()) == []


def test_a_workflow_that_follows_itself_stops_after_three(world: World) -> None:
    text = ONE.replace(
        "on: push", "name: Echo\non:\n  push:\n  workflow_run:\n    workflows: [Echo]\n    types: [completed]"
    )
    world.push(text)
    assert [run.cause.event for run in world.runs()] == ["workflow_run"] * 3 + ["push"]
