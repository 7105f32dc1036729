"""Whether the tests of a change prove it: they fail without the rest of it, and pass with it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from minion.blueprint.model import RunNode
from minion.domain.changeset import ChangedFile, ChangeSet, FileMode
from minion.nodes.base import WorkBench
from minion.nodes.commands import detected, run_boxed
from minion.nodes.comparison import CANNOT_RUN, Failed, GateOutcome, LeftToCi, Passed, cannot_run, compare
from minion.nodes.instrument import RUN_BY, SHELL, Script, instrument
from minion.nodes.reports import CommandRun, counted, findings, passing
from minion.nodes.test_files import goes_with_tests, is_test_file
from minion.tools.outputs import cut_middle

Reason: TypeAlias = Literal["proven", "passes_on_base", "fails_on_head", "no_test_changed", "cannot_run"]

_TAKES_FILES: Final = re.compile(
    RUN_BY
    + r"(?:pytest|py\.test|rspec|(?:npx\s+(?:--no-install\s+)?)?(?:vitest\s+run|jest|mocha)|node\s+--test)(?=\s|$)"
)
"""Programs that run the files that stand at the end of their arguments."""
_SAID: Final[Mapping[Reason, str]] = {
    "proven": "the tests of the change fail without the rest of it, and pass with it",
    "passes_on_base": "the tests of the change pass without the rest of it, and prove nothing: make one that fails",
    "fails_on_head": "the tests of the change do not pass with it",
    "no_test_changed": "the change has no test: add one that fails without it",
    "cannot_run": "left to CI",
}


@dataclass(frozen=True)
class Reproduction:
    reason: Reason
    text: str
    seconds: float = 0.0
    exit_code: int = 0

    @property
    def passed(self) -> bool:
        return self.reason in {"proven", "cannot_run"}

    @property
    def said(self) -> str:
        return f"{_SAID[self.reason]}: {self.text}" if self.reason == "cannot_run" else _SAID[self.reason]

    def as_gate(self) -> GateOutcome:
        match self.reason:
            case "proven":
                return Passed(self.said)
            case "cannot_run":
                return LeftToCi(self.text)
            case _:
                return Failed(self.reason.replace("_", " "), f"{self.said}.\n{self.text}".strip(), (self.reason,))


def reproduce(node: RunNode, bench: WorkBench, env: Mapping[str, str], wall_s: float) -> Reproduction:
    """Runs the tests with the change, then on the tree that the task began from with nothing but the change's tests."""
    change = bench.workspace.changes_of_branch()
    tests = [file.path for file in change.files if _holds_tests(file)]
    if not tests:
        return Reproduction("no_test_changed", "")
    if bench.base is None:
        return Reproduction("cannot_run", "the commit where the task began is not at hand")
    command = _command(node, bench)
    if command is None:
        return Reproduction("cannot_run", "no command for test is configured, and none could be told from the files")
    return _Trial(bench, _script(command, tests, node.parse), tests, env, wall_s).judged(change)


def _holds_tests(file: ChangedFile) -> bool:
    return file.content is not None and file.mode != FileMode.SYMLINK and is_test_file(file.path)


def _command(node: RunNode, bench: WorkBench) -> str | None:
    if node.argv:
        return shlex.join(node.argv)
    return bench.configuration.commands.test or detected(bench).test


@dataclass(frozen=True)
class _Command:
    script: Script
    alone: bool
    """It runs the files of the change and nothing else."""


def _script(command: str, tests: Sequence[str], parse: str | None) -> _Command:
    last = re.split(r"&&|;", command)[-1]
    alone = bool(_TAKES_FILES.search(last)) and not SHELL.search(command) and not any(t.startswith("-") for t in tests)
    return _Command(instrument(f"{command} {shlex.join(tests)}" if alone else command, parse), alone)


@dataclass(frozen=True)
class _Trial:
    bench: WorkBench
    command: _Command
    tests: Sequence[str]
    env: Mapping[str, str]
    wall_s: float

    def judged(self, change: ChangeSet) -> Reproduction:
        head = self._run()
        without = self._on_base(ChangeSet(base_sha=change.base_sha, files=_tests_of(change)))
        if self.command.alone:
            reason = alone(self.command.script.kind, head, without)
        else:
            reason = among_others(self.command.script.kind, head, without, self._on_base(None))
        shown = without if reason in {"proven", "passes_on_base"} else head
        seconds = head.seconds + without.seconds
        return Reproduction(reason, self._text(reason, shown), seconds, head.exit_code)

    def _run(self) -> CommandRun:
        return run_boxed(self.command.script, self.bench, self.wall_s, self.env)

    def _on_base(self, tests: ChangeSet | None) -> CommandRun:
        if self.bench.base is None:
            raise TypeError("there is no base")
        with self.bench.base():
            if tests is not None:
                self.bench.workspace.apply(tests)
            return self._run()

    def _text(self, reason: Reason, run: CommandRun) -> str:
        if reason == "cannot_run":
            return cannot_run(run) or "the tests cannot be run on the base"
        where = "without" if reason in {"proven", "passes_on_base"} else "with"
        head = f"{', '.join(self.tests[:10])} {where} the change: {counted(run) or f'exit code {run.exit_code}'}"
        return f"{head}\n{cut_middle(run.output, 1_000, 3_000)}".strip()


def _tests_of(change: ChangeSet) -> tuple[ChangedFile, ...]:
    return tuple(file for file in change.files if goes_with_tests(file.path))


def alone(kind: str | None, head: CommandRun, without: CommandRun) -> Reason:
    """Of runs of nothing but the change's tests (pure). A test file that cannot even be loaded without the change, such
    as one that imports what the change adds, fails there."""
    if not head.passed:
        return "cannot_run" if cannot_run(head) else "fails_on_head"
    passed = passing(kind, head)
    if passed is not None and not passed:
        return "fails_on_head"
    if without.exit_code in CANNOT_RUN:
        return "cannot_run"
    if without.passed:
        return "passes_on_base"
    return "proven" if without.timed_out or _shown(kind, head, without) else "cannot_run"


def _shown(kind: str | None, head: CommandRun, without: CommandRun) -> bool:
    """Test by test where there are reports: one that fails without the change passes with it, or cannot be loaded."""
    passed = passing(kind, head)
    if passed is None:
        return True
    failing = {finding.key for finding in findings(kind, without)} if without.report else set()
    return any(key in passed or key.startswith("::") for key in failing)


def among_others(kind: str | None, head: CommandRun, without: CommandRun, base: CommandRun) -> Reason:
    """Of runs of all tests (pure): what fails on the base anyway proves nothing, and is not held against the change."""
    if not head.passed:
        match compare(kind, head, base):
            case LeftToCi():
                return "cannot_run"
            case Failed():
                return "cannot_run" if cannot_run(head) and cannot_run(base) else "fails_on_head"
            case Passed():
                pass
    if without.passed:
        return "passes_on_base"
    match compare(kind, without, base):
        case LeftToCi():
            return "cannot_run"
        case Passed():
            return "passes_on_base"
        case Failed(keys=keys):
            here = set() if head.passed else {finding.key for finding in findings(kind, head)}
            return "proven" if without.timed_out or set(keys) - here else "passes_on_base"
