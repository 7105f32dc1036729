"""The whole demo after installation: GitHub in a box, the App, runners, CI, and a pull request that is ready."""

from __future__ import annotations

import subprocess
import time

from tests.bench.child import ENVIRONMENT, MINION, ROOT, DidNotWork
from tests.bench.figure import Figure, Result


def measure(runs: int = 1) -> list[Result]:
    return [Figure("minion demo", "s", tuple(_demo() for _ in range(runs)), below=90.0)]


def _demo() -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [str(MINION), "demo"], cwd=ROOT, capture_output=True, check=False, env=ENVIRONMENT, timeout=900
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise DidNotWork(f"minion demo ended with {done.returncode}: {said[-300:]}")
    return time.perf_counter() - began
