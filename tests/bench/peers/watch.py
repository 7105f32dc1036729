"""Runs one command and says what it and all its descendants took: `python watch.py OUT.json SECONDS -- COMMAND...`.

After SECONDS it is ended with all that it started, and its code is None.

Orphans are reaped here (PR_SET_CHILD_SUBREAPER, prctl(2)), so that the CPU time of a process that its parent did not
wait for is counted too (getrusage(2), RUSAGE_CHILDREN). Memory is the largest sum of the tree's resident sets that was
seen at one moment; a page that two processes share counts in both, but a child that borrows its parent's whole memory
until it executes its program (vfork(2)) is not counted a second time. Imports nothing of minion.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
FORKED_NOT_EXECUTED = 0x40  # PF_FORKNOEXEC, include/linux/sched.h
EVERY_S = 0.01
PAGE_MB = resource.getpagesize() / 2**20


@dataclass
class Sampler:
    """Looks at the tree below this process until it is told to stop."""

    peak_mb: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.peak_mb = max(self.peak_mb, sum(map(resident_mb, descendants(os.getpid()))))

    def stop(self) -> None:
        self._stop.set()


def descendants(pid: int) -> list[int]:
    found = [child for task in _tasks(pid) for child in _children(task)]
    return found + [below for child in found for below in descendants(child)]


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # it has ended
        return []


def _children(task: Path) -> list[int]:
    return [int(pid) for pid in _read(str(task / "children")).split()]


def resident_mb(pid: int) -> float:
    """0 when it has ended, or only borrows the memory of its parent."""
    mine = _read(f"/proc/{pid}/statm").split()
    # from the state on: ppid is the second, flags the seventh (proc_pid_stat(5))
    status = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if not mine or len(status) < 7:
        return 0.0
    borrows = int(status[6]) & FORKED_NOT_EXECUTED and mine[0] == _read(f"/proc/{status[1]}/statm").partition(" ")[0]
    return 0.0 if borrows else int(mine[1]) * PAGE_MB


def _read(path: str) -> str:
    """Nothing where the process has ended."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def main() -> None:
    out, command = Path(sys.argv[1]), sys.argv[sys.argv.index("--") + 1 :]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sampler = Sampler()
    watching = threading.Thread(target=sampler.run)
    began = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        watching.start()
        code = _ended(process, float(sys.argv[2]))
    ended = time.monotonic()
    left = _end_what_is_left()
    sampler.stop()
    watching.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {"began": began, "ended": ended, "code": code, "cpu_s": used.ru_utime + used.ru_stime, "left": left}
    out.write_text(json.dumps(told | {"peak_mb": sampler.peak_mb}))


def _ended(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """`wait` with a timeout would look at the process every 50 ms only."""
    too_late = threading.Event()

    def end() -> None:
        too_late.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    code = process.wait()
    timer.cancel()
    return None if too_late.is_set() else code


def _end_what_is_left() -> int:
    """How many processes outlived the command; they are killed and reaped."""
    left = descendants(os.getpid())
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return len(left)


if __name__ == "__main__":
    main()
