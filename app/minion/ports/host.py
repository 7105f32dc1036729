"""Commands outside the box: preparing the environment, before any task text is in reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class HostCommand:
    """`cwd` is absolute. `env` is added to the allowed part of the machine's environment; nothing else is inherited."""

    argv: Sequence[str]
    cwd: str
    timeout_s: float = 900.0
    env: Mapping[str, str] = field(default_factory=dict)
    output_limit: int = 2_000_000


@dataclass(frozen=True)
class HostResult:
    """`exit_code` is negative for a signal; 127 when the program does not exist. `output` joins stdout and stderr."""

    exit_code: int
    output: bytes
    timed_out: bool
    seconds: float


class HostCommands(Protocol):
    def run(self, command: HostCommand, on_output: Callable[[bytes], None] | None = None) -> HostResult:
        """Runs it to its end; at the timeout its process group is killed. `on_output` gets pieces as they come."""
        ...
