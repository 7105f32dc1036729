"""The gate holds a change to what a step narrowed the task to, and to the author's scope first."""

from __future__ import annotations

import pytest

from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.ids import CommitSha
from minion.domain.patterns import Narrowing
from minion.domain.spec import Scope
from minion.tasks.gate import Blocked, GateRules, Passed, judge


def verdict(path: str, scope: Scope, narrowing: Narrowing) -> Passed | Blocked:
    change = ChangeSet(base_sha=CommitSha("0" * 40), files=(ChangedFile.of(path, b"x = 1\n"),))
    return judge(change, GateRules(scope=scope, narrowing=narrowing))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("src/a.py", True), ("src/b.py", False), ("docs/a.md", False), ("tests/a.py", False)],
)
def test_both_must_allow_a_path(path: str, allowed: bool) -> None:
    narrowing = (("src/a.py", "docs/", "tests/"), ("**", "!tests/**"))
    assert isinstance(verdict(path, Scope(allow=("src/", "tests/")), narrowing), Passed) is allowed


def test_what_a_model_wrote_as_a_pattern_is_fit_for_a_message() -> None:
    blocked = verdict("src/a.py", Scope(), (("`@everyone`\u202e", "\\"),))
    assert isinstance(blocked, Blocked)
    [reason] = blocked.reasons
    assert "narrowed to (`@everyone`, `\\`)" in str(reason)


@pytest.mark.parametrize("pattern", ["!", "\\", "a\\", "#", "", "  "])
def test_no_pattern_of_an_issue_stops_the_gate(pattern: str) -> None:
    assert isinstance(verdict("src/a.py", Scope(allow=("src/", pattern), forbid=(pattern,)), ()), Passed)
