"""The named results of nodes."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    OK = "ok"
    FAIL = "fail"
    TIMEOUT = "timeout"
    CAPPED = "capped"
    STUCK = "stuck"
    BUDGET = "budget"
    REFUSED = "refused"
    PASS = "pass"  # noqa: S105 -- a verdict
    VETO = "veto"
    NONE = "none"


GOOD_OUTCOMES = frozenset({Outcome.OK, Outcome.PASS})


class EndStatus(StrEnum):
    """How a blueprint may end."""

    SUCCESS = "success"
    HANDED_OFF = "handed_off"
    DECLINED = "declined"
