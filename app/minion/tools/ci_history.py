"""How the repository's checks did lately, on the base branch and on this pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minion.domain.checks import PastCheck
from minion.tools.base import Json, ToolResult, ToolSchema
from minion.tools.limits import HISTORY_CHECKS
from minion.tools.outputs import labelled, without_hidden

SCHEMA = ToolSchema(
    name="ci_history",
    description=(
        "How each check ended on the last commits of the base branch and of this pull request, newest first: whether"
        " it was red before, or comes and goes."
    ),
    input_schema={
        "type": "object",
        "properties": {"check": {"type": "string", "description": "Part of its name; default: all"}},
        "additionalProperties": False,
    },
    input_examples=({"check": "test"},),
)


@dataclass(frozen=True)
class CiHistory:
    """What was known when the round began."""

    past: Sequence[PastCheck]
    schema = SCHEMA
    writes = False

    def call(self, arguments: Json) -> ToolResult:
        wanted = str(arguments.get("check", "")).casefold()
        checks: dict[str, list[PastCheck]] = {}
        for one in self.past:
            name = " / ".join(part for part in (one.group, one.check) if part)
            if wanted in name.casefold():
                checks.setdefault(name, []).append(one)
        if not checks:
            return ToolResult("no check of that name has ended lately" if wanted else "no check has ended lately")
        rows = [_row(name, past) for name, past in sorted(checks.items())]
        more = [f"[{len(rows) - HISTORY_CHECKS} more checks; name one]"] if len(rows) > HISTORY_CHECKS else []
        return ToolResult(labelled("ci history", "\n".join([*rows[:HISTORY_CHECKS], *more])))


def _row(name: str, past: Sequence[PastCheck]) -> str:
    lines = [" ".join(without_hidden(name).split())]
    for where in ("pull request", "base branch"):
        ended = [
            f"{one.sha[:8]} {one.conclusion}{f' {one.day}' if one.day else ''}" for one in past if one.where == where
        ]
        lines += [f"  {where}: {', '.join(ended)}"] if ended else []
    return "\n".join(lines)
