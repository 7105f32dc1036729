"""Blueprints: all that are shipped, read and checked; and one transition of the pure engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.bench.child import MINION, ROOT, DidNotWork, wall
from tests.bench.figure import Figure, Result

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.state import NodeResult
from minion.shipped import shipped

ROUNDS = 200
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
        Figure(f"blueprint check, {len(files)} files", "s", command),
        Figure(f"{len(files)} blueprints read and checked, in process", "ms", in_process),
        Figure("engine transition (apply, pending)", "µs", transition),
    ]


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
