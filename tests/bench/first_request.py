"""`minion run`: from its start to the model's first request, and to its end on a task of five model turns."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import project
from tests.bench.child import ENVIRONMENT, LONGEST_S, MINION, DidNotWork, python, wall
from tests.bench.figure import Beside, Figure, Result

WORK = (project.call("read", path="calc.py"), project.edit("x + x + 1", "2 * x"), project.finish())


@dataclass(frozen=True)
class _Run:
    """Seconds from the start to the model's first request, to the end, and what the command said."""

    first: float
    whole: float
    lag: float
    said: dict[str, Any]


def measure(runs: int = 5) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="minion-bench-") as folder:
        repository = project.make(Path(folder) / "project")
        with project.model(Path(folder), project.script(WORK)) as url:
            _run(repository, url)
            pairs = [(wall(python("import anthropic")), _run(repository, url)) for _ in range(runs)]
    imports, done = [seconds for seconds, _ in pairs], [run for _, run in pairs]
    anthropic = Beside("import anthropic", tuple(imports))
    return [
        Figure("minion run: to the first request", "s", tuple(run.first for run in done), 1.6, anthropic),
        Figure("minion run: five turns, gate and judge", "s", tuple(run.whole for run in done)),
        Figure("minion run: last answer to exit", "s", tuple(run.lag for run in done)),
    ]


def _run(repository: Path, url: str) -> _Run:
    earlier = len(tapped(url))
    command = [str(MINION), "run", "Make double() double", "--repo", str(repository), "--json"]
    environment = ENVIRONMENT | {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-bench"}
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=LONGEST_S)
    ended = time.monotonic()
    if done.returncode != 0:
        raise DidNotWork(f"minion run ended with {done.returncode}: {(done.stderr or done.stdout).decode()[-300:]}")
    seen = tapped(url)[earlier:]
    return _Run(seen[0]["came"] - began, ended - began, ended - seen[-1]["ended"], json.loads(done.stdout))


def tapped(url: str) -> list[dict[str, Any]]:
    """What the tap of the model has seen so far."""
    with urllib.request.urlopen(f"{url}/_tap", timeout=30) as answer:  # noqa: S310 -- our own server on loopback
        seen: list[dict[str, Any]] = json.load(answer)
        return seen
