"""The webhook door: `minion serve` on SQLite (synchronous FULL), every delivery stored before it is answered.

The events are of a repository that no task knows, so that after the answer each is only read, judged and settled; that
work goes on in the same process at the same time. GitHub's address is a closed port.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.bench.child import ENVIRONMENT, MINION, ROOT, serving
from tests.bench.figure import Beside, Figure, Result, percentile
from tests.bench.load import CONNECTIONS, PAYLOAD, Answered, flood

SECRET = "bench-secret"
DELIVERIES = 2000
WARMING = 200
PROBES = 200
BASELINE = "FastAPI, nothing stored"


def measure(runs: int = 5) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="minion-bench-") as folder:
        environment = _environment(Path(folder))
        empty: list[str | Path] = [sys.executable, ROOT / "tests" / "bench" / "empty_door.py", SECRET]
        with serving([MINION, "serve", "--port", "0"], environment) as ours, serving(empty, ENVIRONMENT) as theirs:
            flood(ours, SECRET, WARMING, "warm"), flood(theirs, SECRET, WARMING, "warm")
            pairs = [
                (flood(theirs, SECRET, DELIVERIES, f"r{run}"), flood(ours, SECRET, DELIVERIES, f"r{run}"))
                for run in range(runs)
            ]
            syncs = _syncs(Path(folder) / "probe")
    return [
        *_figures([mine for _, mine in pairs], [other for other, _ in pairs]),
        Figure("fsync of a delivery's size, which every commit waits for", "ms", syncs),
    ]


def _syncs(path: Path) -> tuple[float, ...]:
    """Milliseconds of each (fsync(2)), on the disk that the database was on."""
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(PROBES):
            file.write(PAYLOAD)
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(1000 * (time.perf_counter() - began))
    return tuple(times)


def _figures(ours: Sequence[Answered], theirs: Sequence[Answered]) -> list[Result]:
    where = f"webhook, {CONNECTIONS} connections"
    rates = tuple(one.per_second for one in ours), tuple(one.per_second for one in theirs)
    return [
        Figure(f"{where}: deliveries", "1/s", rates[0], beside=Beside(BASELINE, rates[1])),
        _latency(f"{where}: p50", 0.50, ours, theirs),
        _latency(f"{where}: p99", 0.99, ours, theirs, below=20.0),
    ]


def _latency(
    name: str, share: float, ours: Sequence[Answered], theirs: Sequence[Answered], below: float | None = None
) -> Figure:
    mine, other = (tuple(1000 * percentile(run.latencies, share) for run in runs) for runs in (ours, theirs))
    return Figure(name, "ms", mine, below, Beside(BASELINE, other))


def _environment(folder: Path) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    path = folder / "app.pem"
    path.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return ENVIRONMENT | {
        "GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
        "GITHUB_SERVER_URL": "http://127.0.0.1:9",
        "MINION_APP_ID": "7",
        "MINION_PRIVATE_KEY": str(path),
        "MINION_WEBHOOK_SECRET": SECRET,
        "MINION_PUBLIC_URL": "http://127.0.0.1:8080",
        "MINION_DATABASE_URL": f"sqlite:///{folder}/minion.db",
        "ANTHROPIC_API_KEY": "sk-bench",
    }
