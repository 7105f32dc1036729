"""`minion demo`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click


@click.command()
@click.option("--package", default=None, help="A pure-Python package whose source distribution has tests.")
@click.option("--from", "before", default=None, metavar="VERSION", help="The release that the repository starts from.")
@click.option("--to", "after", default=None, metavar="VERSION", help="The release that tells what the fix is.")
@click.option("--outcome", type=click.Choice(["success", "handoff"]), default="success", show_default=True)
@click.option("--keep", is_flag=True, help="Leave everything running to look at.")
@click.option("--chaos", is_flag=True, help="Kill the App at random seconds.")
@click.option("--seed", type=int, default=None, help="The random seconds of --chaos again.")
@click.option(
    "--prepare", is_flag=True, help="Only fetch and examine the releases, so that a later run needs no network."
)
@click.option("--cache", default=".cache/demo", show_default=True, type=click.Path(file_okay=False))
@click.option("--timeout", default=900.0, show_default=True, help="Seconds until the task must have ended.")
def demo(  # noqa: PLR0913, PLR0917 -- one parameter per option
    package: str | None,
    before: str | None,
    after: str | None,
    outcome: str,
    keep: bool,
    chaos: bool,
    seed: int | None,
    prepare: bool,
    cache: str,
    timeout: float,
) -> None:
    """Label an issue of a real project and watch the pull request come: hub, App, runner and model on this machine."""
    from rich.console import Console

    from minion.demo.show import AFTER, BEFORE, PACKAGE, Show, Wish
    from minion.domain.errors import UsageError
    from minion.settings import machine_environment

    if len({package is None, before is None, after is None}) > 1:
        raise UsageError("give --package, --from and --to together, such as --package parse --from 1.20.1 --to 1.20.2")
    dice = seed if seed is not None else secrets.randbelow(100_000)
    wish = Wish(
        package=package or PACKAGE,
        before=before or BEFORE,
        after=after or AFTER,
        outcome=outcome,
        keep=keep,
        chaos=chaos,
        seed=dice,
        cache=Path(cache).resolve(),
        timeout_s=timeout,
        environment=machine_environment(),
    )
    show = Show(wish, Console(highlight=False, soft_wrap=True))
    if prepare:
        show.prepare()
        return
    if chaos:
        show.say(f"chaos with seed {dice} (--seed {dice} plays it again)")
    sys.exit(show.play())
