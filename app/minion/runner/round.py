"""One round, from a grant to a result: whatever happens on the way, what was learned is handed over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.state import State, Unfit
from minion.domain.changeset import ChangeSet
from minion.domain.errors import MinionError
from minion.domain.protocol import RoundGrant, RoundResult
from minion.runner.environment import prepare
from minion.runner.facts import Facts
from minion.runner.journal import Journal
from minion.runner.left_out import left_out_notes
from minion.runner.site import Site
from minion.runner.walk import Learned, Stopped, Walk

Cancelled = Callable[[], str | None]
OpenSite = Callable[[RoundGrant, Journal, Cancelled], Site]
"""Clones the repository and makes the box. Raises `MinionError` with what to mend."""

UNEXPECTED = "The runner stopped unexpectedly; the log of its job says where."


class RoundFailed(MinionError):  # noqa: N818 -- it names what happened
    """The round cannot be carried out here; the message says what, where and how to mend it."""


@dataclass
class Round:
    """`carry_out` once, then `result` (also where `carry_out` raised)."""

    grant: RoundGrant
    journal: Journal
    cancelled: Cancelled
    error: str = UNEXPECTED
    _site: Site | None = None
    _walk: Walk | None = None
    _learned: Learned = field(default_factory=Learned)

    def carry_out(self, open_site: OpenSite) -> None:
        """Sets `error` where the round could not be carried out; anything that it raises is a bug."""
        self.journal.emit("round.started", data={"round": self.grant.round, "attempt": self.grant.attempt})
        try:
            self._carry_out(open_site)
            self.error = ""
        except Stopped as stopped:
            self.error = f"Stopped: {stopped}"
        except KeyboardInterrupt:
            self.error = "The job was stopped on GitHub before the round was done."
        except MinionError as met:
            self.error = str(met)
        self.journal.emit("round.finished", text=self.error)

    def result(self) -> RoundResult:
        """The state as far as the engine got, and the work as the tree has it now."""
        with nullcontext() if self._site is None else self._site.workspace.still():
            return self._result(self._changes())

    def _result(self, changes: ChangeSet) -> RoundResult:
        return RoundResult(
            fence=self.grant.fence,
            state=self.grant.state if self._walk is None else self._walk.state.model_dump(mode="json"),
            change_set=changes,
            digest=changes.digest(),
            receipt=tuple(line.model_copy(update={"round": self.grant.round}) for line in self._learned.receipt),
            sandbox="" if self._site is None else self._site.sandbox_mode,
            summary=self._learned.summary,
            confidence=self._learned.opinion.confidence,
            risks=self._learned.opinion.risks,
            open_questions=self._learned.opinion.questions,
            notes=self._notes(),
            gates=tuple(self._learned.gates.items()),
            error=self.error,
        )

    def _carry_out(self, open_site: OpenSite) -> None:
        engine, state = self._restored()
        site = open_site(self.grant, self.journal, self.cancelled)
        walk = Walk(
            engine=engine,
            state=state,
            site=site,
            facts=self._facts(site),
            journal=self.journal,
            cancelled=self.cancelled,
            usd=self.grant.usd_left,
            learned=self._learned,
        )
        self._make_ready(site, walk)
        self._site, self._walk = site, walk
        walk.on()

    def _restored(self) -> tuple[Engine, State]:
        library = assemble(self.grant.blueprints)
        if not isinstance(library, dict):
            raise RoundFailed(f"This version of minion cannot read the task's blueprints: {library[0].message}")
        engine = Engine(library)
        state = engine.restore(self.grant.state)
        if isinstance(state, Unfit):
            raise RoundFailed(f"This version of minion cannot go on with the task: {state.reason}")
        return engine, state

    def _make_ready(self, site: Site, walk: Walk) -> None:
        """The environment on the commit as it is; then the work that earlier rounds carried over; then the box.

        Set-up commands never see unpushed work, and the task's text is in no file or argument of theirs.
        """
        unprepared = prepare(self.grant.configuration.environment, site.workspace.root, site.host, self.journal)
        failed = walk.prepare() if unprepared is None else unprepared.reason
        if failed is not None:
            raise RoundFailed(failed)
        site.prepared()
        if self.grant.carried is not None:
            site.workspace.apply(self.grant.carried)
        escapes = site.escapes()
        self.journal.emit("box.selftest", text="; ".join(escapes), data={"escapes": len(escapes)})
        if escapes and site.sandbox_mode != "unsafe":
            raise RoundFailed(f"The sandbox does not hold on this runner: {'; '.join(escapes)}")

    def _facts(self, site: Site) -> Facts:
        grant = self.grant
        return Facts(
            grant.spec,
            grant.number,
            grant.failures,
            site.workspace,
            base_is_trusted=grant.head_sha == grant.base_sha,
        )

    def _notes(self) -> tuple[str, ...]:
        left_out = () if self._site is None else left_out_notes(self._site.workspace)
        return (*self._learned.notes, *left_out)

    def _changes(self) -> ChangeSet:
        """Before the site stood, the work is what earlier rounds had carried over."""
        if self._site is not None:
            return self._site.workspace.change_set()
        return self.grant.carried or ChangeSet(base_sha=self.grant.head_sha)
