"""Gates: the checks that an agent's work has to pass, held against how the base does in the same box.

The base is looked at only when a gate fails, and once a round. A failure that the base has too does not block; a gate
that cannot run here is left to CI, and the PR says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from minion.agent.verification import GateVerdict
from minion.blueprint.model import RunNode
from minion.nodes.base import WorkBench
from minion.nodes.commands import DEFAULT_WALL_S, NoCommand, command_of, run_boxed
from minion.nodes.instrument import Script
from minion.nodes.publishable import Bounds, objections, refused
from minion.nodes.reports import CommandRun, Finding, counted, findings
from minion.nodes.run import fix
from minion.tools.outputs import cut_middle

MOST_FINDINGS = 20
CANNOT_RUN = frozenset({126, 127})
"""Not executable, not found (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02)."""

_INFRASTRUCTURE = re.compile(
    r"docker daemon|docker\.sock|connection refused|network is unreachable|temporary failure in name resolution"
    r"|could not resolve host|name or service not known|getaddrinfo|no module named|command not found",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passed:
    said: str
    note: str = ""


@dataclass(frozen=True)
class Failed:
    said: str
    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class LeftToCi:
    reason: str


GateOutcome: TypeAlias = Passed | Failed | LeftToCi


class Gates:
    """Implements `agent.verification.GateRunner` for the gates of one agent node. `changes`: whether it may change
    the tree, so that the change is asked about, too. `bounds`: what this node may change of it."""

    def __init__(
        self, nodes: Sequence[RunNode], bench: WorkBench, *, changes: bool = False, bounds: Bounds | None = None
    ) -> None:
        self._nodes = tuple(nodes)
        self._bench = bench
        self._changes = changes
        self._bounds = bounds
        self._verdicts: dict[str, GateVerdict] = {}
        self.last: GateVerdict | None = None

    @property
    def names(self) -> Sequence[str]:
        return [node.name for node in self._nodes]

    def check(self) -> GateVerdict:
        """Automatic fixes first, then every gate; a tree that was judged already is not judged again."""
        known = self._verdicts.get(self._bench.workspace.tree_digest())
        if known is None:
            for node in self._nodes:
                fix(node, self._bench, _wall_s(node))
            tree = self._bench.workspace.tree_digest()
            known = self._verdicts.get(tree) or self._judge(tree)
            self._verdicts[tree] = known
        self.last = known
        return known

    def _judge(self, tree: str) -> GateVerdict:
        outcomes = [(node.name, self._gate(node)) for node in self._nodes]
        verdict = refused(verdict_of(outcomes, tree), objections(self._bench, self._bounds) if self._changes else ())
        self._bench.memory.gates.update(verdict.gates)
        for name, said in verdict.gates:
            self._bench.emit("gate.finished", node=name, text=said, data={"passed": verdict.passed})
        return verdict

    def _gate(self, node: RunNode) -> GateOutcome:
        script = command_of(node, self._bench)
        if isinstance(script, NoCommand):
            return LeftToCi(script.reason)
        run = run_boxed(script, self._bench, _wall_s(node))
        return Passed(counted(run) or "passed") if run.passed else self._against_base(node, script, run)

    def _against_base(self, node: RunNode, script: Script, run: CommandRun) -> GateOutcome:
        base = self._baseline(node, script)
        if base is None:
            reason = cannot_run(run) if run.exit_code in CANNOT_RUN else ""
            return LeftToCi(reason) if reason else failed(run, findings(script.kind, run), 0)
        return compare(script.kind, run, base)

    def _baseline(self, node: RunNode, script: Script) -> CommandRun | None:
        if self._bench.base is None:
            return None
        kept = self._bench.memory.baselines
        if node.name not in kept:
            with self._bench.base():
                kept[node.name] = run_boxed(script, self._bench, _wall_s(node))
        return kept[node.name]


def compare(kind: str | None, run: CommandRun, base: CommandRun) -> GateOutcome:
    """A failed run against the base's (pure)."""
    if base.passed:
        return failed(run, findings(kind, run), 0)
    reason = cannot_run(base)
    if reason and cannot_run(run) == reason:
        return LeftToCi(reason)
    if base.timed_out:
        return LeftToCi("it does not end in time on the base either")
    old = {finding.key for finding in findings(kind, base)}
    here = findings(kind, run)
    new = [finding for finding in here if finding.key not in old]
    if new or run.timed_out:
        return failed(run, new, len(here) - len(new))
    said = ", ".join(part for part in (counted(run), "nothing new") if part)
    return Passed(said, _shared(run, len(here)))


def _shared(run: CommandRun, shared: int) -> str:
    """Lines of an output are no failures to be counted."""
    if not counted(run):
        return "it fails on the base too, in the same way"
    return f"{shared} failure{'s' if shared != 1 else ''} that the base has too"


def cannot_run(run: CommandRun) -> str:
    """Why this can say nothing here, or nothing."""
    if run.exit_code in CANNOT_RUN:
        return "its command is not there"
    found = None if run.passed or run.report else _INFRASTRUCTURE.search(run.output)
    return f"it needs what the sandbox does not have ({found.group(0).lower()})" if found else ""


def failed(run: CommandRun, new: Sequence[Finding], shared: int) -> Failed:
    count = f"{len(new)} new failure{'s' if len(new) != 1 else ''}"
    said = "timed out" if run.timed_out else ", ".join(part for part in (counted(run), count) if part)
    lines = [f"- {finding.key}" + (f"\n{finding.detail}" if finding.detail else "") for finding in new[:MOST_FINDINGS]]
    if len(new) > MOST_FINDINGS:
        lines.append(f"- and {len(new) - MOST_FINDINGS} more")
    if shared:
        lines.append(f"({shared} more fail on the base too and do not count.)")
    tail = cut_middle(run.output, 1_000, 3_000)
    return Failed(
        said, "\n".join([*lines, *([f"<output>\n{tail}\n</output>"] if tail else [])]), tuple(f.key for f in new)
    )


def verdict_of(outcomes: Sequence[tuple[str, GateOutcome]], tree: str) -> GateVerdict:
    """All gates together (pure)."""
    rows: list[tuple[str, str]] = []
    texts: list[str] = []
    notes: list[str] = []
    keys: list[str] = []
    for name, outcome in outcomes:
        match outcome:
            case Passed(said, note):
                rows.append((name, f"{said}; {note}" if note else said))
                texts.append(f"{name}: passed ({rows[-1][1]})")
            case LeftToCi(reason):
                rows.append((name, f"left to CI: {reason}"))
                texts.append(f"{name}: cannot run here and is left to CI: {reason}")
                notes.append(f"{name} is left to CI: {reason}")
            case Failed(said, text, new):
                rows.append((name, f"failed: {said}"))
                texts.append(f"{name}: FAILED ({said})\n{text}")
                keys += [f"{name}\0{key}" for key in new] or [name]
    fingerprint = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
    return GateVerdict(not keys, "\n\n".join(texts), tree, fingerprint, tuple(notes), tuple(rows))


def _wall_s(node: RunNode) -> float:
    return node.limits.wall_s or DEFAULT_WALL_S
