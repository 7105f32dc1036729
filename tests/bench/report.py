"""The command line of the benchmarks, and how figures are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from tests.bench.child import ROOT, DidNotWork
from tests.bench.figure import Failed, Figure, Grid, Measure, Result
from tests.bench.machine import load, machine
from tests.bench.registry import BENCHMARKS, OPT_IN

WIDTH = 150
OUT = ROOT / ".cache" / "bench.json"


@click.command()
@click.option("--only", multiple=True, type=click.Choice([*BENCHMARKS, *OPT_IN]), help="Only these; repeatable.")
@click.option("--runs", type=click.IntRange(1), default=None, help="Runs of each, instead of its own number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option("--out", default=OUT, show_default=".cache/bench.json", type=click.Path(path_type=Path))
def main(only: Sequence[str], runs: int | None, as_json: bool, out: Path) -> None:
    """Measure, print a table, write JSON."""
    before = load()
    known = {**BENCHMARKS, **OPT_IN}
    results = measured({name: known[name] for name in only or BENCHMARKS}, runs)
    facts = machine() | {"load_before": before, "load_after": load()}
    text = as_text(facts, results)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
    if as_json:
        click.echo(text, nl=False)
    else:
        _show(facts, [result for found in results.values() for result in found])


def measured(benchmarks: Mapping[str, Measure], runs: int | None) -> dict[str, Sequence[Result]]:
    """What each gave; one that does not work gives a `Failed`."""
    console = Console(stderr=True)
    results: dict[str, Sequence[Result]] = {}
    for name, measure in benchmarks.items():
        console.print(f"[dim]{name} ...[/]")
        try:
            results[name] = measure() if runs is None else measure(runs)
        except DidNotWork as failed:
            results[name] = [Failed(name, str(failed))]
    return results


def as_text(facts: Mapping[str, Any], results: Mapping[str, Sequence[Result]]) -> str:
    """JSON: {machine, figures: {benchmark: [figure]}}."""
    figures = {name: [result.as_json() for result in found] for name, found in results.items()}
    return json.dumps({"machine": facts, "figures": figures}, indent=2) + "\n"


def _show(facts: dict[str, Any], results: Sequence[Result]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    for result in results:
        if isinstance(result, Grid):
            console.print(_grid(result))
    console.print(_table([result for result in results if not isinstance(result, Grid)]))
    console.print(
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, Linux {facts['kernel']},"
        f" Python {facts['python']}; load {facts['load_before']} before, {facts['load_after']} after",
        highlight=False,
    )


def _grid(grid: Grid) -> Table:
    table = Table(title=None)
    for index, heading in enumerate(grid.columns):
        table.add_column(heading, justify="right" if index else "left", no_wrap=not index)
    for row in grid.rows:
        table.add_row(*("" if cell is None else cell if isinstance(cell, str) else _shown(cell) for cell in row))
    return table


def _table(results: Sequence[Figure | Failed]) -> Table:
    table = Table("figure", title=None)
    for heading in ("median", "min", "max", "target", "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("beside it", no_wrap=True)
    table.add_column("ratio", justify="right")
    for result in results:
        table.add_row(*_row(result))
    return table


def _row(result: Figure | Failed) -> tuple[str, ...]:
    match result:
        case Failed(name=name, reason=reason):
            return name, "failed", "", "", "", "", reason.splitlines()[-1][:60] if reason else "", ""
        case Figure():
            return _cells(result)


def _cells(figure: Figure) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "no"}[figure.met]
    beside = "" if figure.beside is None else f"{figure.beside.name}: {_shown(figure.beside.median)}"
    return (
        f"{figure.name}, {figure.unit}",
        *(_shown(value) for value in (figure.median, min(figure.values), max(figure.values))),
        "" if figure.below is None else f"< {figure.below:g}",
        met,
        beside,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
    )


def _shown(value: float) -> str:
    """Three figures, whole from a hundred on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
