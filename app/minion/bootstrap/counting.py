"""Lines that a run added and removed, counted by git while the commit is made."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from minion.adapters.workspace import GitWorkspace
from minion.domain.changeset import ChangeSet

Counts = Mapping[str, tuple[int, int]]


@dataclass
class Counting:
    """`begin` with what is committed; `of` is known already where that was the last word."""

    workspace: GitWorkspace
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "counting"))
    _begun: tuple[ChangeSet, Future[Counts]] | None = None

    def begin(self, changes: ChangeSet) -> None:
        self._begun = (changes, self._pool.submit(self.workspace.line_counts(changes)))

    def of(self, changes: ChangeSet) -> Counts:
        if self._begun is not None and self._begun[0] == changes:
            return self._begun[1].result()
        return {} if changes.empty else self.workspace.line_counts(changes)()
