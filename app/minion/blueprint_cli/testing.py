"""`minion blueprint test`: walks, how they went, and how much of the blueprints they cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from minion.blueprint.coverage import Coverage, Watched, coverage
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problem
from minion.blueprint.scenario import Walks, follow, load_walks
from minion.blueprint_cli.files import expanded, holds_walks, library_beside
from minion.bootstrap.blueprint_files import content, usage, visible
from minion.domain.errors import UsageError

_MISSING_SHOWN = 12


@dataclass(frozen=True)
class Case:
    file: str
    blueprint: str
    name: str
    wrong: tuple[str, ...]
    """Empty when it went as expected."""


def test_all(places: Sequence[Path], *, min_coverage: int | None, junit: Path | None) -> int:
    """The exit code: 0 all as expected, 1 not, or too little covered. Raises `UsageError` for files that are wrong."""
    files = [path for path in expanded(places) if path in places or holds_walks(path, content(path))]
    if not files:
        raise UsageError(f"there are no walks in {', '.join(map(str, places))}")
    library = library_beside(files)
    engine = Watched(library)
    loaded = _loaded(files, library)
    cases = [
        Case(str(path), walks.blueprint, expected.name, follow(engine, walks, expected))
        for path, walks in loaded.items()
        for expected in walks.walks
    ]
    for case in cases:
        _tell(case)
    reached = [coverage(engine, library[name]) for name in dict.fromkeys(walks.blueprint for walks in loaded.values())]
    enough = _covered(reached, min_coverage)
    if junit is not None:
        _write_junit(junit, cases)
    return 0 if enough and not any(case.wrong for case in cases) else 1


def _loaded(files: Sequence[Path], library: Mapping[str, Blueprint]) -> dict[Path, Walks]:
    found: dict[Path, Walks] = {}
    wrong: list[Problem] = []
    for path in files:
        loaded = load_walks(content(path), source=str(path), library=library)
        if isinstance(loaded, Walks):
            found[path] = loaded
        else:
            wrong += loaded
    if wrong:
        raise usage(tuple(wrong))
    return found


def _tell(case: Case) -> None:
    click.echo(f"{'not ok' if case.wrong else 'ok'}  {case.blueprint}: {visible(case.name)}")
    for line in case.wrong:
        click.echo(f"        {visible(line)}")


def _covered(reached: Sequence[Coverage], least: int | None) -> bool:
    for one in reached:
        click.echo(f"coverage  {one}")
        missing = [*one.missing_nodes, *(f"{node}: {outcome}" for node, outcome in one.missing_ways)]
        if missing:
            more = f" and {len(missing) - _MISSING_SHOWN} more" if len(missing) > _MISSING_SHOWN else ""
            click.echo(f"          not walked: {', '.join(missing[:_MISSING_SHOWN])}{more}")
    too_few = [one for one in reached if least is not None and one.percent < least]
    for one in too_few:
        click.echo(f"not ok  {one.blueprint}: {one.percent} % covered, wanted {least} %")
    return not too_few


def _write_junit(path: Path, cases: Sequence[Case]) -> None:
    """https://github.com/testmoapp/junitxml#readme"""
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

    report = JUnitXml()
    for file in dict.fromkeys(case.file for case in cases):
        suite = TestSuite(file)
        for case in (case for case in cases if case.file == file):
            entry = TestCase(visible(case.name), classname=case.blueprint)
            if case.wrong:
                failure = Failure(visible(case.wrong[0]))
                failure.text = "\n".join(map(visible, case.wrong))
                entry.result = [failure]
            suite.add_testcase(entry)
        report.add_testsuite(suite)
    report.write(str(path))
