"""What a loop meets is told: a bug with its place, an outage once."""

from __future__ import annotations

import pytest

from minion.domain.errors import Outage
from minion.orchestrator.boundary import guarded


def fails() -> None:
    raise Outage("the database does not answer")


def breaks() -> None:
    raise KeyError("a bug")


def test_an_outage_is_one_line_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    error = guarded("pump", fails)
    assert isinstance(error, Outage)
    guarded("pump", fails, known=str(error))
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("pump waits: the database does not answer", None)
    ]


def test_a_bug_has_its_traceback_each_time(caplog: pytest.LogCaptureFixture) -> None:
    error = guarded("pump", breaks)
    guarded("pump", breaks, known=str(error))
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
