"""`minion doctor`: the examinations, joined to this process's settings and adapters."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from ruamel.yaml import YAML

from minion.bootstrap.models import missing_credentials
from minion.doctor.app import AppFacts, examine_app
from minion.doctor.endpoints import examine_database, examine_model, examine_runner
from minion.doctor.exposure import examine_exposure
from minion.doctor.machine import examine_machine
from minion.doctor.report import Finding, State, as_json, exit_code
from minion.domain.errors import MinionError
from minion.settings import Local, Model, Problems, Server
from minion.shipped import manifest

SERVER_ONLY = "MINION_APP_ID", "MINION_PRIVATE_KEY", "MINION_WEBHOOK_SECRET", "MINION_PUBLIC_URL"


def examine(*, print_json: bool) -> int:
    """Prints what was found; the exit code is 2 where something needed is missing."""
    findings = [*examine_machine(_box_problem), *_settings(), *examine_exposure(Path.cwd())]
    if print_json:
        click.echo(json.dumps(as_json(findings), indent=2))
    else:
        _table(findings)
    return exit_code(findings)


def _settings() -> list[Finding]:
    """The server is examined when anything of it is configured; the model always, since every door needs one."""
    server = Server.check()
    if isinstance(server, Server):
        app = _app(server)
        runner = [] if exit_code(app) else _runner(server)
        return [*app, *runner, _database(server), _model(server)]
    unset = {problem.variable for problem in server.found if problem.missing}
    if not unset.issuperset(SERVER_ONLY):
        return _broken(server)
    unused = Finding("settings", "server", State.UNUSED, "not configured; only `minion serve` needs it")
    local = Local.check()
    return [unused, *(_broken(local) if isinstance(local, Problems) else [_model(local)])]


def _broken(problems: Problems) -> list[Finding]:
    return [Finding("settings", p.variable, State.MISSING, p.text, f"set it to {p.mend}") for p in problems.found]


def _model(settings: Model) -> Finding:
    if settings.provider != "anthropic":
        problem = missing_credentials(settings)
        if problem is not None:
            return Finding("endpoints", "model", State.MISSING, problem)
        told = f"{settings.provider}: credentials were found; it was asked nothing, since each call costs money"
        return Finding("endpoints", "model", State.OK, told)
    return examine_model(settings.anthropic_base_url, settings.anthropic_api_key, settings.anthropic_auth_token)


def _app(settings: Server) -> list[Finding]:
    asked_for = _manifest()
    return examine_app(
        AppFacts(
            api_url=settings.github_api_url,
            app_id=settings.app_id,
            private_key=settings.private_key,
            public_url=settings.public_url,
            permissions=asked_for["default_permissions"],
            events=frozenset(asked_for["default_events"]),
        )
    )


def _runner(settings: Server) -> list[Finding]:
    """Only a repository that is named can be looked for: by default each owner has their own."""
    if settings.runner_repository is None:
        return []
    name, workflow = settings.runner_repository, settings.runner_workflow
    return [examine_runner(name, workflow, lambda: _runner_problem(settings, name))]


def _runner_problem(settings: Server, repository: str) -> str | None:
    from minion.adapters.clock import SystemClock
    from minion.adapters.github import ClientOptions, GitHubApp

    owner, _, name = repository.partition("/")
    options = ClientOptions(settings.github_api_url, attempts=1)
    with closing(GitHubApp(settings.app_id, settings.private_key, options, SystemClock())) as gate:
        try:
            installation = gate.find_installation(owner, name)
            if installation is None:
                return f"the App is not installed on {repository}"
            github = gate.installation(installation)
            facts = github.repository(owner, name)
            if facts is None or not github.workflow_exists(facts.ref, settings.runner_workflow):
                return f"{repository} has no workflow {settings.runner_workflow} on its default branch"
        except MinionError as error:
            return f"{repository} cannot be looked at: {error}"
    return None


def _manifest() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(manifest())
    return found


def _database(settings: Server) -> Finding:
    from minion.adapters.store.engine import connect, normalised

    def problem() -> str | None:
        try:
            with connect(settings.database_url).read():
                return None
        except (MinionError, OSError) as error:
            return str(error)

    return examine_database(normalised(settings.database_url).render_as_string(hide_password=True), problem)


def _box_problem() -> str | None:
    """Starts a real box around an empty folder."""
    from minion.adapters.sandbox.bubblewrap import available
    from minion.adapters.sandbox.settings import BoxSettings

    with tempfile.TemporaryDirectory(prefix="minion-doctor-") as folder:
        reason = available(BoxSettings(workspace=Path(folder)))
    return None if reason is None else f"{reason.remedy} ({reason.problem})"


def _table(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "what", "found", "how to mend it"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        colour = {"ok": "green", "warning": "yellow", "missing": "red", "unused": "dim"}[finding.state]
        row = (f"{finding.area}: {finding.name}", finding.text, finding.mend)
        table.add_row(f"[{colour}]{finding.state}[/]", *(escape(text) for text in row))
    Console().print(table)
