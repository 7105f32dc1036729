"""The command line: arguments, one error boundary, exit codes. Everything else is imported when a command needs it.

Exit codes: 0 done, 1 the task was not achieved, 2 wrong usage or configuration, 3 an outage or a bug.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from importlib import import_module
from typing import Final, NoReturn

import click

INTERRUPTED: Final = 130  # 128 + SIGINT, as shells report it
COLLECTIONS: Final = (50_000, 20, 50)
"""`gc.set_threshold`: what is imported lives as long as the process, and looking through it a thousand times while it
is imported took a sixth of a round's start."""

EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
"""As `minion.blueprint.schema` has them, which is not imported for `minion --help`."""

LAZY: Final = {
    "blueprint": ("minion.blueprint_cli", "blueprint", "Check, draw and describe blueprints."),
    "demo": ("minion.demo.cli", "demo", "The whole path on this machine: no account, no key, no network."),
}
"""Commands that live elsewhere: module, attribute and the line that `minion --help` shows for them."""


class _Ended(SystemExit):
    """All is written and put away: there is nothing that taking the interpreter apart could add but time."""


class _Commands(click.Group):
    """Lists the lazy commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *LAZY})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in LAZY:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = LAZY[cmd_name]
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)])

    def _short_help(self, ctx: click.Context, name: str) -> str:
        if name in LAZY:
            return LAZY[name][2]
        command = super().get_command(ctx, name)
        return command.get_short_help_str(limit=100) if command else ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "--version", package_name="minion", message="minion %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def cli(debug: bool) -> None:
    """An unattended coding bot for GitHub: label an issue, get a pull request that a person merges."""


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
def serve(host: str, port: int) -> None:
    """Run the App's server: webhooks, runners' API, model gateway, pages."""
    from minion.bootstrap.server import serve as start

    start(host, port)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--data", default=".minion/hub", show_default=True, type=click.Path(file_okay=False), help="Its folder.")
@click.option("--runner-env", multiple=True, metavar="NAME=VALUE", help="Added to the environment of jobs; repeatable.")
def hub(host: str, port: int, data: str, runner_env: tuple[str, ...]) -> None:
    """Run a GitHub in a box: REST, git, webhooks and Actions on loopback."""
    from minion.bootstrap.services import serve_hub

    serve_hub(host, port, data, runner_env)


@cli.command()
@click.option("--script", type=click.Path(exists=True, dir_okay=False), help="Play this YAML or JSON file.")
@click.option("--replay", type=click.Path(exists=True, dir_okay=False), help="Answer what was recorded in this file.")
@click.option("--loose", is_flag=True, help="With --replay: in the order of the recording, whatever is asked.")
@click.option("--record", type=click.Path(dir_okay=False), help="Pass on to --upstream, and record in this new file.")
@click.option("--upstream", default="https://api.anthropic.com", show_default=True, help="With --record: its address.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8091, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--api-key", default=None, help="With --script: refuse requests with any other key.")
def model(
    *,
    script: str | None,
    replay: str | None,
    loose: bool,
    record: str | None,
    upstream: str,
    host: str,
    port: int,
    api_key: str | None,
) -> None:
    """Run a model that plays a script, records another, or replays what was recorded; it speaks the Messages API."""
    from minion.bootstrap.services import record_model, replay_model, serve_model

    if sum(given is not None for given in (script, replay, record)) != 1:
        raise click.UsageError("Give one of --script, --replay and --record")
    if script is not None:
        serve_model(script, host, port, api_key)
    elif replay is not None:
        replay_model(replay, host, port, loose=loose)
    else:
        record_model(str(record), upstream, host, port)


@cli.command()
def action() -> None:
    """Carry out one round inside an Actions job (run by action/action.yml)."""
    from minion.bootstrap.action import carry_out_round

    sys.exit(carry_out_round())


@cli.command()
@click.argument("task", required=False)
@click.option("--repo", default=".", show_default=True, type=click.Path(exists=True, file_okay=False), help="Checkout.")
@click.option("--blueprint", default="implement", show_default=True, help="A shipped blueprint, or one of the team's.")
@click.option("--branch", default=None, metavar="NAME", help="The result's branch; one that exists is gone on with.")
@click.option("--base", default=None, metavar="REF", help="What a half-done branch is compared with, such as main.")
@click.option("--max", "max_usd", default=None, metavar="USD", help="The most that it may cost, such as 3 or $3.")
@click.option("--model", "model_id", default=None, help="Use this model for every role.")
@click.option("--effort", default=None, type=click.Choice(EFFORTS), help="How hard models think, for every node.")
@click.option(
    "--resume", default=None, is_flag=False, flag_value="last", metavar="[RUN]", help="Go on with an interrupted run."
)
@click.option("--report", "detailed", is_flag=True, help="Show what the tokens went for, node by node.")
@click.option("--dry-run", is_flag=True, help="Say in words what it would do; nothing is executed, nobody asked.")
@click.option("--given", default=None, metavar="FILE[#WALK]", help="With --dry-run: outcomes from a file of walks.")
@click.option("--record", default=None, metavar="FILE", help="Write down how each node ended, for blueprint test.")
@click.option("--quiet", is_flag=True, help="Show no progress, only the report at the end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def run(
    *,
    task: str | None,
    repo: str,
    blueprint: str,
    branch: str | None,
    base: str | None,
    max_usd: str | None,
    model_id: str | None,
    effort: str | None,
    resume: str | None,
    detailed: bool,
    dry_run: bool,
    given: str | None,
    record: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Carry out TASK in a git checkout; the result is a local branch.

    TASK is words, - for standard input, @FILE or the name of a file, or the address of a GitHub issue.
    """
    if given is not None and not dry_run:
        raise click.UsageError("--given goes with --dry-run only")
    if dry_run:
        from minion.bootstrap.dry_run import DryRequest
        from minion.bootstrap.dry_run import dry_run as walk_dry

        sys.exit(walk_dry(DryRequest(task or "", repo, blueprint, given, as_json)))
    from minion.bootstrap.local import LocalRequest, run_task

    request = LocalRequest(
        task=task,
        repository=repo,
        blueprint=blueprint,
        max_usd=max_usd,
        model=model_id,
        effort=effort,
        branch=branch,
        base=base,
        resume=resume,
        record=record,
        as_json=as_json,
        quiet=quiet,
        detailed=detailed,
    )
    raise _Ended(run_task(request))


