"""The harness beside its peers: the same bug fixes, the same transcript, the same final tree, one machine, in turn."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from tests.bench.child import ENVIRONMENT, DidNotWork, python, serving, wall
from tests.bench.figure import Beside, Failed, Figure, Grid, Result
from tests.bench.peers.clients import CLIENTS, Client
from tests.bench.peers.fixes import TASKS
from tests.bench.peers.install import RECIPES, Installed, install, installs
from tests.bench.peers.play import Took, play
from tests.bench.peers.tasks import BugFix, by_hand

SERVER = Path(__file__).with_name("server.py")
FLOOR, OURS = (client.name for client in CLIENTS[:2])
Runs = Mapping[str, Mapping[str, Sequence[Took]]]
"""By client and package, without a client's failed runs; none of a client that failed once."""


def measure(runs: int = 5) -> list[Result]:
    missing = {name for name in RECIPES if name not in installs()}
    troubles: dict[str, str] = {
        name: found for name, found in install(sorted(missing)).items() if isinstance(found, str)
    }
    with tempfile.TemporaryDirectory(prefix="minion-peers-") as scratch:
        wanted = {task.package: _wanted(task, Path(scratch)) for task in TASKS}
    clients = [client for client in CLIENTS if client.installed]
    with serving([sys.executable, SERVER], ENVIRONMENT) as server:
        imports, took, broken = _interleaved(clients, wanted, server, runs)
    return [
        _grid(took, installs()),
        *_targets(took, Beside("import anthropic", tuple(1000 * seconds for seconds in imports))),
        *(Failed(name, reason) for name, reason in (troubles | broken).items()),
    ]


def _wanted(task: BugFix, scratch: Path) -> str:
    folder = scratch / task.package
    task.make(folder)
    return by_hand(task, folder)


def _interleaved(
    clients: Sequence[Client], wanted: Mapping[str, str], server: str, runs: int
) -> tuple[list[float], Runs, dict[str, str]]:
    """One unmeasured round first. What else the machine does hits all of them."""
    took: dict[str, dict[str, list[Took]]] = defaultdict(lambda: defaultdict(list))
    broken: dict[str, str] = {}
    imports: list[float] = []
    for round_ in range(runs + 1):
        Console(stderr=True).print(f"[dim]  round {round_} of {runs}[/]")
        imports += [wall(python("import anthropic"))]
        for task in TASKS:
            for client in (one for one in clients if one.name not in broken):
                try:
                    took[client.name][task.package].append(play(client, task, server, wanted[task.package]))
                except DidNotWork as failed:
                    broken[client.name] = str(failed)
    whole = {
        name: {task: them[1:] for task, them in tasks.items()} for name, tasks in took.items() if name not in broken
    }
    return imports[1:], whole, broken


# --- what comes of it


def typical(tasks: Mapping[str, Sequence[Took]], value: Callable[[Took], float]) -> float:
    """The mean over the tasks of the median over a task's runs."""
    return statistics.fmean(statistics.median(map(value, them)) for them in tasks.values())


def over_floor(took: Runs, name: str) -> float:
    """Milliseconds a step of the transcript takes beyond the floor's, from the first request to the last answer.

    Requests that a client makes beside the transcript are part of it: they are its way of doing the same.
    """
    steps = typical(took[FLOOR], lambda one: one.requests - 1)
    return (typical(took[name], lambda one: one.span_ms) - typical(took[FLOOR], lambda one: one.span_ms)) / steps


COLUMNS = (
    "client",
    "to first request ms",
    "whole task ms",
    "CPU ms",
    "over floor ms/step",
    "exit lag ms",
    "gates ms",
    "peak RSS MB",
    "first kB",
    "tokens k",
    "tokens k (4,096)",
    "requests",
    "install MB",
    "install s",
)


def _grid(took: Runs, installed: Mapping[str, Installed]) -> Grid:
    return Grid("peers", COLUMNS, tuple(_row(took, name, _of(name, installed)) for name in took))


def _of(client: str, installed: Mapping[str, Installed]) -> Installed | None:
    """That of the longest name that the client's begins with."""
    fitting = [name for name in installed if client.startswith(name)]
    return installed[max(fitting, key=len)] if fitting else None


def _row(took: Runs, name: str, found: Installed | None) -> tuple[str | float | None, ...]:
    tasks = took[name]
    return (
        f"{name} {found.version}" if found is not None else name,
        typical(tasks, lambda one: one.first_ms),
        typical(tasks, lambda one: one.whole_ms),
        typical(tasks, lambda one: one.cpu_ms),
        None if name == FLOOR or FLOOR not in took else over_floor(took, name),
        typical(tasks, lambda one: one.lag_ms),
        typical(tasks, lambda one: one.gate_ms) if name.startswith("minion") else None,
        typical(tasks, lambda one: one.peak_mb),
        typical(tasks, lambda one: one.request_kb),
        typical(tasks, lambda one: one.tokens_k),
        typical(tasks, lambda one: one.tokens_4096_k),
        typical(tasks, lambda one: one.requests),
        None if found is None else found.mb,
        None if found is None else found.seconds,
    )


def _targets(took: Runs, imports: Beside) -> list[Result]:
    """Ours against what we want to reach."""
    if OURS not in took:
        return []
    ours = took[OURS]
    first = _values(ours, lambda one: one.first_ms)
    found = [
        Figure("to the first request", "ms", first, 1.15 * imports.median, imports),
        Figure("exit lag, without its gate", "ms", _values(ours, lambda one: one.lag_ms - one.gate_ms), 20.0),
        Figure("peak RSS of the tree", "MB", _values(ours, lambda one: one.peak_mb), 120.0),
        Figure("first request", "kB", _values(ours, lambda one: one.request_kb), 6.0),
    ]
    return [*found, *_tokens(took), *_installed(), *_beside_peers(took)]


def _tokens(took: Runs) -> list[Result]:
    least = ((lambda one: one.tokens_k, "", 12.5), (lambda one: one.tokens_4096_k, ", cached from 4,096 on", 20.0))
    found: list[Result] = []
    for value, suffix, below in least:
        floor = Beside(FLOOR, _values(took[FLOOR], value)) if FLOOR in took else None
        found.append(Figure(f"weighted tokens{suffix}", "k", _values(took[OURS], value), below, floor))
    return found


def _installed() -> list[Result]:
    mine = installs().get("minion")
    if mine is None:
        return []
    return [Figure("install", "MB", (mine.mb,), 120.0), Figure("install, all cached", "s", (mine.seconds,), 5.0)]


def _beside_peers(took: Runs) -> list[Result]:
    found: list[Result] = []
    if FLOOR in took:
        found.append(Figure("step over the floor", "ms", (over_floor(took, OURS),), 5.0))
    claude = took.get("Claude Code")
    if claude is not None:
        whole, cpu = _values(claude, lambda one: one.whole_ms), _values(claude, lambda one: one.cpu_ms)
        mine = _values(took[OURS], lambda one: one.whole_ms)
        found.append(Figure("whole task", "ms", mine, 1.2 * statistics.median(whole), Beside("Claude Code", whole)))
        spent = _values(took[OURS], lambda one: one.cpu_ms)
        found.append(Figure("CPU", "ms", spent, statistics.median(cpu), Beside("Claude Code", cpu)))
    return found


def _values(tasks: Mapping[str, Sequence[Took]], value: Callable[[Took], float]) -> tuple[float, ...]:
    """One a round: the mean over the tasks."""
    return tuple(statistics.fmean(map(value, them)) for them in zip(*tasks.values(), strict=True))
