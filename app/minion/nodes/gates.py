"""Gates: the checks that an agent's work has to pass, held against how the base does in the same box.

The base is looked at only when a gate fails, and once a round. A failure that the base has too does not block; a gate
that cannot run here is left to CI, and the PR says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from minion.agent.verification import GateVerdict
from minion.blueprint.model import RunNode
from minion.nodes.base import Visit, WorkBench
from minion.nodes.commands import DEFAULT_WALL_S, NoCommand, command_of, run_boxed
from minion.nodes.comparison import CANNOT_RUN, Failed, GateOutcome, LeftToCi, Passed, cannot_run, compare, failed
from minion.nodes.instrument import Script
from minion.nodes.lint.gate import lint_gate, run_check
from minion.nodes.publishable import Bounds, objections, refused
from minion.nodes.reports import CommandRun, counted, findings
from minion.nodes.reproduction import reproduce
from minion.nodes.run import fix
from minion.nodes.verified import Verified


class Gates:
    """Implements `agent.verification.GateRunner` for the gates of one agent node, and the commands by which the task
    itself says that it is verified. `changes`: whether the node may change the tree, so that the change is asked about,
    too. `bounds`: what this node may change of it."""

    def __init__(self, visit: Visit, bench: WorkBench, *, changes: bool = False, bounds: Bounds | None = None) -> None:
        self._visit = visit
        self._nodes = tuple(visit.gates)
        self._verified = Verified.of(bench) if changes and visit.gates and not visit.one_of_many else ()
        self._bench = bench
        self._changes = changes
        self._bounds = bounds
        self._verdicts: dict[str, GateVerdict] = {}
        self.last: GateVerdict | None = None

    @property
    def names(self) -> Sequence[str]:
        return [*(node.name for node in self._nodes), *(verified.name for verified in self._verified)]

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
        judged = list(self._outcomes())
        verdict = verdict_of([(name, outcome) for name, outcome, _ in judged], tree)
        verdict = refused(verdict, self._objections() if self._changes else ())
        self._bench.memory.gates.update(verdict.gates)
        for (name, said), (_, _, seconds) in zip(verdict.gates, judged, strict=True):
            facts = {"passed": verdict.passed, "seconds": round(seconds, 3)}
            self._bench.emit("gate.finished", node=name, text=said, data=facts)
        return verdict

    def _outcomes(self) -> Iterator[tuple[str, GateOutcome, float]]:
        """Each with the seconds that it took."""
        gates: list[tuple[str, Callable[[], GateOutcome]]]
        gates = [(node.name, partial(self._gate, node)) for node in self._nodes]
        gates += [(verified.name, partial(verified.outcome, self._bench)) for verified in self._verified]
        for name, gate in gates:
            began = self._bench.clock.monotonic()
            outcome = gate()
            yield name, outcome, self._bench.clock.monotonic() - began

    def _objections(self) -> tuple[str, ...]:
        return objections(self._bench, self._visit, self._bounds)

    def _gate(self, node: RunNode) -> GateOutcome:
        if node.reproduction:
            return reproduce(node, self._bench, self._env(node), _wall_s(node)).as_gate()
        fast = lint_gate(node, self._bench)
        if fast is not None:
            return fast
        script = command_of(node, self._bench)
        if isinstance(script, NoCommand):
            return LeftToCi(script.reason)
        run = run_check(node, script, self._bench, _wall_s(node), self._env(node))
        return Passed(counted(run) or "passed") if run.passed else self._against_base(node, script, run)

    def _env(self, node: RunNode) -> Mapping[str, str]:
        return self._visit.gate_env.get(node.name, {})

    def _against_base(self, node: RunNode, script: Script, run: CommandRun) -> GateOutcome:
        base = self._baseline(node, script)
        if base is None:
            reason = cannot_run(run) if run.exit_code in CANNOT_RUN else ""
            return LeftToCi(reason) if reason else failed(run, findings(script.kind, run), 0)
        return compare(script.kind, run, base)

    def _baseline(self, node: RunNode, script: Script) -> CommandRun | None:
        if self._bench.base is None:
            return None
        env = self._env(node)
        key = node.name if not env else f"{node.name} {sorted(env.items())}"
        kept = self._bench.memory.baselines
        if key not in kept:
            with self._bench.base():
                kept[key] = run_boxed(script, self._bench, _wall_s(node), env)
        return kept[key]


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
                texts.append(f"{name}: {_passed(rows[-1][1])}")
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


def _passed(said: str) -> str:
    return said if said.startswith("passed") else f"passed ({said})"


def _wall_s(node: RunNode) -> float:
    return node.limits.wall_s or DEFAULT_WALL_S
