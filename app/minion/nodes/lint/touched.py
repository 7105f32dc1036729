"""What linters say of an agent's edits, with the answer to the edit: in the background, and never for long."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field

from minion.nodes.lint.desk import Checked, LintDesk, Remark
from minion.tools.lint import Hunk
from minion.tools.outputs import plain

WITHIN_S = 0.7
"""What an edit waits for."""
CHECK_WITHIN_S = 5.0
"""What a linter may take to be heard at all."""
MOST = 10


@dataclass
class _File:
    """What this node did to a file: the lines that it touched, where they are now. `known`: the findings that were
    there before it, then those of the last look; None while nothing is known."""

    lines: set[int] = field(default_factory=set)
    known: tuple[Remark, ...] | None = None


class TouchedLint:
    """Implements `tools.lint.LineLint`. `open_desk` is called in the background; None: there is nothing to ask."""

    def __init__(
        self,
        open_desk: Callable[[], LintDesk | None],
        within_s: float = WITHIN_S,
        check_within_s: float = CHECK_WITHIN_S,
    ) -> None:
        self._within_s = within_s
        self._check_within_s = check_within_s
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="lint")
        self._opening: Future[LintDesk | None] = self._pool.submit(open_desk)
        self._files: dict[str, _File] = {}
        self._unseen: dict[str, None] = {}
        self._lock = threading.Lock()
        self.silent: dict[str, str] = {}
        self._waiting: list[tuple[str, str, Future[Checked]]] = []

    @property
    def desk(self) -> LintDesk | None:
        """Waits until it is open."""
        return self._opening.result()

    def seen(self, path: str, sha: str) -> None:  # noqa: ARG002 -- the desk looks for itself
        with self._lock:
            self._unseen[path] = None
        self._pool.submit(self._look_ahead)

    def edited(self, path: str, shas: tuple[str | None, str], hunks: Sequence[Hunk]) -> str:
        before, after = shas
        if path not in self._files:
            self._files[path] = _File(known=self._known(path, before))
        self._files[path].lines = moved(self._files[path].lines, hunks)
        checking = self._pool.submit(self._check, path)
        self._waiting = [entry for entry in self._waiting if entry[0] != path]
        self._waiting.append((path, after, checking))
        with contextlib.suppress(NotYet):
            checking.result(self._within_s)
        return self.late()

    def late(self) -> str:
        ready = [entry for entry in self._waiting if entry[2].done()]
        self._waiting = [entry for entry in self._waiting if not entry[2].done()]
        return "\n".join(text for path, sha, future in ready if (text := self._told(path, sha, future.result())))

    def close(self) -> None:
        """What still runs is ended in the background."""
        for _, _, future in self._waiting:
            future.cancel()
        with self._lock:
            self._unseen.clear()
        self._pool.submit(self._end)
        self._pool.shutdown(wait=False)

    # --- in the background

    def _look_ahead(self) -> None:
        """All files that were read since, in one call."""
        with self._lock:
            paths, self._unseen = list(self._unseen), {}
        desk = self._opening.result()
        if desk is not None and paths:
            desk.check(paths, ("lint",), self._check_within_s)

    def _check(self, path: str) -> Checked:
        desk = self._opening.result()
        return Checked() if desk is None else desk.check([path], ("lint",), self._check_within_s)

    def _end(self) -> None:
        desk = self._opening.result()
        if desk is not None:
            desk.close()

    # --- what is new

    def _known(self, path: str, sha: str | None) -> tuple[Remark, ...] | None:
        """What was said of a file that nobody has touched yet; of a new one, nothing."""
        desk = self._opening.result() if self._opening.done() else None
        if sha is None:
            return ()
        return None if desk is None else desk.known(path, sha)

    def _told(self, path: str, sha: str, checked: Checked) -> str:
        """Nothing when the file has changed since: then a later check speaks of it."""
        file = self._files[path]
        if checked.shas.get(path) != sha:
            return ""
        new = news(checked.remarks, file.known, file.lines)
        file.known = checked.remarks
        self.silent |= checked.silent
        rows = [line_of(remark) for remark in new[:MOST]]
        return "\n".join([*rows, *([f"lint: and {len(new) - MOST} more"] if len(new) > MOST else [])])


def news(remarks: Sequence[Remark], known: Sequence[Remark] | None, lines: Collection[int]) -> list[Remark]:
    """The findings that are not among the known ones, by line. Line numbers move, so they are counted: of two alike the
    one on a touched line is the new one. Where nothing is known, those on touched lines are new."""
    old = Counter(remark.key for remark in known or ())
    found: list[Remark] = []
    for remark in sorted(remarks, key=lambda one: one.line in lines):
        if known is None and remark.line not in lines:
            continue
        if old[remark.key] > 0:
            old[remark.key] -= 1
        else:
            found.append(remark)
    return sorted(found, key=lambda one: one.line)


def moved(lines: set[int], hunks: Sequence[Hunk]) -> set[int]:
    """Where touched lines are after an edit, with those that it touched; a deletion touches the lines around it."""
    now: set[int] = set()
    for line in lines:
        if not any(old <= line < old + count for old, count, _, _ in hunks):
            now.add(line + sum(new_count - count for old, count, _, new_count in hunks if old + count <= line))
    for _, _, new, new_count in hunks:
        now |= set(range(new, new + new_count)) if new_count else {max(1, new - 1), max(1, new)}
    return now


def line_of(remark: Remark) -> str:
    place = f" line {remark.line}" if remark.line else ""
    return plain(f"lint ({remark.label}{place}): {remark.message}".encode())
