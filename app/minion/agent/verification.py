"""The seam between an agent and the gates that its work must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from minion.tools.base import Json, ToolResult, ToolSchema


@dataclass(frozen=True)
class GateVerdict:
    """What all gates say of the tree as it is. `text` is for the model; `fingerprint` hashes the set of failures."""

    passed: bool
    text: str
    tree: str
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    """Facts for people: gates left to CI."""
    gates: tuple[tuple[str, str], ...] = ()
    """(gate, what it said, with failures that the base has too)"""


class GateRunner(Protocol):
    @property
    def names(self) -> Sequence[str]: ...

    def check(self) -> GateVerdict:
        """Runs the gates on the current tree; an unchanged tree is not run again."""
        ...


@dataclass(frozen=True)
class NoGates:
    """Nothing to pass."""

    names: Sequence[str] = ()

    def check(self) -> GateVerdict:
        return GateVerdict(passed=True, text="There is nothing to verify here.", tree="")


class VerifyTool:
    """Runs the gates for the model; the verdicts that failed are handed to the stuck detector."""

    writes = True

    def __init__(self, gates: GateRunner) -> None:
        self._gates = gates
        self._failed: list[GateVerdict] = []

    @property
    def schema(self) -> ToolSchema:
        return ToolSchema(
            name="verify",
            description=f"Runs this step's gates on the tree as it is: {', '.join(self._gates.names)}.",
            input_schema={"type": "object", "properties": {}, "additionalProperties": False},
        )

    def call(self, arguments: Json) -> ToolResult:  # noqa: ARG002 -- it takes none
        verdict = self._gates.check()
        if not verdict.passed:
            self._failed.append(verdict)
        return ToolResult(verdict.text, error=not verdict.passed)

    def failed(self) -> list[GateVerdict]:
        """Since it was last asked."""
        failed, self._failed = self._failed, []
        return failed
