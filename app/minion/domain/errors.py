"""Exceptions for bugs of configuration and for outages. Expected results are values, not exceptions."""

from __future__ import annotations

from datetime import datetime


class MinionError(Exception):
    """Base of all errors that have an audience; the message says what, where and how to mend it."""

    exit_code = 1


class UsageError(MinionError):
    """Wrong usage or configuration: the person at the command line can mend it (exit code 2)."""

    exit_code = 2


class Outage(MinionError):  # noqa: N818 -- it names what happened
    """Something outside is down (exit code 3); try again at `retry_at`, when it is known."""

    exit_code = 3

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class AccessLost(MinionError):  # noqa: N818
    """The installation is suspended, removed, or lacks a permission: an operator or owner has to act."""
