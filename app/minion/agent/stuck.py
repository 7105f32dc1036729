"""Patterns of an agent that goes round in circles (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

SAME_RESULT = 4
SAME_ERROR = 3
SILENT_TURNS = 3
ALTERNATION = 6
SAME_VERIFY = 3


@dataclass(frozen=True)
class Step:
    """One tool call, as hashes of what was asked and what came back."""

    call: str
    result: str
    error: bool

    @classmethod
    def of(cls, call: str, result: str, *, error: bool) -> Step:
        return cls(_hash(call), _hash(result), error)


@dataclass
class StuckDetector:
    _steps: list[Step] = field(default_factory=list)
    _verifies: list[tuple[str, str]] = field(default_factory=list)
    _silent: int = 0
    _nudged: bool = False

    def step(self, step: Step) -> None:
        self._silent = 0
        self._steps.append(step)

    def verified(self, failing: str, tree: str) -> None:
        """A verify that failed: a hash of what failed, and the tree's digest."""
        self._verifies.append((failing, tree))

    def silent_turn(self) -> str | None:
        """A turn without a tool call; the reminders that answer it are the nudge."""
        self._silent += 1
        return f"{SILENT_TURNS} turns without a tool call" if self._silent >= SILENT_TURNS else None

    def pattern(self) -> str | None:
        """What it is stuck on, or None."""
        steps, verifies = self._steps, self._verifies
        if _repeated([(step.call, step.result) for step in steps], SAME_RESULT):
            return f"the same call had the same result {SAME_RESULT} times"
        if steps and steps[-1].error and _repeated([(step.call, step.error) for step in steps], SAME_ERROR):
            return f"the same call failed {SAME_ERROR} times"
        if _alternates([(step.call, step.result) for step in steps]):
            return "two calls alternate without anything new"
        if _repeated(verifies, SAME_VERIFY):
            return f"{SAME_VERIFY} verifications of the same tree failed in the same way"
        return None

    def nudge(self) -> bool:
        """True the first time: the model gets one hint, and the count starts again."""
        first = not self._nudged
        self._nudged = True
        self._steps.clear()
        self._verifies.clear()
        return first


def _repeated(items: Sequence[tuple[str, str | bool]], times: int) -> bool:
    return len(items) >= times and len(set(items[-times:])) == 1


def _alternates(items: list[tuple[str, str]]) -> bool:
    tail = items[-ALTERNATION:]
    return len(tail) == ALTERNATION and len(set(tail)) == 2 and tail[:-2] == tail[2:]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
