"""Real kills of a real process: what was enqueued is done, by whoever comes next."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from minion.adapters.clock import SystemClock
from minion.adapters.store.store import open_store

CHILD = Path(__file__).with_name("queue_child.py")
COUNT = 60
WORKERS = 8


def start(folder: Path, count: int = 0) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, str(CHILD), str(folder), str(count)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def done(folder: Path) -> int:
    return sum("end" in log.read_text() for log in folder.glob("*.log"))


def reach(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(timeout=10)
    assert process.stdout is not None
    process.stdout.close()


def test_killed_again_and_again_every_wake_up_is_worked_on(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/minion.db", SystemClock()).close()
    process = start(tmp_path, COUNT)
    for share in (0.2, 0.5, 0.8):
        reach(lambda share=share: done(tmp_path) >= COUNT * share)  # type: ignore[misc]
        kill(process)
        process = start(tmp_path)
    reach(lambda: done(tmp_path) == COUNT)
    kill(process)
    ends = [log.read_text().split().count("end") for log in tmp_path.glob("*.log")]
    assert sum(ends) <= COUNT + 3 * WORKERS, "only what ran at a kill may run again"


def test_a_living_replica_takes_over_from_a_dead_one(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/minion.db", SystemClock()).close()
    first = start(tmp_path, COUNT)
    second = start(tmp_path)
    assert (tmp_path / "enqueued.minion-0").exists()
    assert (tmp_path / "enqueued.minion-1").exists(), "each process has a slot of its own"
    reach(lambda: done(tmp_path) > 5)
    kill(first)
    reach(lambda: done(tmp_path) == COUNT)
    kill(second)
    with sqlite3.connect(tmp_path / "minion.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
