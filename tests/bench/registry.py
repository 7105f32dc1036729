"""Every benchmark by its name, in the order in which they run."""

from __future__ import annotations

from tests.bench import blueprints, cold, demo, door, first_request, lint, steps, turns
from tests.bench.figure import Measure
from tests.bench.peers import measure as peers

BENCHMARKS: dict[str, Measure] = {
    "cold": cold.measure,
    "first_request": first_request.measure,
    "steps": steps.measure,
    "turns": turns.measure,
    "lint": lint.measure,
    "door": door.measure,
    "blueprints": blueprints.measure,
    "demo": demo.measure,
}
OPT_IN: dict[str, Measure] = {"peers": peers.measure}
"""Only when named: it installs other clients from the package indexes, into `.cache/peers`."""
