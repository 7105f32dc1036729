"""Runs a step's process in a group of its own and ends all of it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

_POLL_S = 0.05
_LINGER_S = 1.0
_MAX_LINE = 256 * 1024


@dataclass(frozen=True)
class Command:
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]


@dataclass(frozen=True)
class Exited:
    code: int


@dataclass(frozen=True)
class Stopped:
    """The process was ended because of `reason`."""

    reason: str


@dataclass(frozen=True)
class NotStarted:
    message: str


Ending: TypeAlias = Exited | Stopped | NotStarted


def run_process(
    command: Command, on_line: Callable[[str], None], stop: Callable[[], str | None], grace_s: float = 2.0
) -> Ending:
    """Runs to the end, or until `stop` gives a reason. stdout and stderr go to `on_line` together."""
    try:
        process = subprocess.Popen(
            list(command.argv),
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return NotStarted(str(error))
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    with process.stdout as pipe:
        pump = _Pump(pipe.fileno(), on_line)
        reason = _watch(process, pump, stop, grace_s)
        pump.drain(_LINGER_S)
    return Stopped(reason) if reason else Exited(process.returncode)


def _watch(process: subprocess.Popen[bytes], pump: _Pump, stop: Callable[[], str | None], grace_s: float) -> str | None:
    while process.poll() is None:
        reason = stop()
        if reason is not None:
            _end_group(process, pump, grace_s)
            return reason
        pump.once(_POLL_S)
    return None


def _end_group(process: subprocess.Popen[bytes], pump: _Pump, grace_s: float) -> None:
    """SIGINT, then SIGTERM, then SIGKILL, as the Actions runner does.
    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation"""
    for kind, patience in ((signal.SIGINT, grace_s), (signal.SIGTERM, grace_s / 2)):
        signal_group(process.pid, kind)
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            pump.once(_POLL_S)
        if process.poll() is not None:
            break
    signal_group(process.pid, signal.SIGKILL)
    process.wait()


def signal_group(group: int, kind: signal.Signals) -> None:
    try:
        os.killpg(group, kind)
    except ProcessLookupError:
        return


@dataclass
class _Pump:
    """Turns what comes through a pipe into lines."""

    fileno: int
    on_line: Callable[[str], None]
    rest: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def once(self, timeout: float) -> None:
        if self.ended:
            time.sleep(timeout)
            return
        ready, _, _ = select.select([self.fileno], [], [], timeout)
        if ready:
            self._take(os.read(self.fileno, 65536))

    def drain(self, patience: float) -> None:
        """Reads what is left; a child that outlives its parent and holds the pipe is not waited for."""
        deadline = time.monotonic() + patience
        while not self.ended and time.monotonic() < deadline:
            self.once(_POLL_S)
        if self.rest:
            self._emit(bytes(self.rest))
            self.rest.clear()

    def _take(self, data: bytes) -> None:
        if not data:
            self.ended = True
            return
        self.rest += data
        *lines, last = bytes(self.rest).split(b"\n")
        for line in lines:
            self._emit(line)
        if len(last) > _MAX_LINE:
            self._emit(last)
            last = b""
        self.rest = bytearray(last)

    def _emit(self, line: bytes) -> None:
        self.on_line(line.removesuffix(b"\r").decode(errors="replace"))


def end_left_over(marker: str, root: Path) -> list[int]:
    """Kills every process whose environment holds `marker` or that stands below `root`; returns their ids.

    This reaches daemons that left the step's process group."""
    found = [pid for pid in _pids() if _has_marker(pid, marker.encode()) or _stands_below(pid, root)]
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return found


def _pids() -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()
    ]


def _stands_below(pid: int, root: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(root)
    except OSError:
        return False


def _has_marker(pid: int, marker: bytes) -> bool:
    try:
        return marker in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
