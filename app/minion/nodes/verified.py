"""The commands by which a task says that it is verified: gates that nobody wrote into a blueprint."""

from __future__ import annotations

from dataclasses import dataclass

from minion.nodes.base import WorkBench
from minion.nodes.commands import DEFAULT_WALL_S, run_boxed
from minion.nodes.comparison import CANNOT_RUN, GateOutcome, LeftToCi, Passed, cannot_run, failed
from minion.nodes.instrument import Script, instrument
from minion.nodes.reports import CommandRun, counted, findings

_LONGEST_NAME = 80


@dataclass(frozen=True)
class Verified:
    """It is expected to fail on the base, so what fails there too is no excuse. What it leaves in the tree is taken out
    again."""

    name: str
    command: str

    @classmethod
    def of(cls, bench: WorkBench) -> tuple[Verified, ...]:
        """Words by people without write permission are not in the name, which is told to the model as ours."""
        return tuple(cls(_name(number, command, bench), command) for number, command in enumerate(bench.asked.commands))

    def outcome(self, bench: WorkBench) -> GateOutcome:
        script = instrument(self.command, None)
        run = self._run(script, bench)
        if run.passed:
            said = counted(run) or "passed"
            return Passed(said, self._without(script, bench))
        reason = self._unavailable(run)
        return LeftToCi(reason) if reason else failed(run, findings(script.kind, run), 0)

    def _run(self, script: Script, bench: WorkBench) -> CommandRun:
        before = bench.workspace.checkpoint()
        run = run_boxed(script, bench, DEFAULT_WALL_S)
        bench.workspace.restore(before)
        return run

    def _without(self, script: Script, bench: WorkBench) -> str:
        """What it says without the change, for the reviewer."""
        if bench.base is None:
            return ""
        kept = bench.memory.baselines
        if self.name not in kept:
            with bench.base():
                kept[self.name] = run_boxed(script, bench, DEFAULT_WALL_S)
        return "it passes without the change too" if kept[self.name].passed else "it fails without the change"

    def _unavailable(self, run: CommandRun) -> str:
        """A program of the repository that is not there is a failure: the task may be to write it."""
        reason = cannot_run(run)
        if run.exit_code in CANNOT_RUN:
            return "" if "/" in self.command.split()[0] else reason
        return "" if "no module named" in reason or "command not found" in reason else reason


def _name(number: int, command: str, bench: WorkBench) -> str:
    if not bench.asked.trusted:
        return f"verify {number + 1}"
    shown = command if len(command) <= _LONGEST_NAME else f"{command[: _LONGEST_NAME - 1]}…"
    return f"verify: {shown}"
