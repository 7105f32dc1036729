"""`minion blueprint`: check, draw, describe and test blueprints. The language is imported only when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from minion.blueprint.model import Blueprint
    from minion.blueprint.problem import Problem, Problems
    from minion.domain.errors import UsageError


@click.group()
def blueprint() -> None:
    """Check, draw, describe and test blueprints."""


@blueprint.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Say all that is wrong with FILES, as file:line:col; exit code 2 when anything is.

    The files may call each other and the blueprints that come with Minion.
    """
    problems = _problems(files)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        raise click.exceptions.Exit(2)
    click.echo(f"{len(files)} of {len(files)} good")


@blueprint.command()
@click.argument("name_or_file")
def graph(name_or_file: str) -> None:
    """Print a Mermaid flowchart of a blueprint file, or of one that comes with Minion."""
    from minion.blueprint.diagram import mermaid

    click.echo(mermaid(_one(name_or_file)), nl=False)


@blueprint.command()
def schema() -> None:
    """Print the JSON Schema of the language, for editors."""
    import json

    from minion.blueprint.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@blueprint.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def test(files: tuple[Path, ...]) -> None:
    """Follow blueprints by the outcomes in FILES, and see where they end; nothing is executed.

    Exit code 1 when a walk goes another way than expected, 2 when a file is wrong.
    """
    from minion.blueprint.engine import Engine
    from minion.blueprint.scenario import follow, load_walks

    library = _library_beside(files)
    failed = 0
    for path in files:
        loaded = load_walks(path.read_bytes(), source=str(path), library=library)
        if isinstance(loaded, tuple):
            raise _usage(loaded)
        for expected in loaded.walks:
            wrong = follow(Engine(library), loaded, expected)
            failed += bool(wrong)
            click.echo(f"{'not ok' if wrong else 'ok'}  {loaded.blueprint}: {expected.name}")
            for line in wrong:
                click.echo(f"        {line}")
    if failed:
        raise click.exceptions.Exit(1)


@blueprint.command(hidden=True)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def reference(file: Path) -> None:
    """Make the generated blocks of the language reference in FILE anew."""
    from minion.blueprint.library import assemble
    from minion.blueprint.reference import rewrite
    from minion.shipped import shipped

    library = assemble(shipped())
    if not isinstance(library, dict):
        raise _usage(library)
    file.write_text(rewrite(file.read_text(encoding="utf-8"), library), encoding="utf-8")


def _problems(files: tuple[Path, ...]) -> Problems:
    from minion.blueprint.library import assemble, link
    from minion.blueprint.loader import load
    from minion.blueprint.model import Blueprint
    from minion.shipped import shipped

    found: list[Problem] = []
    known: dict[str, Blueprint] = {}
    sources: dict[str, str] = {}
    for path in files:
        loaded = load(path.read_bytes(), source=str(path), name=path.stem)
        if isinstance(loaded, Blueprint):
            known[loaded.name], sources[loaded.name] = loaded, str(path)
        else:
            found += loaded
    if found:
        return tuple(found)
    ours = assemble(shipped())
    library = {**ours, **known} if isinstance(ours, dict) else known
    return tuple(one for one in link(library, sources) if one.source in sources.values())


def _one(name_or_file: str) -> Blueprint:
    from minion.blueprint.loader import load
    from minion.blueprint.model import Blueprint
    from minion.domain.errors import UsageError
    from minion.shipped import shipped

    path = Path(name_or_file)
    known = shipped()
    if not path.is_file() and name_or_file not in known:
        raise UsageError(f"there is neither a file nor a blueprint `{name_or_file}`; there are {', '.join(known)}")
    text = path.read_bytes() if path.is_file() else known[name_or_file]
    loaded = load(text, source=name_or_file)
    if isinstance(loaded, Blueprint):
        return loaded
    raise _usage(loaded)


def _library_beside(files: tuple[Path, ...]) -> dict[str, Blueprint]:
    """The blueprints that come with Minion, and those in the folders of the files."""
    from minion.blueprint.library import assemble
    from minion.shipped import shipped

    texts = shipped()
    for folder in sorted({path.resolve().parent for path in files}):
        for path in sorted(folder.glob("*.yml")):
            text = path.read_text(encoding="utf-8", errors="replace")
            if "\nkind: Blueprint\n" in f"\n{text}":
                texts[path.stem] = text
    library = assemble(texts)
    if isinstance(library, dict):
        return library
    raise _usage(library)


def _usage(problems: Problems) -> UsageError:
    from minion.domain.errors import UsageError

    return UsageError("\n".join(str(problem) for problem in problems))
