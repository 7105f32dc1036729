"""The box: where every command and file access of an agent happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class BoxCommand:
    """A command in a fresh box. `cwd` is relative to the workspace."""

    argv: Sequence[str]
    cwd: str = "."
    timeout_s: float = 120.0
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    output_limit: int = 10_000_000
    """Bytes kept of each stream; what is beyond is counted and dropped."""


@dataclass(frozen=True)
class BoxResult:
    """`exit_code` is negative for a signal. `start_s` is what the box itself cost; `seconds` is all of it."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    seconds: float
    start_s: float = 0.0
    dropped_bytes: int = 0


class FileServer(Protocol):
    """One boxed process that serves file operations for a node; closed at the node's end.

    Requests and answers are JSON objects: {"op": "read", ...} -> {"ok": true, ...} | {"ok": false, "error": "..."}.
    """

    def call(self, request: Mapping[str, object]) -> dict[str, object]: ...

    def warm(self) -> None:
        """Starts the process, which the first call does otherwise."""
        ...

    def close(self) -> None: ...


class Sandbox(Protocol):
    @property
    def mode(self) -> str:
        """bubblewrap | unsafe"""
        ...

    @property
    def workspace(self) -> str:
        """The absolute path of the workspace, the same inside and outside."""
        ...

    def run(self, command: BoxCommand) -> BoxResult: ...

    def file_server(self) -> FileServer: ...

    def lint_server(self) -> FileServer:
        """One boxed process that runs linters for a node, on a workspace that is read-only to it; closed likewise.

        Operations: `programs`, `look`, `warm`, `run`, as `adapters/sandbox/lint_server.py` says of them.
        """
        ...
