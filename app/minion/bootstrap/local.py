"""`minion run`: a private copy of the checkout, the model called directly, and a local branch as the result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minion.adapters.workspace import (
    BranchRefused,
    LocalCopy,
    Start,
    branch_tip,
    commit_to_branch,
    copy_of_checkout,
    git_directory,
)
from minion.agent.prices import ROLES, PriceTable
from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.state import State
from minion.bootstrap.counting import Counting
from minion.bootstrap.local_task import Asked, read_task
from minion.bootstrap.models import client_of, model_of
from minion.bootstrap.place import Place
from minion.bootstrap.preload import preload
from minion.bootstrap.prices import priced, take_effort
from minion.bootstrap.recordings import may_record, write_recording
from minion.bootstrap.repository import configuration_of, explain_rules, free_branch, library_of
from minion.bootstrap.scratch import scratch
from minion.bootstrap.stopping import Stopper
from minion.bootstrap.terminal import Terminal, terminal
from minion.bootstrap.tool_servers import variables_of
from minion.bootstrap.warming import Warming
from minion.domain.changeset import ChangeSet
from minion.domain.config import RepositoryConfiguration
from minion.domain.errors import UsageError
from minion.domain.ids import CommitSha, new_task_id
from minion.domain.secret import Secret
from minion.nodes.base import Asked as Wishes
from minion.runner.environment import prepare
from minion.runner.facts import Facts
from minion.runner.journal import Journal
from minion.runner.local import Commit, LocalOutcome, LocalRun, NotCommitted
from minion.runner.local_meter import Meter
from minion.runner.local_report import LocalReport, as_json, as_text
from minion.runner.local_resume import begun_node, learned, reached, told_once, unmoved
from minion.runner.local_runs import HeldRun, RunRecord, Runs
from minion.runner.walk import Walk
from minion.settings import Local
from minion.tasks.gate import GateRules
from minion.tasks.trailers import PushMark, commit_message

if TYPE_CHECKING:
    from minion.bootstrap.site import BoxedSite

__all__ = ["LocalRequest", "configuration_of", "explain_rules", "library_of", "parse_usd", "run_task"]


@dataclass(frozen=True)
class LocalRequest:
    """The command line of `minion run`. Either `task` or `resume` (a run's id, or `last`) is given."""

    task: str | None
    repository: str = "."
    blueprint: str = "implement"
    max_usd: str | None = None
    model: str | None = None
    effort: str | None = None
    branch: str | None = None
    base: str | None = None
    resume: str | None = None
    record: str | None = None
    """File for a recording of how each node ended."""
    as_json: bool = False
    quiet: bool = False
    detailed: bool = False


def run_task(request: LocalRequest) -> int:
    """The exit code: 0 done, 1 not achieved, 130 stopped."""
    started = time.monotonic()
    if (request.task is None) == (request.resume is None):
        raise UsageError("Say what should be done (minion run TASK), or go on with a run (minion run --resume)")
    if request.record is not None:
        may_record(Path(request.record))
    told = terminal(quiet=request.as_json or request.quiet)
    Stopper(told.plain).install()
    settings = Local.read()
    preload("minion.bootstrap.site", client_of(settings))
    with scratch() as folder:
        run = _LocalTask(request, settings, Place.under(folder), told)
        report = run.begin(started) if request.resume is None else run.go_on(request.resume, started)
    click.echo(as_json(report) if request.as_json else as_text(report, detailed=request.detailed))
    return report.outcome.exit_code


@dataclass(frozen=True)
class _Begun:
    """A run that can be walked: new, or as far as its record says."""

    copy: LocalCopy
    configuration: RepositoryConfiguration
    engine: Engine
    state: State
    record: RunRecord

    @cached_property
    def counting(self) -> Counting:
        return Counting(self.copy.workspace)


@dataclass(frozen=True)
class _LocalTask:
    request: LocalRequest
    settings: Local
    place: Place
    terminal: Terminal

    @property
    def _repository(self) -> Path:
        return Path(self.request.repository)

    # --- new or again

    def begin(self, started: float) -> LocalReport:
        asked = read_task(self.request.task or "", self.settings)
        branch = self.request.branch or free_branch(self._repository, asked.number, asked.spec.title)
        tip = branch_tip(self._repository, branch) if self.request.branch else None
        copy = self._copy(Start(tip or self._named(asked), self.request.base))
        configuration = configuration_of(copy.workspace)
        team = library_of(copy.workspace, self.request.blueprint)
        engine = Engine(team.library)
        state = engine.start(self.request.blueprint, _inputs(asked), max_usd=self._max_usd(configuration))
        self._tell(asked, [str(broken) for broken in team.broken_files], copy, configuration)
        record = RunRecord(
            id=new_task_id(),
            began=datetime.now(UTC).isoformat(timespec="seconds"),
            blueprint=self.request.blueprint,
            blueprints=team.pinned(state.digests),
            state=state.model_dump(mode="json"),
            spec=asked.spec,
            number=asked.number,
            head_sha=CommitSha(copy.workspace.head_sha),
            base_sha=CommitSha(copy.base_sha),
            branch=branch,
            work=ChangeSet(base_sha=CommitSha(copy.workspace.head_sha)),
            found=tip,
            usd=min(
                limit for limit in (team.library[self.request.blueprint].caps.usd, state.max_usd) if limit is not None
            ),
        )
        return self._report(_Begun(copy, configuration, engine, state, record), started)

    def _named(self, asked: Asked) -> str | None:
        """The branch that the task's text begins at, by the word of somebody with write permission."""
        name = asked.spec.branch if asked.spec.trusted else ""
        if name and branch_tip(self._repository, name) is None:
            raise UsageError(f"The task begins at the branch {name}, which is not here: git fetch origin {name}:{name}")
        return f"refs/heads/{name}" if name else None

    def go_on(self, wanted: str, started: float) -> LocalReport:
        record = self._runs().find(wanted)
        unmoved(record, branch_tip(self._repository, record.branch))
        copy = self._copy(Start(record.head_sha, record.base_sha))
        library = assemble(record.blueprints)
        if not isinstance(library, dict):
            raise UsageError(f"This version of minion cannot read the run's blueprints: {library[0]}")
        engine = Engine(library)
        state = reached(engine, record)
        configuration = configuration_of(copy.workspace)
        if self.request.max_usd is not None:
            most = self._max_usd(configuration)
            state = state.model_copy(update={"max_usd": most})
            record = record.model_copy(update={"usd": most})
        self.terminal.line("Going on with {} on {}: {}", record.id, record.branch, record.spec.title)
        return self._report(_Begun(copy, configuration, engine, state, record), started)

    def _runs(self) -> Runs:
        return Runs.of(git_directory(self._repository))

    def _copy(self, start: Start) -> LocalCopy:
        return copy_of_checkout(self._repository, self.place.work, self.place.private, start)

    # --- the run

    def _report(self, begun: _Begun, started: float) -> LocalReport:
        prices = self._prices(begun.configuration)
        held = self._runs().hold(begun.record.id)
        meter = Meter(held.spent)
        try:
            outcome = self._carry_out(begun, prices, held, meter)
        finally:
            held.close()
        lines = begun.counting.of(begun.copy.workspace.change_set())
        branch = begun.record.branch if outcome.sha else None
        return LocalReport(outcome, branch, lines, time.monotonic() - started, meter.gates)

    def _carry_out(self, begun: _Begun, prices: PriceTable, held: HeldRun, meter: Meter) -> LocalOutcome:
        record, workspace = begun.record, begun.copy.workspace
        with self.terminal.following() as show:
            journal = Journal([show, meter.listen, Warming().listen])
            site = self._site(begun, prices, journal)
            walk = Walk(
                engine=begun.engine,
                state=begun.state,
                site=site,
                facts=Facts(
                    record.spec, record.number, (), workspace, base_is_trusted=record.base_sha == record.head_sha
                ),
                journal=journal,
                cancelled=lambda: None,
                usd=record.usd,
                learned=learned(record),
                beside=told_once(begun_node(record, begun.engine, begun.state), workspace),
            )
            self._prepare(site, begun.configuration, journal, walk)
            workspace.apply(record.work)
            run = LocalRun(walk, self._rules(begun), self._commit(begun), record, held, meter)
            outcome = run.to_the_end()
            if self.request.record is not None:
                write_recording(Path(self.request.record), record.blueprints, walk.state, run.rules.secrets)
            return outcome

    def _site(self, begun: _Begun, prices: PriceTable, journal: Journal) -> BoxedSite:
        from minion.bootstrap.site import Task, Workshop

        settings = self.settings
        workshop = Workshop(
            model=model_of(settings),
            prices=prices,
            sandbox_mode=settings.sandbox,
            tool_cache=settings.tool_cache,
            mcp_secrets=settings.mcp_secrets,
            egress_loopback=settings.egress_loopback,
            effort=self.request.effort,
        )
        spec = begun.record.spec
        task = Task(begun.configuration, spec.scope, base_sha=begun.copy.base_sha, asked=Wishes.of(spec))
        return workshop.open(begun.copy.workspace, self.place, task, journal, lambda: None)

    def _prepare(self, site: BoxedSite, configuration: RepositoryConfiguration, journal: Journal, walk: Walk) -> None:
        """Debian packages are the person's own business on their machine."""
        environment = configuration.environment.model_copy(update={"packages": ()})
        unprepared = prepare(environment, site.workspace.root, site.host, journal)
        failed = walk.prepare() if unprepared is None else unprepared.reason
        if failed is not None:
            raise UsageError(failed)
        site.prepared()
        escapes = site.escapes()
        if escapes and site.sandbox_mode != "unsafe":
            raise UsageError(f"The sandbox does not hold on this machine: {'; '.join(escapes)}")

    # --- what is told and what is allowed

    def _tell(self, asked: Asked, broken: list[str], copy: LocalCopy, configuration: RepositoryConfiguration) -> None:
        if asked.source:
            self.terminal.line("The task is from {}", asked.source)
        for note in asked.notes:
            self.terminal.line("[yellow]{}[/]", note)
        for text in broken:
            self.terminal.line("[yellow]Left out, broken:[/] {}", text)
        if copy.uncommitted:
            shown = ", ".join(copy.uncommitted[:5])
            self.terminal.line("[yellow]Not committed, so not in the copy:[/] {} ({})", len(copy.uncommitted), shown)
        if configuration.environment.packages:
            names = " ".join(configuration.environment.packages)
            self.terminal.line("[yellow]Not installed here:[/] environment.packages ({})", names)

    def _prices(self, configuration: RepositoryConfiguration) -> PriceTable:
        """Roles as the person, then the repository maps them; `--model` is for all of them."""
        roles = {**self.settings.models, **configuration.models}
        if self.request.model is not None:
            roles = dict.fromkeys(ROLES, self.request.model)
        prices = priced(roles, self.settings.prices, self.settings.provider)
        if self.request.effort is not None:
            take_effort(prices)
        return prices

    def _max_usd(self, configuration: RepositoryConfiguration) -> Decimal | None:
        said = [parse_usd(self.request.max_usd), self.settings.max_usd, configuration.max_usd]
        return min((limit for limit in said if limit is not None), default=None)

    def _rules(self, begun: _Begun) -> GateRules:
        settings, configuration = self.settings, begun.configuration
        tokens = (settings.github_token,) if settings.github_token else ()
        served = map(Secret, variables_of(configuration.mcp, settings.mcp_secrets).values())
        return GateRules(
            scope=begun.record.spec.scope,
            protected_paths=configuration.protected_paths,
            max_files=configuration.max_files,
            max_bytes=configuration.max_bytes,
            secrets=(*settings.model_secrets, *tokens, *served),
        )

    def _commit(self, begun: _Begun) -> Commit:
        record, begin = begun.record, begun.copy.workspace.listing

        def commit(changes: ChangeSet, what: str) -> CommitSha | NotCommitted:
            message = commit_message(record.spec.title, what, PushMark(record.id, 1))
            begun.counting.begin(changes)
            made = commit_to_branch(self._repository, record.branch, changes, message, begin=begin)
            return NotCommitted(made.reason) if isinstance(made, BranchRefused) else made.sha

        return commit


def _inputs(asked: Asked) -> dict[str, Any]:
    """What a blueprint may declare: the engine takes those that it does."""
    unclear = asked.spec.when_unclear
    return {
        "issue": asked.number,
        "pr": 0,
        "text": "",
        "may_ask": unclear == "ask",
        "may_choose": unclear == "choose",
    }


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
