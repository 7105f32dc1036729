"""The command line of the benchmarks, and how figures are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from tests.bench.child import ROOT, DidNotWork
from tests.bench.figure import Failed, Figure, Measure, Result
from tests.bench.machine import load, machine
from tests.bench.registry import BENCHMARKS

WIDTH = 150


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(BENCHMARKS)), help="Only these; repeatable.")
@click.option("--runs", type=click.IntRange(1), default=None, help="Runs of each, instead of its own number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option(
    "--out", default=ROOT / ".cache" / "bench.json", show_default=".cache/bench.json", type=click.Path(path_type=Path)
)
def main(only: Sequence[str], runs: int | None, as_json: bool, out: Path) -> None:
    """Measure, print a table, write JSON."""
    before = load()
    console = Console(stderr=True)
    results: dict[str, Sequence[Result]] = {}
    for name in only or BENCHMARKS:
        console.print(f"[dim]{name} ...[/]")
        results[name] = _measured(name, BENCHMARKS[name], runs)
    facts = machine() | {"load_before": before, "load_after": load()}
    document = {"machine": facts, "figures": {name: [r.as_json() for r in found] for name, found in results.items()}}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        _show(facts, [result for found in results.values() for result in found])


def _measured(name: str, measure: Measure, runs: int | None) -> Sequence[Result]:
    try:
        return measure() if runs is None else measure(runs)
    except DidNotWork as failed:
        return [Failed(name, str(failed))]


def _show(facts: dict[str, Any], results: Sequence[Result]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(_table(results))
    console.print(
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB, Linux {facts['kernel']},"
        f" Python {facts['python']}; load {facts['load_before']} before, {facts['load_after']} after",
        highlight=False,
    )


def _table(results: Sequence[Result]) -> Table:
    table = Table("figure", title=None)
    for heading in ("median", "min", "max", "target", "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("beside it", no_wrap=True)
    table.add_column("ratio", justify="right")
    for result in results:
        table.add_row(*_row(result))
    return table


def _row(result: Result) -> tuple[str, ...]:
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
