"""The webhook door: `minion serve` on SQLite (synchronous FULL), every delivery stored before it is answered.

The events are of a repository that no task knows, so that after the answer each is only read, judged and settled. The
same process does so when the burst has passed, or after two seconds of it; a run begins when the last one's are all
settled, and the long run lasts longer than that. GitHub's address is a closed port.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.bench.child import ENVIRONMENT, LONGEST_S, MINION, ROOT, DidNotWork, serving
from tests.bench.figure import Beside, Figure, Result, percentile
from tests.bench.load import CONNECTIONS, PAYLOAD, Answered, flood

SECRET = "bench-secret"
DELIVERIES = 2000
LASTING = 8000
WARMING = 200
PROBES = 200
WHERE = f"webhook, {CONNECTIONS} connections"
NONE_WAIT = b'minion_inbox{state="waiting"} 0.0'
BASELINE = "FastAPI, nothing stored"


def measure(runs: int = 5) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="minion-bench-") as folder:
        environment = _environment(Path(folder))
        empty: list[str | Path] = [sys.executable, ROOT / "tests" / "bench" / "empty_door.py", SECRET]
        with serving([MINION, "serve", "--port", "0"], environment) as ours, serving(empty, ENVIRONMENT) as theirs:
            flood(ours, SECRET, WARMING, "warm"), flood(theirs, SECRET, WARMING, "warm")
            _settled(ours)
            pairs, settling = [], []
            for run in range(runs):
                other = flood(theirs, SECRET, DELIVERIES, f"r{run}")
                pairs.append((other, flood(ours, SECRET, DELIVERIES, f"r{run}")))
                settling.append(_settled(ours))
            lasting = flood(theirs, SECRET, LASTING, "long"), flood(ours, SECRET, LASTING, "long")
            _settled(ours)
            syncs = _syncs(Path(folder) / "probe")
    return [
        *_figures([mine for _, mine in pairs], [other for other, _ in pairs]),
        Figure(f"{WHERE}: {DELIVERIES:,} settled after the last 202", "s", tuple(settling)),
        _latency(f"{WHERE}, {LASTING:,} in a row: p99", 0.99, [lasting[1]], [lasting[0]]),
        Figure("fsync of a delivery's size, which every commit waits for", "ms", syncs),
    ]


def _settled(url: str) -> float:
    """Seconds until every delivery that was stored is settled, as the server's metrics say."""
    began = time.perf_counter()
    while time.perf_counter() - began < LONGEST_S:
        with urlopen(f"{url}/metrics", timeout=LONGEST_S) as answer:  # noqa: S310 -- our own server
            if NONE_WAIT in answer.read():
                return time.perf_counter() - began
        time.sleep(0.05)
    raise DidNotWork("the deliveries were not settled")


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
    rates = tuple(one.per_second for one in ours), tuple(one.per_second for one in theirs)
    return [
        Figure(f"{WHERE}: deliveries", "1/s", rates[0], beside=Beside(BASELINE, rates[1])),
        _latency(f"{WHERE}: p50", 0.50, ours, theirs),
        _latency(f"{WHERE}: p99", 0.99, ours, theirs, below=20.0),
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
