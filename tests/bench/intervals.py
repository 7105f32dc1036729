"""What a step of a session takes beside its tools: from the end of one answer to the whole next request."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from minion.ports.sandbox import BoxCommand, BoxResult, FileServer, Sandbox


@dataclass(frozen=True)
class Interval:
    """Work of a tool: `at` by CLOCK_MONOTONIC, `seconds` of it, `start_s` of them the box's own."""

    at: float
    seconds: float
    start_s: float = 0.0


@dataclass(frozen=True)
class Step:
    """`whole_s` from answer to request; `tool_s` of it was the tool's."""

    whole_s: float
    tool_s: float

    @property
    def beside_s(self) -> float:
        return self.whole_s - self.tool_s


def steps(tapped: Sequence[Mapping[str, Any]], used: Iterable[Interval]) -> list[Step]:
    """One for each two neighbouring requests of a session."""
    known = list(used)
    return [_step(one["ended"], following["came"], known) for one, following in pairwise(tapped)]


def _step(ended: float, came: float, used: Sequence[Interval]) -> Step:
    return Step(came - ended, sum(interval.seconds for interval in used if ended <= interval.at <= came))


@dataclass
class TimedSandbox:
    """A sandbox (`ports.sandbox.Sandbox`) that keeps what its box took. What we do to ask it does not count as that."""

    inner: Sandbox
    used: list[Interval] = field(default_factory=list)

    @property
    def mode(self) -> str:
        return self.inner.mode

    @property
    def workspace(self) -> str:
        return self.inner.workspace

    def run(self, command: BoxCommand) -> BoxResult:
        began = time.monotonic()
        result = self.inner.run(command)
        self.used.append(Interval(began, result.seconds, result.start_s))
        return result

    def file_server(self) -> FileServer:
        return _TimedFiles(self.inner.file_server(), self.used)

    def lint_server(self) -> FileServer:
        """Not timed: nothing waits for it but an edit, and that within its own bound."""
        return self.inner.lint_server()


@dataclass(frozen=True)
class _TimedFiles:
    inner: FileServer
    used: list[Interval]

    def warm(self) -> None:
        self.inner.warm()

    def call(self, request: Mapping[str, object]) -> dict[str, object]:
        began = time.monotonic()
        answer = self.inner.call(request)
        self.used.append(Interval(began, time.monotonic() - began))
        return answer

    def close(self) -> None:
        self.inner.close()
