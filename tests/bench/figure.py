"""What a benchmark gives back: figures with all their values, and what stands beside them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Beside:
    """A baseline or floor, measured in the same run; `values` in the figure's unit."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(frozen=True)
class Figure:
    """`values` holds one value a run (or a step), never empty. `below` is the target; None for a fact."""

    name: str
    unit: str
    values: tuple[float, ...]
    below: float | None = None
    beside: Beside | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """None where there is no target."""
        return None if self.below is None else self.median < self.below

    @property
    def ratio(self) -> float | None:
        """To what stands beside it; None where nothing does."""
        if self.beside is None or self.beside.median == 0:
            return None
        return self.median / self.beside.median

    def as_json(self) -> dict[str, Any]:
        beside = self.beside
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "values": list(self.values),
            "target_below": self.below,
            "met": self.met,
            "beside": None if beside is None else {"name": beside.name, "median": beside.median},
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class Failed:
    """A figure that could not be had: what was to be measured did not work."""

    name: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "failed": self.reason}


@dataclass(frozen=True)
class Grid:
    """Many columns, a row for each that was measured. The first cell names it; None: there is no such figure."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows]}


Result = Figure | Failed | Grid


class Measure(Protocol):
    """A benchmark; without `runs` it takes its own number of them."""

    def __call__(self, runs: int = ..., /) -> Sequence[Result]: ...


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank: the smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
