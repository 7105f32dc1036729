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
