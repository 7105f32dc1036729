"""Every benchmark by its name, in the order in which they run."""

from __future__ import annotations

from tests.bench import blueprints, cold, demo, door, first_request, lint, steps
from tests.bench.figure import Measure

BENCHMARKS: dict[str, Measure] = {
    "cold": cold.measure,
    "first_request": first_request.measure,
    "steps": steps.measure,
    "lint": lint.measure,
    "door": door.measure,
    "blueprints": blueprints.measure,
    "demo": demo.measure,
}
