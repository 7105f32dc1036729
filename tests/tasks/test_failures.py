"""Logs: short, clean, comparable. Attack 15 (what is hidden in them)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minion.domain.checks import CheckResult
from minion.ports.github import FailedStep
from minion.tasks.failures import LOG_LIMIT, collect, cut_log, fingerprint, progress

CHECK = CheckResult("github-actions", 1, "ci.yml", "test", "completed", "failure", url="https://github.com/x")

FIRST = """2026-01-01T10:00:00.1234567Z ##[group]Run pytest
2026-01-01T10:00:00.1234567Z \x1b[36;1mpytest -q\x1b[0m
2026-01-01T10:00:01.0000000Z E  assert 1 == 2
2026-01-01T10:00:01.0000000Z FAILED tests/test_a.py::test_x - in 0.31s at /tmp/pytest-17/x (0x7f00aa)
2026-01-01T10:00:02.0000000Z ##[error]Process completed with exit code 1.
"""
AGAIN = FIRST.replace("2026-01-01T10", "2026-02-03T11").replace("0.31s", "12.2s").replace("pytest-17", "pytest-99")
OTHER = FIRST.replace("test_x", "test_y")


def failure(log: str, step: str = "Run pytest") -> tuple[object, ...]:
    return collect(CHECK, [FailedStep("test", step, log)], None)


def test_a_log_is_cleaned() -> None:
    (one,) = collect(CHECK, [FailedStep("test", "Run pytest", FIRST, ("a.py:1: failure: x",))], None)
    assert one.log.startswith("Run pytest\npytest -q\nE  assert 1 == 2\n")
    assert one.log.endswith("error: Process completed with exit code 1.")
    assert one.annotations == ("a.py:1: failure: x",)
    assert (one.check, one.group, one.step, one.conclusion) == ("test", "ci.yml", "Run pytest", "failure")


def test_the_same_failure_is_no_news() -> None:
    first, again, other = (collect(CHECK, [FailedStep("test", "s", log)], None) for log in (FIRST, AGAIN, OTHER))
    assert not progress(first, again)
    assert progress(first, other)
    assert progress(first, ())
    assert progress((), first)
    assert progress(first + other, first), "one of two was mended"


def test_order_and_repetition_do_not_count() -> None:
    assert fingerprint(["error a", "error b"]) == fingerprint(["error b", "error a", "error a"])
    assert fingerprint(["fine 1", "error a"]) == fingerprint(["fine too", "error a"]), "only telling lines count"


def test_long_logs_keep_the_first_error_and_the_end() -> None:
    log = "\n".join(["error: the cause", *(f"line {number} {'x' * 40}" for number in range(5000)), "the end"])
    kept = cut_log(log)
    assert len(kept.encode()) <= LOG_LIMIT
    assert kept.startswith("error: the cause")
    assert kept.endswith("the end")
    assert "(left out)" in kept


def test_repeated_lines_are_counted() -> None:
    assert cut_log("warning\n" * 500 + "end") == "warning\n… (499 more like it)\nend"


def test_hidden_text_in_logs_is_taken_out() -> None:
    assert cut_log("a\u202eb\U000e0041c\x1b]8;;http://x\x07link") == "abclink"


def test_a_check_without_a_log_says_what_it_can() -> None:
    status = CheckResult("status", None, "", "ext", "completed", "failure", summary="on fire")
    (one,) = collect(status, [], True)
    assert (one.log, one.group, one.also_on_base) == ("on fire", "status", True)


@given(st.text(max_size=2000), st.integers(200, 2000))
def test_any_log_is_cut_to_size(log: str, limit: int) -> None:
    assert len(cut_log(log, limit).encode()) <= limit
    collect(CHECK, [FailedStep("t", "s", log, (log,))], None)
