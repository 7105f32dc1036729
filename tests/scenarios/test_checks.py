"""What CI says, where that is not simply green or red."""

from __future__ import annotations

from tests.scenarios.project import CI, add_notes, add_test, implement, judge, mend_code, repair, triage
from tests.scenarios.universe import Snapshot, Universe

LINKS = """\
name: Links
on:
  push:
    branches: [main]
  pull_request:
jobs:
  links:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "https://example.invalid/manual: dead link"
          exit 1
"""
HEAD, _, JOBS = CI.partition("jobs:\n")
ALONE, _, NOTES = JOBS.partition("  notes:\n")


def test_what_fails_on_the_base_too_is_left_out(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository({".github/workflows/links.yml": LINKS})
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    assert repository.conclusions(pull["head"]["sha"])["links"] == "failure"
    assert "`links` fails on the base branch too" in pull["body"]
    snapshot(repository)


def test_what_fails_on_the_base_too_is_no_finding(universe: Universe, snapshot: Snapshot) -> None:
    """Red by itself and by the base: only its own failure is mended."""
    repository = universe.repository({".github/workflows/links.yml": LINKS})
    universe.play(triage(), implement(mend_code(), add_test()), judge(), repair(add_notes()))
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert len(repository.pushes(pull["head"]["ref"])) == 2
    assert "`links` fails on the base branch too" in pull["body"]
    asked = [str(request) for request in universe.model.requests if "Make the failing checks pass" in str(request)]
    assert asked
    assert not any("dead link" in request for request in asked)
    snapshot(repository)


def test_no_ci_is_no_green(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository({".github/workflows/ci.yml": None})
    universe.play(triage(), implement(mend_code(), add_test()), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert "No CI has judged this" in pull["body"]
    snapshot(repository)


def test_one_name_in_two_workflows(universe: Universe, snapshot: Snapshot) -> None:
    """One `test` is green, the other one red: that is red."""
    workflows = {"ci": ALONE, "notes": f"  test:\n{NOTES}"}
    repository = universe.repository(
        {f".github/workflows/{name}.yml": f"{HEAD}jobs:\n{job}" for name, job in workflows.items()}
    )
    universe.play(triage(), implement(mend_code(), add_test()), judge(), repair(add_notes()))
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    first, second = (push["after"] for push in repository.pushes(pull["head"]["ref"]))
    assert sorted((job["name"], job["conclusion"]) for job in repository.jobs(first)) == [
        ("test", "failure"),
        ("test", "success"),
    ]
    assert [(job["name"], job["conclusion"]) for job in repository.jobs(second)] == [("test", "success")] * 2
    snapshot(repository)
