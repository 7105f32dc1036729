"""`minion run`: a private copy of the checkout, the model called directly, and a local branch as the result."""

from __future__ import annotations

import signal
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from minion.adapters.anthropic_model import AnthropicModel, Credential, preload
from minion.adapters.workspace import BranchRefused, LocalCopy, commit_to_branch, copy_of_checkout
from minion.agent.prices import ROLES, PriceTable
from minion.agent.rules import RuleBook
from minion.blueprint.engine import Engine
from minion.blueprint.team import Team, blueprint_name, gather
from minion.bootstrap.prices import priced
from minion.bootstrap.site import BoxedSite, Place, Task, Workshop
from minion.domain.changeset import ChangeSet
from minion.domain.config import RepositoryConfiguration
from minion.domain.errors import UsageError
from minion.domain.ids import CommitSha, TaskId, new_task_id
from minion.domain.spec import Scope, TaskSpec
from minion.ports.workspace import Workspace
from minion.runner.environment import prepare
from minion.runner.facts import Facts
from minion.runner.journal import Journal
from minion.runner.local import Commit, LocalOutcome, LocalRun, NotCommitted
from minion.runner.local_report import LocalReport, as_json, as_text
from minion.runner.progress import Progress
from minion.runner.walk import Walk
from minion.settings import Local
from minion.shipped import shipped
from minion.tasks.branches import branch_name
from minion.tasks.configuration import PATH, Broken, read_configuration
from minion.tasks.gate import GateRules
from minion.tasks.trailers import PushMark, commit_message


@dataclass(frozen=True)
class LocalRequest:
    """The command line of `minion run`."""

    task: str
    repository: str
    blueprint: str
    max_usd: str | None
    model: str | None
    as_json: bool


def run_task(request: LocalRequest) -> int:
    """The exit code: 0 done, 1 not achieved, 130 stopped."""
    preload()
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Local.read()
    console = Console(stderr=True, quiet=request.as_json)
    with tempfile.TemporaryDirectory(prefix="minion-run-", ignore_cleanup_errors=True) as folder:
        place = Place.under(Path(folder))
        copy = copy_of_checkout(Path(request.repository), place.work, place.private)
        report = _LocalTask(request, settings, place, copy, console).report(started)
    click.echo(as_json(report) if request.as_json else as_text(report))
    return report.outcome.exit_code


