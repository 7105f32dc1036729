from __future__ import annotations

import pytest

from minion.domain.spec import Scope
from minion.tools.scope import WriteScope


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("src/a.py", True),
        ("src/deep/a.py", True),
        ("src/generated/a.py", False),
        ("docs/a.md", False),
        ("src/.git", False),
        ("src/ci/x.yml", False),
        ("other/src/a.py", False),
    ],
)
def test_allowed_forbidden_and_protected(path: str, allowed: bool) -> None:
    scope = WriteScope(Scope(allow=("/src/",), forbid=("generated/",)), protected=("ci/",))
    assert (scope.refusal(path) is None) is allowed


def test_no_rule_allows_everything_but_git() -> None:
    scope = WriteScope(Scope())
    assert scope.refusal("any/thing") is None
    assert scope.refusal("a/.Git/config") is not None


def test_every_list_of_a_narrowing_must_allow_the_path() -> None:
    scope = WriteScope(Scope(allow=("src/",)), narrowing=(("./src/a.py", "src/b.py", "docs/"), ("src/a.py",)))
    assert scope.refusal("src/a.py") is None
    assert "outside what this step may change (allowed: src/a.py)" in str(scope.refusal("src/b.py"))
    assert scope.refusal("docs/x.md") is not None, "it can only take from what the scope allows"


def test_patterns_that_cannot_be_read_match_nothing() -> None:
    assert WriteScope(Scope(allow=("!", "src/", "\\"))).refusal("src/a.py") is None
    assert WriteScope(Scope(), narrowing=(("!",),)).refusal("src/a.py") is not None
