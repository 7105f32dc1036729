"""What a local run prints at its end: for a person, or as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minion.domain.receipt import Receipt
from minion.runner.local import LocalOutcome, cost
from minion.runner.local_spending import as_data, in_short, line_data, tables


@dataclass(frozen=True)
class FileStat:
    path: str
    added: int
    removed: int


@dataclass(frozen=True)
class LocalReport:
    """`lines` are added and removed ones of text files, against the commit that the run began from; `seconds` is wall
    time, start to end."""

    outcome: LocalOutcome
    branch: str | None
    lines: Mapping[str, tuple[int, int]]
    seconds: float
    gate_seconds: Mapping[str, float] = field(default_factory=dict)
    """What each gate took when it was asked last."""

    def stats(self) -> list[FileStat]:
        """Of text files; a binary one counts no lines."""
        return [FileStat(path, *self.lines.get(path, (0, 0))) for path in self.outcome.files]


def as_json(report: LocalReport) -> str:
    outcome, stats = report.outcome, report.stats()
    receipt = outcome.receipt
    shown: dict[str, Any] = {
        "status": outcome.status,
        "reason": outcome.reason,
        "branch": report.branch,
        "sha": outcome.sha,
        "files": list(outcome.files),
        "diffstat": {
            "files": len(stats),
            "insertions": sum(stat.added for stat in stats),
            "deletions": sum(stat.removed for stat in stats),
        },
        "summary": outcome.summary,
        "gates": dict(outcome.gates),
        "gate_seconds": dict(report.gate_seconds),
        "notes": list(outcome.notes),
        "receipt": {
            "usd": str(receipt.usd),
            "turns": receipt.turns,
            "tokens": receipt.tokens.model_dump(),
            "lines": [line_data(line.model_dump(mode="json")) for line in receipt.lines],
            "spent_on": as_data(receipt),
        },
        "resume": outcome.resume or None,
        "seconds": round(report.seconds, 3),
    }
    return json.dumps(shown)


def as_text(report: LocalReport, *, detailed: bool = False) -> str:
    outcome = report.outcome
    lines = [f"{outcome.status}: {outcome.reason}" if outcome.reason else outcome.status]
    if outcome.summary:
        lines.append(f"\n{outcome.summary}")
    lines += _stat_lines(report)
    lines += [f"gate {gate}: {said}" for gate, said in outcome.gates]
    lines += [f"note: {note}" for note in outcome.notes]
    lines += _cost_lines(outcome.receipt, detailed=detailed)
    if report.branch:
        lines.append(f"branch: {report.branch}   (git diff HEAD...{report.branch})")
    else:
        lines.append("no branch: nothing was changed")
    if outcome.resume:
        lines.append(f"to go on: minion run --resume {outcome.resume}")
    return "\n".join(lines)


def _cost_lines(receipt: Receipt, *, detailed: bool) -> list[str]:
    went_for = in_short(receipt)
    lines = [f"cost: {cost(receipt)}" + (f" ({went_for})" if went_for else "")]
    return [*lines, "", tables(receipt), ""] if detailed else lines


def _stat_lines(report: LocalReport) -> list[str]:
    stats = report.stats()
    width = max((len(stat.path) for stat in stats), default=0)
    return ["", *(f" {stat.path:<{width}} | +{stat.added} -{stat.removed}" for stat in stats), ""] if stats else [""]