@cli.group()
def rules() -> None:
    """The rule files (AGENTS.md, CLAUDE.md, ...) that an agent follows."""


@rules.command()
@click.argument("path")
@click.option("--repo", default=".", show_default=True, type=click.Path(exists=True, file_okay=False), help="Checkout.")
def explain(path: str, repo: str) -> None:
    """Show which rules apply to PATH, and why."""
    from minion.bootstrap.local import explain_rules

    click.echo(explain_rules(path, repo))


@cli.group()
def mcp() -> None:
    """The MCP servers whose tools an agent may be given."""


@mcp.command("list")
@click.option("--repo", default=".", show_default=True, type=click.Path(exists=True, file_okay=False), help="Checkout.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(repo: str, as_json: bool) -> None:
    """Start the servers that HEAD declares, and show their tools, reviews and digests."""
    from minion.bootstrap.tool_listing import list_tools

    click.echo(list_tools(repo, as_json=as_json))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Say what is configured, what is missing, and how to mend it."""
    from minion.bootstrap.doctor import examine

    sys.exit(examine(print_json=as_json))


def main() -> NoReturn:
    """The process's one error boundary."""
    gc.set_threshold(*COLLECTIONS)
    debug = "--debug" in sys.argv[1:]
    try:
        code = cli.main(args=_without_debug(sys.argv[1:]), prog_name="minion", standalone_mode=False)
    except _Ended as ended:
        _leave(ended)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 -- the one catch-all of the process
        sys.exit(_report(error, debug=debug))
    sys.exit(code)  # what `click.exceptions.Exit` said; None, which is 0, of commands that say nothing


def _leave(ended: _Ended) -> NoReturn:
    """At once, without the tenth of a second that a thousand modules take to be let go."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # whoever read it has left, and wants nothing more
        pass
    os._exit(ended.code if isinstance(ended.code, int) else 1)


def _without_debug(arguments: list[str]) -> list[str]:
    """`--debug` is understood anywhere in front of a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [word for word in arguments[:end] if word != "--debug"] + arguments[end:]


def _report(error: Exception, *, debug: bool) -> int:
    from minion.domain.errors import MinionError

    if debug:
        traceback.print_exception(error)
    if isinstance(error, MinionError):
        click.echo(f"minion: {_inert(str(error))}", err=True)
        return error.exit_code
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("minion"):
        click.echo(f"minion: {error.name} is not installed: pip install 'minion[server]'", err=True)
        return 2
    hint = "" if debug else " (--debug shows where)"
    click.echo(f"minion: unexpected {type(error).__name__}: {_inert(str(error))}{hint}", err=True)
    return 3


def _inert(text: str) -> str:
    """In a job's log, a line that begins with :: would be a command, whoever wrote it."""
    return "\n".join(f"| {line}" if line.lstrip().startswith(("::", "##[")) else line for line in text.splitlines())
