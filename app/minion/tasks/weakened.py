"""Tests that were deleted or made to check less: flagged for the reviewer, never blocked."""

from __future__ import annotations

import re
from typing import Final

_TEST_PATH: Final = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing)/|(?:^|/)(?:test_[^/]+|[^/]+[_.-](?:tests?|spec))\.[A-Za-z]+$"
    r"|(?:^|/)[^/]+Tests?\.(?:java|kt|cs|swift|scala|php)$|(?:^|/)conftest\.py$"
)
_TESTS: Final = re.compile(
    r"^\s*(?:async\s+)?def test|\b(?:it|test)\s*\(|^func (?:Test|Fuzz)|@Test\b|#\[(?:tokio::)?test\]", re.MULTILINE
)
_ASSERTIONS: Final = re.compile(
    r"\bassert|\bexpect\s*\(|\.should\b|\brequire\.|\bt\.(?:Error|Fatal)|pytest\.raises|\bverify\(", re.IGNORECASE
)
_SKIPS: Final = re.compile(
    r"mark\.(?:skip|skipif|xfail)|\bpytest\.(?:skip|xfail)\(|unittest\.(?:skip|expectedFailure)|\b(?:it|test|describe)\.(?:skip|todo)"
    r"|\bx(?:it|describe|test)\s*\(|\bt\.Skip|@(?:Ignore|Disabled)\b|#\[ignore"
)


def is_test(path: str) -> bool:
    return _TEST_PATH.search(path) is not None


def weakening(before: str | None, after: str | None) -> str | None:
    """What a change took from a test file, in words; None when nothing. `before` None: not known or new."""
    if after is None:
        return "a test file was deleted"
    if before is None:
        return "new tests are skipped" if _SKIPS.search(after) else None
    before, after = _differing(before, after)
    losses = [
        f"{lost} fewer {what}"
        for what, pattern in (("tests", _TESTS), ("assertions", _ASSERTIONS))
        if (lost := len(pattern.findall(before)) - len(pattern.findall(after))) > 0
    ]
    if (skips := len(_SKIPS.findall(after)) - len(_SKIPS.findall(before))) > 0:
        losses.append(f"{skips} more skipped")
    return ", ".join(losses) or None


def _differing(before: str, after: str) -> tuple[str, str]:
    """Without the lines at the beginning and at the end that both have: what is in those was not changed."""
    old, new = before.split("\n"), after.split("\n")
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    tail = next((at for at in range(least - head) if old[-1 - at] != new[-1 - at]), least - head)
    return "\n".join(old[head : len(old) - tail]), "\n".join(new[head : len(new) - tail])
