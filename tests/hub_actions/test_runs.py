"""Workflows that really run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from minion.hub.actions.records import JobRecord, RunRecord

if TYPE_CHECKING:
    from conftest import JobOf, LogOf, World


FULL = """
name: CI
on: push
env:
  LEVEL: workflow
permissions:
  contents: read
  checks: write
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: ${{ steps.pick.outputs.version }}
      text: ${{ steps.pick.outputs.text }}
    env:
      LEVEL: job
    steps:
      - id: pick
        run: |
          echo "version=1.2" >> "$GITHUB_OUTPUT"
          printf 'text<<END\\nline 1\\nline 2\\nEND\\n' >> "$GITHUB_OUTPUT"
          echo "FROM_STEP=yes" >> "$GITHUB_ENV"
          mkdir bin && printf '#!/bin/sh\\necho tool here\\n' > bin/mytool && chmod +x bin/mytool
          echo "$PWD/bin" >> "$GITHUB_PATH"
          echo "## Summary" >> "$GITHUB_STEP_SUMMARY"
      - run: |
          mytool
          echo "level=$LEVEL from=$FROM_STEP"
        env:
          LEVEL: step
      - name: Skipped
        if: failure()
        run: exit 1
      - shell: python
        run: print("from python", 6 * 7)
  test:
    needs: build
    runs-on: ubuntu-latest
    strategy:
      matrix:
        n: [1, 2]
        include:
          - n: 2
            extra: more
    steps:
      - run: echo "v=${{ needs.build.outputs.version }} n=${{ matrix.n }} extra=${{ matrix.extra }}"
      - run: echo "${{ join(fromJSON('["a","b"]'), '-') }} $TEXT"
        env:
          TEXT: ${{ needs.build.outputs.text }}
  fails:
    runs-on: ubuntu-latest
    steps:
      - id: soft
        run: exit 3
        continue-on-error: true
      - run: test "${{ steps.soft.outcome }}/${{ steps.soft.conclusion }}" = failure/success
      - run: |
          echo "::error file=src/a.py,line=7,title=Bad::it, is%0Abroken"
          exit 4
      - run: echo never
      - if: failure()
        run: echo cleanup ran
  after:
    needs: [test, fails]
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo "fails=${{ needs.fails.result }} test=${{ needs.test.result }}"
  skipped:
    needs: fails
    runs-on: ubuntu-latest
    steps:
      - run: echo never
"""


def test_a_workflow_with_needs_outputs_matrix_and_conditions(world: World, job: JobOf, log: LogOf) -> None:
    run: RunRecord = world.push(FULL)
    assert (run.status, run.conclusion) == ("completed", "failure")
    results = {each.name: each.conclusion for each in run.jobs}
    assert results == {
        "build": "success",
        "test (1)": "success",
        "test (2, more)": "success",
        "fails": "failure",
        "after": "success",
        "skipped": "skipped",
    }
    build: JobRecord = job(run, "build")
    text = log(build)
    assert "tool here" in text
    assert "level=step from=yes" in text
    assert "from python 42" in text
    assert "##[group]Run mytool" in text
    assert build.summary == "## Summary\n"
    assert [(step.name, step.conclusion) for step in build.steps][3] == ("Skipped", "skipped")
    assert "v=1.2 n=2 extra=more" in log(job(run, "test (2, more)"))
    assert "a-b line 1\nline 2" in log(job(run, "test (1)"))
    assert "fails=failure test=success" in log(job(run, "after"))


def test_a_failing_job_has_annotations_and_an_exit_code_line(world: World, job: JobOf, log: LogOf) -> None:
    failing = job(world.push(FULL), "fails")
    text = log(failing)
    assert "##[error]it, is\nbroken" in text
    assert "##[error]Process completed with exit code 4." in text
    assert "cleanup ran" in text
    assert "never" not in text
    check = world.host.checks[failing.id]
    assert check.conclusion == "failure"
    first = next(a for a in check.output["annotations"] if a["path"] == "src/a.py")
    assert (first["start_line"], first["title"], first["message"]) == (7, "Bad", "it, is\nbroken")


def test_the_job_token_has_the_permissions_of_the_workflow_and_ends_with_the_job(world: World) -> None:
    world.push(FULL)
    assert world.host.issued[0] == {"metadata": "read", "contents": "read", "checks": "write"}
    assert world.host.tokens == {}


def test_a_suite_is_complete_once_and_only_when_its_run_is(world: World) -> None:
    run = world.push(FULL)
    assert world.host.completed_suites == [run.suite_id]


def test_events_of_runs_and_jobs_come_in_order(world: World) -> None:
    world.push("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hi\n")
    told = [(event, payload["action"]) for event, payload in world.host.events]
    assert told == [
        ("workflow_run", "requested"),
        ("workflow_job", "queued"),
        ("workflow_job", "in_progress"),
        ("workflow_run", "in_progress"),
        ("workflow_job", "completed"),
        ("workflow_run", "completed"),
    ]


@pytest.mark.parametrize(
    ("workflow", "line", "reason"),
    [
        (
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: a\n        foo: 1\n",
            7,
            "Unexpected value 'foo'",
        ),
        (
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ${{ nope.x }}\n",
            6,
            "Unrecognized named-value",
        ),
        ("on: push\njobs:\n  a:\n    needs: b\n    runs-on: x\n    steps:\n      - run: a\n", 3, "unknown job 'b'"),
        ("on: push\nfoo: bar\njobs: {}\n", 2, "Unexpected value 'foo'"),
    ],
)
def test_a_file_that_is_not_understood_fails_the_run_with_its_line(
    world: World, workflow: str, line: int, reason: str
) -> None:
    run = world.push(workflow)
    assert (run.conclusion, run.jobs) == ("startup_failure", [])
    assert run.problem.startswith(f".github/workflows/ci.yml:{line}: ")
    assert reason in run.problem
