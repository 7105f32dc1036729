"""What a person asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Verb(StrEnum):
    HELP = "help"
    IMPLEMENT = "implement"
    FIX = "fix"
    ADDRESS = "address"
    PLAN = "plan"
    APPROVE = "approve"
    STOP = "stop"
    RETRY = "retry"
    STATUS = "status"


@dataclass(frozen=True)
class Start:
    """Start a blueprint. `text` is what stood behind the command."""

    blueprint: str
    text: str = ""
    max_usd: Decimal | None = None


@dataclass(frozen=True)
class Control:
    """Help, approve, stop, retry, status: about a task that exists (or none)."""

    verb: Verb
    text: str = ""


@dataclass(frozen=True)
class Misspelt:
    """A line that begins with /minion and is none of ours: answered with the nearest valid spelling."""

    line: str
    nearest: str | None
    problem: str


Command = Start | Control | Misspelt
