"""A desk for a node: the repository's plan, and a boxed server to carry it out; an agent's opens in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from minion.nodes.base import WorkBench
from minion.nodes.lint.desk import LintDesk, LintMemory
from minion.nodes.lint.plan import LintPlan, plan
from minion.nodes.lint.touched import TouchedLint
from minion.tools.lint import NO_LINT, LineLint


def plan_of(bench: WorkBench) -> LintPlan:
    """Told from the base commit, once a round: a change may not choose the linters that judge it."""
    memory = bench.memory.lint
    if memory.plan is None:
        workspace = bench.workspace

        def read(path: str) -> str | None:
            data = workspace.read_at_base(path)
            return None if data is None else data.decode("utf-8", "replace")

        memory.plan = plan(workspace.list_at_base(), read)
    return memory.plan


def open_desk(bench: WorkBench) -> LintDesk | None:
    """None where no linter is known that could be asked."""
    found = plan_of(bench)
    return _desk(found, bench) if found.applied else None


def _desk(found: LintPlan, bench: WorkBench) -> LintDesk:
    return LintDesk(found, bench.sandbox.workspace, bench.sandbox.lint_server(), bench.memory.lint)


class AgentsDesk:
    """The desk of one agent node: opened in the background, closed with the node. One that changes nothing has none."""

    def __init__(self, bench: WorkBench, *, changes: bool) -> None:
        self._bench = bench
        self._missing: tuple[str, ...] = ()
        self._touched = TouchedLint(self._open) if changes else None
        bench.memory.lint.sitting = self._touched

    @property
    def lines(self) -> LineLint:
        return self._touched or NO_LINT

    @property
    def notes(self) -> tuple[str, ...]:
        """For people: what is configured, and was not asked here."""
        silent = self._touched.silent if self._touched is not None else {}
        return left_to_ci(self._bench.memory.lint, self._missing, silent)

    def close(self) -> None:
        self._bench.memory.lint.sitting = None
        if self._touched is not None:
            self._touched.close()

    def _open(self) -> LintDesk | None:
        desk = open_desk(self._bench)
        if desk is None:
            return None
        self._missing = desk.missing()
        desk.warm(self._bench.workspace.list_at_base())
        return desk


def left_to_ci(memory: LintMemory, missing: tuple[str, ...], silent: dict[str, str]) -> tuple[str, ...]:
    """One line, or none."""
    named = [f"{name} (not installed)" for name in missing]
    named += [f"{name} ({reason})" for name, reason in sorted(silent.items()) if name not in missing]
    named += memory.plan.left if memory.plan is not None else ()
    return (f"Linters that are left to CI: {', '.join(named)}",) if named else ()


@contextmanager
def at_desk(bench: WorkBench) -> Iterator[LintDesk | None]:
    """The desk of the agent at work, else one for the length of the block."""
    sitting = bench.memory.lint.sitting
    if sitting is not None:
        yield sitting.desk
        return
    desk = open_desk(bench)
    try:
        yield desk
    finally:
        if desk is not None:
            desk.close()
