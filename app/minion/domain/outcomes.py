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
