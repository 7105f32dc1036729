"""What a turn costs as a session grows: 50, 100 and 200 turns of the shipped `implement` node, with a real box.

Everything that grows with the history is in it: the request that is written, the trace, the guards. A cost that is
linear in turns shows the same milliseconds a turn at each length.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import project, steps
from tests.bench.figure import Beside, Figure, Result

from minion.blueprint.model import Limits

LENGTHS = (50, 100, 200)


@dataclass(frozen=True)
class _Session:
    """Milliseconds a turn; CPU of this process alone, without the box and the model."""

    wall: float
    cpu: float


def measure(runs: int = 3) -> list[Result]:
    took: dict[int, list[_Session]] = {length: [] for length in LENGTHS}
    with tempfile.TemporaryDirectory(prefix="minion-bench-") as folder, project.model(Path(folder), _script()) as url:
        _session(url, LENGTHS[0], Path(folder) / "first")  # imports
        for run in range(runs):
            for length in LENGTHS:
                took[length].append(_session(url, length, Path(folder) / f"{run}-{length}"))
    return [figure for length in LENGTHS for figure in _figures(length, took[length], took[LENGTHS[0]])]


def _figures(length: int, took: list[_Session], shortest: list[_Session]) -> list[Result]:
    """The shortest sessions stand beside the longer ones."""
    whole, cpu = tuple(one.wall for one in took), tuple(one.cpu for one in took)
    few = f"{LENGTHS[0]} turns"
    known = length != LENGTHS[0]
    beside_whole = Beside(few, tuple(one.wall for one in shortest)) if known else None
    beside_cpu = Beside(few, tuple(one.cpu for one in shortest)) if known else None
    return [
        Figure(f"a turn of {length}, box and tool included", "ms", whole, beside=beside_whole),
        Figure(f"a turn of {length}: CPU of the harness", "ms", cpu, beside=beside_cpu),
    ]


def _session(url: str, length: int, folder: Path) -> _Session:
    began, used = time.perf_counter(), time.process_time()
    steps.ours(url, _goal(length), folder, Limits(turns=length + 1))
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    return _Session(1000 * wall / length, 1000 * cpu / length)


def _goal(length: int) -> str:
    return f"Count to {length} in calc.py"


def _script() -> dict[str, Any]:
    conversations = [
        {"name": _goal(length), "match": {"contains": [_goal(length)]}, "turns": [*_turns(length), project.finish()]}
        for length in LENGTHS
    ]
    return {"conversations": conversations}


def _turns(length: int) -> list[project.Turn]:
    return [turn for count in range(length) for turn in steps.file_turns(count)][: length - 1]
