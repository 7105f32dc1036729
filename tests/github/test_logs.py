"""Whose lines are whose in a job's log. Steps are timed in whole seconds, so a quick job's steps share one."""

from __future__ import annotations

from datetime import UTC, datetime

from minion.adapters.github.logs import step_log

AT = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
LINES = (
    "##[group]Run actions/checkout@v4",
    "##[endgroup]",
    "Syncing repository: acme/widgets",
    "##[group]Run make test",
    "##[endgroup]",
    "widgets.py:3: wrong",
    "##[error]Process completed with exit code 2.",
    "Post job cleanup.",
)


def stamped(lines: tuple[str, ...], second: int = 5) -> str:
    return "\n".join(f"2026-01-01T12:00:{second:02}.1000000Z {line}" for line in lines)


def test_neighbours_within_the_same_second_are_left_out() -> None:
    kept = [line.partition("Z ")[2] for line in step_log(stamped(LINES), AT, AT).splitlines()]
    assert kept == list(LINES[3:7])


def test_without_a_heading_nothing_before_the_error_is_lost() -> None:
    kept = [line.partition("Z ")[2] for line in step_log(stamped(LINES[5:]), AT, AT).splitlines()]
    assert kept == list(LINES[5:7])


def test_without_an_error_in_its_time_the_whole_log_is_better_than_nothing() -> None:
    log = stamped(LINES, second=50)
    assert step_log(log, AT, AT) == log
    assert step_log(log, None, None) == log
