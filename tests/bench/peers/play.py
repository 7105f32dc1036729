"""One run of one client on one task, and what it took."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench.child import DidNotWork
from tests.bench.peers.clients import Client, Stage, python_of
from tests.bench.peers.tasks import BugFix, changed_files, changed_on, digest, git

WATCH = Path(__file__).with_name("watch.py")
LONGEST_S = 300.0


@dataclass(frozen=True)
class Took:
    """Milliseconds, megabytes, kilobytes, thousands of tokens. `span_ms`: from the first request to the last answer;
    `gaps_ms`: of it, between an answer and the next request, which is the client's and its tools' own. `gate_ms`: of
    `lag_ms`, the commands of gates and their boxes, where the client says so."""

    first_ms: float
    whole_ms: float
    cpu_ms: float
    span_ms: float
    gaps_ms: float
    lag_ms: float
    gate_ms: float
    peak_mb: float
    request_kb: float
    tokens_k: float
    tokens_4096_k: float
    requests: int


def play(client: Client, task: BugFix, server: str, wanted: str) -> Took:
    """Raises `DidNotWork` where the command fails, or ends in another tree than `wanted` (`tasks.digest`)."""
    with tempfile.TemporaryDirectory(prefix="minion-peers-") as scratch:
        folder, home = Path(scratch) / "project", Path(scratch) / "home"
        task.make(folder)
        home.mkdir()
        venv.create(python_of(home), with_pip=False, symlinks=True)
        url = f"{server}/{Path(scratch).name}"
        post(f"{url}/_play", [*client.talk, {"turns": client.vocabulary(task.actions, folder)}])
        watched = _watched(client, Stage(task.goal, url, home), folder)
        found = _result(folder) if client.on_branch else changed_files(folder)
        if digest(found) != wanted:
            raise DidNotWork(f"{client.name} on {task.package} changed other things: {sorted(found)}")
        seen = get(f"{url}/_seen")
        if not any(entry["tools"] for entry in seen):
            raise DidNotWork(f"{client.name} asked the model nothing")
        return _took(watched, seen)


def _watched(client: Client, stage: Stage, folder: Path) -> dict[str, Any]:
    out, launch = stage.home.parent / "watched.json", client.launch(stage)
    command = [sys.executable, str(WATCH), str(out), f"{LONGEST_S}", "--", *map(str, launch.argv)]
    environment = client.environment(stage, launch)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=2 * LONGEST_S
    )
    watched: dict[str, Any] = json.loads(out.read_text())
    if watched["code"] is None:
        raise DidNotWork(f"{client.name} was not done after {LONGEST_S:.0f} s")
    if watched["code"] != 0:
        raise DidNotWork(f"{client.name} ended with {watched['code']}: {(done.stderr or done.stdout)[-2000:]}")
    return {**watched, "gate_s": _gate_s(done.stdout) if client.on_branch else 0.0}


def _gate_s(printed: str) -> float:
    """Of the report of `minion run --json`: here its gates run once, after the last answer."""
    report: dict[str, Any] = json.loads(printed)
    return sum(report["gate_seconds"].values())


def _result(folder: Path) -> dict[str, bytes]:
    """On the one branch beside `main`; nothing where there is none."""
    branches = git(folder, "branch", "--format=%(refname:short)").decode().split()
    others = [name for name in branches if name != "main"]
    return changed_on(folder, others[0]) if others else {}


def _took(watched: dict[str, Any], seen: Sequence[dict[str, Any]]) -> Took:
    first, last = seen[0], seen[-1]
    spoken = next(entry for entry in seen if entry["tools"])
    return Took(
        first_ms=1000 * (first["came"] - watched["began"]),
        whole_ms=1000 * (watched["ended"] - watched["began"]),
        cpu_ms=1000 * watched["cpu_s"],
        span_ms=1000 * (last["ended"] - first["came"]),
        gaps_ms=1000 * sum(later["came"] - earlier["ended"] for earlier, later in pairwise(seen)),
        lag_ms=1000 * (watched["ended"] - last["ended"]),
        gate_ms=1000 * watched["gate_s"],
        peak_mb=watched["peak_mb"],
        request_kb=spoken["bytes"] / 1000,
        tokens_k=sum(entry["cost"]["1024"] for entry in seen) / 1000,
        tokens_4096_k=sum(entry["cost"]["4096"] for entry in seen) / 1000,
        requests=len(seen),
    )


def post(url: str, document: Any) -> None:
    request = urllib.request.Request(url, json.dumps(document).encode(), method="POST")  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass


def get(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
        seen: list[dict[str, Any]] = json.load(answer)
        return seen
