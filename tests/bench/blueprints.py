"""Blueprints: all that are shipped, read and checked; one transition of the pure engine; and maps over many items."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from tests.bench import hosted_map
from tests.bench.child import MINION, ROOT, DidNotWork, wall
from tests.bench.figure import Figure, Result
from tests.blueprint import long_map

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.state import NodeResult
from minion.shipped import shipped

ROUNDS = 200
ITEMS = (2_500, 5_000, 10_000)
WALK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("setup", {}),
    ("triage", {"fit": "do", "kind": "feature", "objective": "o", "paths": [], "done_when": "d", "question": ""}),
)


def measure(runs: int = 5) -> list[Result]:
    files = sorted((ROOT / "blueprints").glob("*.yml"))
    command = tuple(wall([MINION, "blueprint", "check", *files]) for _ in range(runs))
    in_process = tuple(1000 * _seconds(lambda: assemble(shipped())) for _ in range(runs))
    transition = tuple(1e6 * _transition() for _ in range(runs))
    return [
        *_maps(runs),
        *hosted_map.figures(),
        Figure(f"blueprint check, {len(files)} files", "s", command, below=0.5),
        Figure(f"{len(files)} blueprints read and checked, in process", "ms", in_process),
        Figure("engine transition (apply, pending)", "µs", transition, below=50),
    ]


def _maps(runs: int) -> list[Result]:
    """Time, memory and JSON of a map, by items; the ratios say whether four times the items cost four times as much."""
    engine = long_map.engine()
    seconds = {items: tuple(_map_seconds(engine, items) for _ in range(runs)) for items in ITEMS}
    peaks = {items: _map_peak(engine, items) for items in ITEMS}
    few, _, many = ITEMS
    times = tuple(late / early for early, late in zip(seconds[few], seconds[many], strict=True))
    memory = peaks[many] / peaks[few]
    size = len(json.dumps(long_map.on(engine, long_map.at_the_map(engine, many)).model_dump(mode="json"))) / 1e6
    return [
        *(Figure(f"map over {items} items, engine alone, CPU", "s", found) for items, found in seconds.items()),
        Figure(f"map: time of {many} items to that of {few}", "x", times, below=1.3 * many / few),
        *(Figure(f"map over {items} items: memory at most", "MB", (found,)) for items, found in peaks.items()),
        Figure(f"map: memory of {many} items to that of {few}", "x", (memory,), below=1.1 * many / few),
        Figure(f"map over {many} items: JSON of the state", "MB", (size,), below=10),
    ]


def _map_seconds(engine: Engine, items: int) -> float:
    """Of CPU: a busy machine would make more items look worse."""
    begin = long_map.at_the_map(engine, items)
    began = time.process_time()
    long_map.on(engine, begin)
    return time.process_time() - began


def _map_peak(engine: Engine, items: int) -> float:
    """Megabytes."""
    begin = long_map.at_the_map(engine, items)
    tracemalloc.start()
    long_map.on(engine, begin)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _transition() -> float:
    """Seconds of one, as the mean of a walk done many times."""
    library = assemble(shipped())
    if not isinstance(library, dict):
        raise DidNotWork("\n".join(map(str, library)))
    engine = Engine(library)
    start = engine.start("implement", {"issue": 7})

    def walk() -> None:
        for _ in range(ROUNDS):
            state = start
            for node, output in WALK:
                pending = engine.pending(state)
                if getattr(pending, "name", None) != node:
                    raise DidNotWork(f"the shipped blueprint is at {pending}, not at {node}")
                state = engine.apply(state, NodeResult(outcome="ok", output=output))

    return _seconds(walk) / (ROUNDS * len(WALK))
