"""`minion blueprint`: check, draw, describe, test and replay blueprints. The language is imported when it is needed."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PLACE = click.Path(exists=True, path_type=Path)


@click.group()
def blueprint() -> None:
    """Check, draw, describe, test and replay blueprints."""


@blueprint.command()
@click.argument("places", metavar="FILE...", nargs=-1, required=True, type=_PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print a list of {file, line, column, message, hint}.")
@click.option("--excerpt/--plain", "excerpt", default=None, help="Show the lines themselves; so on a terminal.")
def check(places: tuple[Path, ...], as_json: bool, excerpt: bool | None) -> None:
    """Say all that is wrong with FILEs, as file:line:col; exit code 2 when anything is.

    A folder stands for all blueprints and walks in it. The files may call each other, those beside them, and the
    blueprints that come with Minion.
    """
    from minion.blueprint_cli.check import check_all

    code = check_all(places, as_json=as_json, excerpt=excerpt)
    if code:
        raise click.exceptions.Exit(code)


@blueprint.command()
@click.argument("name_or_file")
def graph(name_or_file: str) -> None:
    """Print a Mermaid flowchart of a blueprint file, or of one that comes with Minion."""
    from minion.blueprint.diagram import mermaid
    from minion.blueprint_cli.files import one

    click.echo(mermaid(one(name_or_file)), nl=False)


@blueprint.command()
def schema() -> None:
    """Print the JSON Schema of the language, for editors."""
    from minion.blueprint.json_schema import schema_text

    click.echo(schema_text(), nl=False)


@blueprint.command()
@click.argument("places", metavar="FILE...", nargs=-1, type=_PLACE)
@click.option("--min-coverage", type=click.IntRange(0, 100), metavar="PERCENT", help="Exit code 1 when less is walked.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results there, as XML.")
@click.option("--record", type=_FILE, help="Print the walk of a recording, as a file of walks, instead.")
@click.option("--replay", type=_FILE, help="Walk FILE, a blueprint, with the results of a recording instead.")
def test(
    places: tuple[Path, ...], min_coverage: int | None, junit: Path | None, record: Path | None, replay: Path | None
) -> None:
    """Follow blueprints by the outcomes in FILEs, and see where they end; nothing is executed.

    A folder stands for all files of walks in it. Exit code 1 when a walk goes another way than expected, 2 when a
    file is wrong.

    Recordings come from `minion run --record`, or from a task's page. With --replay, exit code 0 says that the
    blueprint still ends as recorded, 1 that it does not, 2 that it cannot be replayed.
    """
    from minion.blueprint_cli import replaying, testing

    if record is not None and replay is not None:
        raise click.UsageError("--record and --replay exclude each other")
    if record is not None:
        click.echo(replaying.as_case(record), nl=False)
        return
    if not places:
        raise click.UsageError("say which FILE")
    if replay is not None:
        code = replaying.replay_all(replay, places)
    else:
        code = testing.test_all(places, min_coverage=min_coverage, junit=junit)
    if code:
        raise click.exceptions.Exit(code)


@blueprint.command(hidden=True)
@click.argument("file", type=_FILE)
def reference(file: Path) -> None:
    """Make the generated blocks of the language reference in FILE anew."""
    from minion.blueprint.library import assemble
    from minion.blueprint.reference import rewrite
    from minion.bootstrap.blueprint_files import usage
    from minion.shipped import shipped

    library = assemble(shipped())
    if not isinstance(library, dict):
        raise usage(library)
    file.write_text(rewrite(file.read_text(encoding="utf-8"), library), encoding="utf-8")
