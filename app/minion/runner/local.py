"""The engine's host on a person's machine: work nodes as in a round, effects on a local branch, no GitHub anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from minion.blueprint.model import ActionNode, WaitNode
from minion.blueprint.state import Ended, NodeResult
from minion.comments import trouble
from minion.domain.changeset import ChangeSet
from minion.domain.errors import MinionError
from minion.domain.ids import CommitSha
from minion.domain.receipt import Receipt
from minion.runner.left_out import left_out_notes
from minion.runner.local_meter import Meter
from minion.runner.local_runs import HeldRun, RunRecord
from minion.runner.walk import Stopped, Walk
from minion.tasks.gate import Before, Blocked, GateRules, Passed, judge

INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""


@dataclass(frozen=True)
class NotCommitted:
    reason: str


Commit = Callable[[ChangeSet, str], CommitSha | NotCommitted]
"""(whole change set, what it is) → a commit on the task's local branch."""


@dataclass(frozen=True)
class LocalOutcome:
    """`status`: success, handed_off, declined, failed, stopped. `sha` is None where nothing was committed."""

    status: str
    reason: str
    sha: CommitSha | None
    files: tuple[str, ...]
    receipt: Receipt
    summary: str
    gates: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    resume: str = ""
    """The run's id, where it can be gone on with."""

    @property
    def exit_code(self) -> int:
        match self.status:
            case "success":
                return 0
            case "stopped":
                return INTERRUPTED
            case _:
                return 1


