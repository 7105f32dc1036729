"""What a change must not do, what the base did before, and what a repository wants of its pull requests."""

from __future__ import annotations

import json

from tests.scenarios.project import (
    TEST,
    add_notes,
    add_test,
    call,
    conversation,
    finish,
    implement,
    judge,
    mend_code,
    triage,
    turn,
)
from tests.scenarios.universe import Snapshot, Universe

WORKFLOW = ".github/workflows/nightly.yml"
BROKEN_TEST = TEST + "\n    def test_known_to_fail(self):\n        self.assertEqual(add(0, 0), 1)\n"
TEMPLATE = """\
<!-- Tell us what you did. -->
## Summary

## How was this tested?

## Related issue

- [ ] I have read the guide
"""


WITH_WORKFLOW = f"mkdir -p .github/workflows && printf 'on: push\\njobs: {{}}\\n' > {WORKFLOW}"
READS = turn(*(call("read", path=path) for path in ("calc.py", "test_calc.py", "NOTES.md")))
CHANGES = turn(mend_code(), add_test(), add_notes(), call("shell", command=WITH_WORKFLOW))


def test_a_workflow_file_is_stopped_by_the_gate(universe: Universe, snapshot: Snapshot) -> None:
    """The agent insists until it may try no more; what it leaves is kept off the branch all the same."""
    repository = universe.repository()
    insisting = [turn(finish("Mended.")) for _ in range(4)]
    note = turn(text="It needs the nightly workflow.")
    universe.play(triage(), conversation("implement", "Carry out the spec", READS, CHANGES, *insisting, note))
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-needs-human"
    assert f"`{WORKFLOW}` is protected" in repository.await_comment(number, "yours from here")
    assert repository.pulls() == []
    assert [push["actor"] for push in universe.hub.pushes(repository.name)] == ["ann"]
    snapshot(repository)


def test_what_the_gate_would_stop_is_mended_before_the_push(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    before = len(universe.model.requests)
    question = "A nightly run needs a workflow, which only a person may add: shall it be?"
    back = turn(call("shell", command=f"rm -r {WORKFLOW}"))
    ends = [turn(finish("Mended.")), back, turn(finish("Mended.", open_questions=[question]))]
    universe.play(triage(), conversation("implement", "Carry out the spec", READS, CHANGES, *ends), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    told = json.dumps([request["body"] for request in universe.model.requests[before:]])
    assert "This change cannot be pushed" in told
    [pull] = repository.pulls()
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    assert question in pull["body"]
    snapshot(repository)


def test_a_test_that_fails_on_the_base_is_told_apart(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository({"test_calc.py": BROKEN_TEST})
    reads = turn(*(call("read", path=path) for path in ("calc.py", "test_calc.py", "NOTES.md")))
    changes = turn(mend_code(), add_test(), add_notes())
    universe.play(
        triage(), conversation("implement", "Carry out the spec", reads, changes, turn(finish("Mended."))), judge()
    )
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert repository.conclusions(pull["head"]["sha"]) == {"test": "failure", "notes": "success"}
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    assert "base" in pull["body"]
    snapshot(repository)


def test_the_template_is_filled_and_drafts_are_not_needed(universe: Universe, snapshot: Snapshot) -> None:
    """Free plans refuse drafts in private repositories."""
    repository = universe.repository({".github/pull_request_template.md": TEMPLATE})
    universe.hub.set_settings(repository.name, drafts_allowed=False)
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert "## Summary" in pull["body"]
    assert "draft" in pull["body"]
    snapshot(repository)
