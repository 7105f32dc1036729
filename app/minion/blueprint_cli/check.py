"""`minion blueprint check`: all that is wrong, for people, editors and CI."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unicodedata import east_asian_width

import click

from minion.blueprint.library import calls, link
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problem, Problems
from minion.blueprint_cli.files import beside, expanded, holds_walks, loaded_from, ours
from minion.bootstrap.blueprint_files import content, visible

_WIDTH = 110
"""Characters of a source line that are shown."""


def check_all(places: Sequence[Path], *, as_json: bool, excerpt: bool | None) -> int:
    """The exit code: 0 all good, 2 not. Raises `UsageError` for what cannot be read."""
    files = expanded(places)
    texts = {path: content(path) for path in files}
    problems = problems_in(texts)
    if as_json:
        click.echo(json.dumps([_as_data(problem) for problem in problems], indent=2))
    else:
        _tell(problems, texts, sys.stderr.isatty() if excerpt is None else excerpt)
        if not problems:
            click.echo(f"{len(files)} of {len(files)} good")
    return 2 if problems else 0


def problems_in(texts: Mapping[Path, bytes]) -> Problems:
    """Of all files, in the files' order and by place."""
    found: dict[str, list[Problem]] = {str(path): [] for path in texts}
    known: dict[Path, Blueprint] = {}
    for path, text in texts.items():
        if holds_walks(path, text):
            continue
        loaded = loaded_from(path, text, name=path.stem)
        if isinstance(loaded, Blueprint):
            known[path] = loaded
        else:
            found[str(path)] += loaded
    broken = {path.stem for path in texts if found[str(path)]}
    for problem in [*_unlinked(known, broken), *_walks(texts, known, broken)]:
        found[problem.source].append(problem)
    return tuple(problem for each in found.values() for problem in sorted(each, key=_place))


def _place(problem: Problem) -> tuple[int, int, str]:
    return problem.line, problem.column, problem.message


def _unlinked(known: Mapping[Path, Blueprint], broken: set[str]) -> Iterator[Problem]:
    """What is wrong between the good ones; calls of broken ones wait until those are mended."""
    shipped = ours() if known else {}
    given = {blueprint.name: blueprint for blueprint in known.values()}
    for folder in sorted({path.parent for path in known}):
        own = {blueprint.name: path for path, blueprint in known.items() if path.parent == folder}
        library = {
            **shipped,
            **given,
            **beside(list(own.values())),
            **{name: known[path] for name, path in own.items()},
        }
        waiting = {
            blueprint.places.get(call.name)
            for blueprint in library.values()
            for call in calls(blueprint)
            if call.blueprint in broken
        }
        for problem in link(library, {name: str(path) for name, path in own.items()}):
            if problem.source in map(str, own.values()) and (problem.line, problem.column) not in waiting:
                yield problem


def _walks(texts: Mapping[Path, bytes], known: Mapping[Path, Blueprint], broken: set[str]) -> Iterator[Problem]:
    for path, text in texts.items():
        if not holds_walks(path, text):
            continue
        from minion.blueprint.scenario import load_walks  # it needs the engine, which blueprints alone do not

        shipped = ours()
        given = {blueprint.name: blueprint for blueprint in known.values()}
        loaded = load_walks(text, source=str(path), library={**shipped, **given, **beside([path])})
        if isinstance(loaded, tuple) and not _names_one_of(loaded, broken):
            yield from loaded


def _names_one_of(problems: Problems, broken: set[str]) -> bool:
    """Walks of a blueprint that is broken are looked at when it is mended."""
    return any(problem.message == f"there is no blueprint `{name}`" for problem in problems for name in broken)


def _as_data(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.source,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def _tell(problems: Problems, texts: Mapping[Path, bytes], excerpt: bool) -> None:
    lines = {str(path): text.decode("utf-8", "replace").splitlines() for path, text in texts.items()} if excerpt else {}
    for problem in problems:
        if not excerpt:
            click.echo(visible(str(problem)), err=True)
            continue
        place = click.style(f"{problem.source}:{problem.line}:{problem.column}:", bold=True)
        click.echo(f"{place} {click.style(visible(problem.message), fg='red')}", err=True)
        for line in _excerpt(problem, lines[problem.source]):
            click.echo(line, err=True)


def _excerpt(problem: Problem, lines: Sequence[str]) -> Iterator[str]:
    """The line before, the line itself, and a caret below it with the hint."""
    number = f"{problem.line:>5}"
    first = max(0, problem.column - _WIDTH + 30)
    if 1 < problem.line <= len(lines) + 1 and lines[problem.line - 2].strip():
        yield f"{problem.line - 1:>5} | {_shown(lines[problem.line - 2], first)}"
    if problem.line <= len(lines):
        text = lines[problem.line - 1]
        yield f"{number} | {_shown(text, first)}"
        blank = sum(_columns(char) for char in text[first : problem.column - 1])
        blank += max(0, problem.column - 1 - len(text))
        yield f"      | {' ' * blank}{click.style('^', fg='red', bold=True)} {visible(problem.hint)}".rstrip()
    elif problem.hint:
        yield f"      | {visible(problem.hint)}"


def _shown(text: str, first: int) -> str:
    """One column for each that the caret counts: a tab is one, what does not print is a dot."""
    cut = text[first : first + _WIDTH]
    return "".join(char if char.isprintable() else " " if char == "\t" else "·" for char in cut)


def _columns(char: str) -> int:
    return 2 if east_asian_width(char) in "WF" else 1
