"""How a command did on the change, against how it does without it (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from minion.nodes.reports import CommandRun, Finding, counted, findings
from minion.tools.outputs import cut_middle

MOST_FINDINGS = 20
_WHOLE, _SHORT = (1_000, 3_000), (200, 600)
"""Characters of the output, from its beginning and its end: short where the failures stand above it by test."""
CANNOT_RUN = frozenset({126, 127})
"""Not executable, not found (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02)."""

_INFRASTRUCTURE = re.compile(
    r"docker daemon|docker\.sock|connection refused|network is unreachable|temporary failure in name resolution"
    r"|could not resolve host|name or service not known|getaddrinfo|no module named|command not found",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passed:
    said: str
    note: str = ""


@dataclass(frozen=True)
class Failed:
    said: str
    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class LeftToCi:
    reason: str


GateOutcome: TypeAlias = Passed | Failed | LeftToCi


def compare(kind: str | None, run: CommandRun, base: CommandRun) -> GateOutcome:
    """A failed run against the base's (pure)."""
    if base.passed:
        return failed(run, findings(kind, run), 0)
    reason = cannot_run(base)
    if reason and cannot_run(run) == reason:
        return LeftToCi(reason)
    if base.timed_out:
        return LeftToCi("it does not end in time on the base either")
    old = {finding.key for finding in findings(kind, base)}
    here = findings(kind, run)
    new = [finding for finding in here if finding.key not in old]
    if new or run.timed_out:
        return failed(run, new, len(here) - len(new))
    said = ", ".join(part for part in (counted(run), "nothing new") if part)
    return Passed(said, _shared(run, len(here)))


def _shared(run: CommandRun, shared: int) -> str:
    """Lines of an output are no failures to be counted."""
    if not counted(run):
        return "it fails on the base too, in the same way"
    return f"{shared} failure{'s' if shared != 1 else ''} that the base has too"


def cannot_run(run: CommandRun) -> str:
    """Why this can say nothing here, or nothing."""
    if run.exit_code in CANNOT_RUN:
        return "its command is not there"
    found = None if run.passed or run.report else _INFRASTRUCTURE.search(run.output)
    return f"it needs what the sandbox does not have ({found.group(0).lower()})" if found else ""


def failed(run: CommandRun, new: Sequence[Finding], shared: int) -> Failed:
    count = f"{len(new)} new failure{'s' if len(new) != 1 else ''}"
    said = "timed out" if run.timed_out else ", ".join(part for part in (counted(run), count) if part)
    lines = [f"- {finding.key}" + (f"\n{finding.detail}" if finding.detail else "") for finding in new[:MOST_FINDINGS]]
    if len(new) > MOST_FINDINGS:
        lines.append(f"- and {len(new) - MOST_FINDINGS} more")
    if shared:
        lines.append(f"({shared} more fail on the base too and do not count.)")
    tail = cut_middle(run.output, *(_SHORT if counted(run) and new else _WHOLE))
    return Failed(
        said, "\n".join([*lines, *([f"<output>\n{tail}\n</output>"] if tail else [])]), tuple(f.key for f in new)
    )
