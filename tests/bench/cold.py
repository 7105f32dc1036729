"""`minion --help`: what everybody who types it waits for, beside the import of its argument parser."""

from __future__ import annotations

from tests.bench.child import MINION, interleaved, python
from tests.bench.figure import Beside, Figure, Result


def measure(runs: int = 7) -> list[Result]:
    ours, click = interleaved([MINION, "--help"], python("import click"), runs)
    return [Figure("minion --help", "s", tuple(ours), below=0.3, beside=Beside("import click", tuple(click)))]