@dataclass
class LocalRun:
    """Whatever ends it, the work is kept on the branch, and what is needed to go on in `held`.

    `record` is what does not change in the course of the run, and what an earlier process had reached.
    """

    walk: Walk
    rules: GateRules
    commit: Commit
    record: RunRecord
    held: HeldRun
    meter: Meter
    sha: CommitSha | None = None
    _committed: str = ""
    _reason: str = ""
    _notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sha = self.record.kept
        self._committed = self.record.work.digest() if self.record.kept else ""

    def to_the_end(self) -> LocalOutcome:
        try:
            status = self._go()
        except (Stopped, KeyboardInterrupt):
            status, self._reason = "stopped", "stopped by the person who started it"
            self._charge_interrupted()
        except MinionError as met:
            status, self._reason = "failed", str(met)
        with self.walk.site.workspace.still():
            self._keep(f"work in progress: {status}")
            return self._outcome(status, self._remember())

    def _charge_interrupted(self) -> None:
        line = self.meter.interrupted()
        if line is not None:
            self.walk.learned.receipt.append(line)

    def _remember(self) -> str:
        """The run's id where somebody can go on with it."""
        if isinstance(self.walk.engine.pending(self.walk.state), Ended):
            self.held.forget()
            return ""
        self.held.save(self._reached())
        return self.record.id

    def _reached(self) -> RunRecord:
        learned = self.walk.learned
        return self.record.model_copy(
            update={
                "state": self.walk.state.model_dump(mode="json"),
                "work": self.walk.site.workspace.change_set(),
                "kept": self.sha,
                "why": self._reason,
                "lines": tuple(learned.receipt),
                "summary": learned.summary,
                "notes": tuple(learned.notes),
                "gates": tuple(learned.gates.items()),
                "opinion": learned.opinion,
            }
        )

    def _go(self) -> str:
        engine = self.walk.engine
        self.walk.applied = lambda _: self.held.save_in_passing(self._reached)
        while True:
            self.walk.on()
            node = engine.pending(self.walk.state)
            if isinstance(node, Ended):
                self._reason = self._reason or node.reason
                return node.status
            with self.walk.site.workspace.still():
                if isinstance(node, ActionNode):
                    self._apply(self._act(node, engine.arguments(self.walk.state, node, self.walk.facts)))
                elif isinstance(node, WaitNode):
                    self._apply(self._wait(node))

    def _apply(self, result: NodeResult) -> None:
        self.walk.state = self.walk.engine.apply(self.walk.state, result)
        self.walk.applied(self.walk.state)

    def _act(self, node: ActionNode, arguments: dict[str, Any]) -> NodeResult:
        match node.uses:
            case "push":
                return self._push()
            case "handoff":
                self._explain()
                self._keep("work in progress: handed over")
                return NodeResult(outcome="ok")
            case "comment":
                self._notes.append(str(arguments.get("text", "")))
                return NodeResult(outcome="ok")
            case "pr.open":
                return NodeResult(outcome="ok", output={"number": 0, "draft": False})
            case "pr.ready":
                return NodeResult(outcome="ok")
            case _:
                return NodeResult(outcome="none")

    def _wait(self, node: WaitNode) -> NodeResult:
        """There is no CI here, the gates have run, and nobody answers: the person asked and left."""
        if node.event == "reply":
            self._reason = "a question has to be answered first: " + " ".join(self._notes[-1:])
            return NodeResult(outcome="timeout")
        return NodeResult(outcome="ok")

    def _explain(self) -> None:
        """Why it is handed over, and what of the work could not be pushed anywhere either."""
        last = self.walk.state.trouble
        if not self._reason and last is not None:
            self._reason = trouble(last)
        verdict = self._judged(self.walk.site.workspace.change_set())
        if isinstance(verdict, Blocked):
            objections = "; ".join(str(reason) for reason in verdict.reasons)
            self._reason = objections if self._reason in {"", objections} else f"{self._reason}. {objections}"

    def _judged(self, changes: ChangeSet) -> Passed | Blocked:
        rules = replace(self.rules, narrowing=self.walk.engine.narrowing(self.walk.state))
        return judge(changes, rules, self._before(changes))

    def _push(self) -> NodeResult:
        changes = self.walk.site.workspace.change_set()
        if changes.empty:
            self._reason = "nothing was changed"
            return NodeResult(outcome="none")
        verdict = self._judged(changes)
        self._notes += [str(flag) for flag in verdict.flags]
        if isinstance(verdict, Blocked):
            self._reason = "; ".join(str(reason) for reason in verdict.reasons)
            return NodeResult(outcome="fail")
        kept = self._keep(self.walk.learned.summary)
        if isinstance(kept, NotCommitted):
            self._reason = kept.reason
            return NodeResult(outcome="fail")
        return NodeResult(outcome="ok", output={"sha": str(self.sha), "digest": changes.digest()}, pushes=1)

    def _before(self, changes: ChangeSet) -> Before:
        workspace = self.walk.site.workspace
        contents = {file.path: workspace.read_at_base(file.path) for file in changes.files}
        return Before(contents, frozenset(workspace.list_at_base()))

    def _keep(self, what: str) -> NotCommitted | None:
        """Commits what the tree holds now, unless the branch has it already."""
        changes = self.walk.site.workspace.change_set()
        if changes.empty or changes.digest() == self._committed:
            return None
        made = self.commit(changes, what)
        if isinstance(made, NotCommitted):
            self._notes.append(f"not committed: {made.reason}")
            return made
        self.sha, self._committed = made, changes.digest()
        return None

    def _outcome(self, status: str, resume: str) -> LocalOutcome:
        learned = self.walk.learned
        return LocalOutcome(
            status=status,
            reason="" if status == "success" else self._reason,
            sha=self.sha,
            files=tuple(self.walk.site.workspace.changed_paths()),
            receipt=Receipt(lines=tuple(learned.receipt)),
            summary=learned.summary,
            gates=tuple(learned.gates.items()),
            notes=(
                *learned.opinion.lines,
                *learned.notes,
                *(note for note in self._notes if note),
                *left_out_notes(self.walk.site.workspace),
            ),
            resume=resume,
        )


def cost(receipt: Receipt) -> str:
    """`$0.42, 12 turns, 31 s`"""
    usd = receipt.usd.quantize(Decimal("0.01")) if receipt.usd >= Decimal("0.01") else receipt.usd.normalize()
    return f"${usd:f}, {receipt.turns} turns, {receipt.seconds:.0f} s"