@dataclass(frozen=True)
class _LocalTask:
    request: LocalRequest
    settings: Local
    place: Place
    copy: LocalCopy
    console: Console

    def report(self, started: float) -> LocalReport:
        title = self.request.task.strip().splitlines()[0] if self.request.task.strip() else ""
        if not title:
            raise UsageError("The task is empty: say what should be done")
        branch = free_branch(Path(self.request.repository), title)
        outcome = self._carry_out(branch, title)
        diff = self.copy.workspace.diff(limit=10**9)
        return LocalReport(outcome, branch if outcome.sha else None, diff, time.monotonic() - started)

    def _carry_out(self, branch: str, title: str) -> LocalOutcome:
        configuration = configuration_of(self.copy.workspace)
        prices = self._prices(configuration)
        team = library_of(self.copy.workspace, self.request.blueprint)
        engine = Engine(team.library)
        state = engine.start(self.request.blueprint, {"issue": 0, "pr": 0}, max_usd=self._max_usd(configuration))
        spec = TaskSpec(
            title=title, objective=self.request.task, author="local", author_can_write=True, requested_by="local"
        )
        self._warn(configuration, team)
        with Progress(self.console) as progress:
            journal = Journal([progress.listen])
            site = self._site(configuration, prices, journal)
            self._prepare(site, configuration, journal)
            walk = Walk(
                engine=engine,
                state=state,
                site=site,
                facts=Facts(spec, 0, (), site.workspace, base_is_trusted=True),
                journal=journal,
                cancelled=lambda: None,
                usd=engine.caps_left(state).usd,
            )
            return LocalRun(walk, self._rules(configuration), self._commit(branch, title)).to_the_end()

    def _site(self, configuration: RepositoryConfiguration, prices: PriceTable, journal: Journal) -> BoxedSite:
        settings = self.settings
        secret = settings.anthropic_api_key or settings.anthropic_auth_token
        if secret is None:
            raise AssertionError("the settings were checked for a key")
        credential = Credential(secret, bearer=settings.anthropic_api_key is None)
        workshop = Workshop(
            model=AnthropicModel(settings.anthropic_base_url, credential),
            prices=prices,
            sandbox_mode=settings.sandbox,
            tool_cache=settings.tool_cache,
        )
        task = Task(configuration, Scope(), base_sha=self.copy.workspace.head_sha)
        return workshop.open(self.copy.workspace, self.place, task, journal, lambda: None)

    def _prepare(self, site: BoxedSite, configuration: RepositoryConfiguration, journal: Journal) -> None:
        """Debian packages are the person's own business on their machine."""
        environment = configuration.environment.model_copy(update={"packages": ()})
        unprepared = prepare(environment, site.workspace.root, site.host, journal)
        if unprepared is not None:
            raise UsageError(unprepared.reason)
        site.prepared()
        escapes = site.escapes()
        if escapes and site.sandbox_mode != "unsafe":
            raise UsageError(f"The sandbox does not hold on this machine: {'; '.join(escapes)}")

    def _warn(self, configuration: RepositoryConfiguration, team: Team) -> None:
        for broken in team.broken_files:
            self.console.print(f"[yellow]Left out, broken:[/] {escape(str(broken))}")
        if self.copy.uncommitted:
            shown = ", ".join(self.copy.uncommitted[:5])
            self.console.print(f"[yellow]Not committed, so not in the copy:[/] {len(self.copy.uncommitted)} ({shown})")
        if configuration.environment.packages:
            names = " ".join(configuration.environment.packages)
            self.console.print(f"[yellow]Not installed here:[/] environment.packages ({names})")

    def _prices(self, configuration: RepositoryConfiguration) -> PriceTable:
        """Roles as the person, then the repository maps them; `--model` is for all of them."""
        roles = {**self.settings.models, **configuration.models}
        if self.request.model is not None:
            roles = dict.fromkeys(ROLES, self.request.model)
        return priced(roles, self.settings.prices)

    def _max_usd(self, configuration: RepositoryConfiguration) -> Decimal | None:
        said = [parse_usd(self.request.max_usd), self.settings.max_usd, configuration.max_usd]
        return min((limit for limit in said if limit is not None), default=None)

    def _rules(self, configuration: RepositoryConfiguration) -> GateRules:
        settings = self.settings
        return GateRules(
            protected_paths=configuration.protected_paths,
            max_files=configuration.max_files,
            max_bytes=configuration.max_bytes,
            secrets=tuple(key for key in (settings.anthropic_api_key, settings.anthropic_auth_token) if key),
        )

    def _commit(self, branch: str, title: str) -> Commit:
        task_id: TaskId = new_task_id()

        def commit(changes: ChangeSet, what: str) -> CommitSha | NotCommitted:
            message = commit_message(title, what, PushMark(task_id, 1))
            made = commit_to_branch(Path(self.request.repository), branch, changes, message)
            return NotCommitted(made.reason) if isinstance(made, BranchRefused) else made.sha

        return commit


def explain_rules(path: str, repository: str) -> str:
    """Which rule files of the checkout's HEAD an agent would be given for `path`, and why."""
    with tempfile.TemporaryDirectory(prefix="minion-rules-", ignore_cleanup_errors=True) as folder:
        place = Place.under(Path(folder))
        book = RuleBook(copy_of_checkout(Path(repository), place.work, place.private).workspace)
        given = [*book.opening(), *book.touched([path])]
    lines = [f"{rule.source}: {rule.why} ({len(rule.text)} characters)" for rule in given]
    lines = lines or [f"No rule file applies to {path}."]
    lines += [f"{source}: left out, no room ({book.max_bytes:,} bytes for all rules)" for source in book.dropped]
    lines += [f"{problem}: not loaded" for problem in book.problems]
    return "\n".join(lines)


def free_branch(repository: Path, title: str) -> str:
    """`minion/<slug>`, numbered where an earlier run left a branch of that name."""
    import git

    with git.Repo(repository, search_parent_directories=True) as repo:
        taken = {head.name for head in repo.heads}
    wanted = branch_name(0, title).replace("minion/0-", "minion/", 1)
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbered) if name not in taken)


def configuration_of(workspace: Workspace) -> RepositoryConfiguration:
    read = read_configuration(workspace.read_at_base(PATH))
    if isinstance(read, Broken):
        raise UsageError(str(read))
    return read


def library_of(workspace: Workspace, name: str) -> Team:
    """The shipped blueprints and the team's own, which win. Raises `UsageError` with every problem at its place when
    what `name` needs is broken; other broken files stop nothing."""
    paths = [path for path in workspace.list_at_base() if blueprint_name(path) is not None]
    team = gather(shipped(), {path: workspace.read_at_base(path) or b"" for path in paths})
    if name in team.broken:
        raise UsageError("\n".join(map(str, team.broken[name])))
    return team


def parse_usd(text: str | None) -> Decimal | None:
    """`3`, `$3` or `2.50`. Raises `UsageError`."""
    if text is None:
        return None
    try:
        amount = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise UsageError(f"--max {text}: write an amount of US dollars such as 3 or $2.50")
    return amount
