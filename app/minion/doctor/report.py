"""What an examination found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    """Something needed is not there: exit code 2."""
    UNUSED = "unused"
    """Not configured and not needed for what is configured."""


@dataclass(frozen=True)
class Finding:
    """`mend` is the exact command or step that mends it; empty where nothing is wrong."""

    area: str
    name: str
    state: State
    text: str
    mend: str = ""


def exit_code(findings: Sequence[Finding]) -> int:
    return 2 if any(finding.state is State.MISSING for finding in findings) else 0


def as_json(findings: Sequence[Finding]) -> dict[str, object]:
    return {"ok": exit_code(findings) == 0, "findings": [asdict(finding) for finding in findings]}
