"""The lint gate's fast way: only changed files, by the base's configuration, and only what is new counts."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from minion.domain.changeset import ChangeSet, FileMode
from minion.nodes.base import WorkBench
from minion.nodes.lint.desk import Checked, Kind, LintDesk, Remark
from minion.nodes.lint.opening import at_desk, plan_of
from minion.nodes.lint.standing import Standing, stands_for
from minion.ports.sandbox import BoxCommand

WITHIN_S = 60.0
FIX_WITHIN_S = 120.0
KINDS: tuple[Kind, ...] = ("lint", "format")


@dataclass(frozen=True)
class LintVerdict:
    """`new` are findings that the base does not have in the same files, `shared` counts the others. `reconfigured`: the
    change alters how linters are configured, so that the command has to be run as well."""

    new: tuple[Remark, ...]
    shared: int
    linters: tuple[str, ...]
    files: int
    seconds: float
    reconfigured: bool = False

    @property
    def said(self) -> str:
        """No seconds: the same work reads the same wherever it is written down."""
        return f"{', '.join(self.linters) or 'no linter'} on {self.files} changed file{'s' if self.files != 1 else ''}"


def judge_fast(command: str | None, bench: WorkBench) -> LintVerdict | None:
    """Instead of the repository's detected lint command (None: it has none); None when that has to be run itself,
    because it does more than the linters that are known, or one of these is not here or cannot run."""
    began = time.monotonic()
    wanted = stands_for(command, bench.workspace.read_at_base)
    named = {one.linter.name for one in plan_of(bench).applied}
    if wanted is None or not named or not wanted.linters <= named:
        return None
    with at_desk(bench) as desk:
        return None if desk is None else _judged(desk, bench, wanted, began)


def _judged(desk: LintDesk, bench: WorkBench, wanted: Standing, began: float) -> LintVerdict | None:
    change_set = bench.workspace.change_set()
    paths = [path for path in changed_files(change_set) if desk.plan.for_path(path)]
    now = desk.check(paths, KINDS, WITHIN_S)
    reconfigured = bool(now.reconfigured)
    if reconfigured and bench.base is not None:
        now = _by_base_configuration(desk, bench, change_set, paths)
    if wanted.linters & now.silent.keys() or now.reconfigured:
        return None
    counting = [remark for remark in now.remarks if _counts(remark, wanted)]
    new = _new(desk, bench, counting)
    linters = _asked(desk, paths, now)
    shared = len(counting) - len(new)
    return LintVerdict(tuple(new), shared, linters, len(paths), time.monotonic() - began, reconfigured)


def _counts(remark: Remark, wanted: Standing) -> bool:
    """As the command would: no warnings unless it counts them, and no path that it does not look at."""
    return wanted.covers(remark.linter, remark.path) and (not remark.warning or remark.linter in wanted.strict)


def _asked(desk: LintDesk, paths: Sequence[str], now: Checked) -> tuple[str, ...]:
    names = [one.linter.name for one in desk.plan.applied if any(one in desk.plan.for_path(path) for path in paths)]
    return tuple(name for name in dict.fromkeys(names) if name not in now.silent)


def _by_base_configuration(desk: LintDesk, bench: WorkBench, change_set: ChangeSet, paths: Sequence[str]) -> Checked:
    """The work on top of the base's configuration: a change may not loosen the rules that judge it."""
    if bench.base is None:
        raise AssertionError("asked only where there is a base")
    files = tuple(file for file in change_set.files if not desk.plan.is_config(file.path))
    with bench.base():
        bench.workspace.apply(change_set.model_copy(update={"files": files}))
        return desk.check([path for path in paths if not desk.plan.is_config(path)], KINDS, WITHIN_S)


def _new(desk: LintDesk, bench: WorkBench, now: Sequence[Remark]) -> list[Remark]:
    """Without a base every finding counts."""
    if not now or bench.base is None:
        return list(now)
    with bench.base():
        before = desk.check(list(dict.fromkeys(remark.path for remark in now)), KINDS, WITHIN_S)
    old = Counter(remark.key for remark in before.remarks)
    found = []
    for remark in now:
        if old[remark.key] > 0:
            old[remark.key] -= 1
        else:
            found.append(remark)
    return found


def fix_fast(bench: WorkBench, *, mend: bool) -> bool:
    """Applies the formatters of the plan to the changed files, in the box; with `mend` what linters can mend by
    themselves first. False: there is no formatter to apply."""
    with at_desk(bench) as desk:
        if desk is None:
            return False
        paths = changed_files(bench.workspace.change_set())
        if mend:
            _apply(desk.mending(_wholly_new(desk, bench, paths)), bench)
        _apply(desk.formatting(paths), bench)
        return any(one.linter.formats for one in desk.plan.applied)


def _wholly_new(desk: LintDesk, bench: WorkBench, paths: Sequence[str]) -> dict[str, list[str]]:
    """Linters and the files in which they find nothing but what the change brought: a fix takes a whole file, and must
    not mend what nobody asked about."""
    now = desk.check(paths, ("lint",), WITHIN_S).remarks
    new = set(_new(desk, bench, now))
    old = {(remark.linter, remark.path) for remark in now if remark not in new}
    wanted = dict.fromkeys((remark.linter, remark.path) for remark in now)
    return {name: [path for linter, path in wanted if linter == name and (name, path) not in old] for name, _ in wanted}


def _apply(commands: Sequence[tuple[str, str]], bench: WorkBench) -> None:
    if commands:
        text = "\n".join(f"(cd {shlex.quote(f'./{folder}')} && {command})" for folder, command in commands)
        bench.sandbox.run(BoxCommand(argv=["/bin/bash", "-c", text], timeout_s=FIX_WITHIN_S))


def changed_files(change_set: ChangeSet) -> list[str]:
    """Ordinary files that are still there."""
    ordinary = {FileMode.FILE, FileMode.EXECUTABLE}
    return [file.path for file in change_set.files if file.content is not None and file.mode in ordinary]
