"""The whole demo after installation: GitHub in a box, the App, runners, CI, and a pull request that is ready."""

from __future__ import annotations

import signal
import subprocess
import time

from tests.bench.child import ENVIRONMENT, MINION, ROOT, DidNotWork
from tests.bench.figure import Figure, Result

LONGEST_S = 300.0


def measure(runs: int = 1) -> list[Result]:
    return [Figure("minion demo", "s", tuple(_demo() for _ in range(runs)), below=90.0)]


def _demo() -> float:
    began = time.perf_counter()
    with subprocess.Popen(
        [str(MINION), "demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        text=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired as late:
            process.send_signal(signal.SIGINT)  # it ends what it started
            process.communicate()
            raise DidNotWork(f"minion demo was not done after {LONGEST_S:.0f} s") from late
    if process.returncode != 0:
        raise DidNotWork(f"minion demo ended with {process.returncode}: {said.strip()[-300:]}")
    return time.perf_counter() - began
