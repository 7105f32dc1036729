"""What a local run keeps under `.git/minion/runs/<id>/`, so that it can be gone on with: `minion run --resume`.

No key is ever in it. It is written for the person alone (0600), replaced as a whole, and removed when the run came to
its end.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from minion.domain.changeset import ChangeSet
from minion.domain.errors import UsageError
from minion.domain.ids import CommitSha, TaskId
from minion.domain.receipt import ReceiptLine
from minion.domain.spec import TaskSpec
from minion.nodes.base import Opinion

LAST: Final = "last"
_STATE: Final = "state.json"
_OPEN: Final = "open.json"
_SLOW_S: Final = 0.2
_REST: Final = 20
"""After a slow save (a large state) the next one waits this many times as long as it took."""


class RunRecord(BaseModel):
    """`state` is the engine's after the last executed node, `work` the tree then, `kept` its commit, if it was
    committed. `blueprints` are the texts that the run began with. `why` it stopped; empty: its process died."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    id: TaskId
    began: str
    blueprint: str
    blueprints: dict[str, str]
    state: dict[str, Any]
    spec: TaskSpec
    number: int
    head_sha: CommitSha
    base_sha: CommitSha
    branch: str
    work: ChangeSet
    found: CommitSha | None = None
    """The branch's tip when the run began, if there was such a branch."""
    kept: CommitSha | None = None
    why: str = ""
    usd: Decimal
    """The most that all of it may cost."""
    lines: tuple[ReceiptLine, ...] = ()
    summary: str = ""
    notes: tuple[str, ...] = ()
    gates: tuple[tuple[str, str], ...] = ()
    opinion: Opinion = Field(default_factory=Opinion)

    @property
    def tip(self) -> CommitSha | None:
        """Where the run last saw or left its branch."""
        return self.kept or self.found


@dataclass
class HeldRun:
    """A run's folder, locked for as long as it runs."""

    folder: Path
    _lock: IO[bytes]
    monotonic: Callable[[], float] = time.monotonic
    _not_before: float = 0.0

    def save_in_passing(self, record: Callable[[], RunRecord]) -> None:
        """Leaves it out while saving would be most of the work."""
        if self.monotonic() >= self._not_before:
            self.save(record())

    def save(self, record: RunRecord) -> None:
        began = self.monotonic()
        _replace(self.folder / _STATE, record.model_dump_json().encode())
        (self.folder / _OPEN).unlink(missing_ok=True)
        took = self.monotonic() - began
        self._not_before = began + took * _REST if took > _SLOW_S else 0.0

    def spent(self, line: ReceiptLine) -> None:
        """By the node that is being executed: lost money is counted too, if the process dies."""
        _replace(self.folder / _OPEN, line.model_dump_json().encode())

    def forget(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        if not (self.folder / _STATE).exists():
            self.forget()
        self._lock.close()


@dataclass(frozen=True)
class Runs:
    """`folder` is `.git/minion/runs` of the person's repository."""

    folder: Path

    @classmethod
    def of(cls, git_directory: Path) -> Runs:
        return cls(git_directory / "minion" / "runs")

    def hold(self, run: str) -> HeldRun:
        """Raises `UsageError` while another process holds it."""
        folder = self.folder / run
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise UsageError(f"The run {run} is still going on in another process") from None
        return HeldRun(folder, lock)

    def find(self, wanted: str) -> RunRecord:
        """By its id, or the newest for `last`. Raises `UsageError` with the reason."""
        known = self.names()
        if not known:
            raise UsageError("No run of this repository was interrupted: there is nothing to go on with")
        if wanted == LAST:
            return self._read(known[-1])
        if wanted not in known:
            raise UsageError(f"There is no interrupted run {wanted}; there are: {', '.join(known)}")
        return self._read(wanted)

    def names(self) -> list[str]:
        """Ids of the runs that can be gone on with, the newest last."""
        found = [path for path in self.folder.glob(f"*/{_STATE}") if path.is_file()]
        return [path.parent.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def _read(self, run: str) -> RunRecord:
        try:
            record = RunRecord.model_validate_json((self.folder / run / _STATE).read_bytes())
        except ValidationError as error:
            raise UsageError(
                f"The state of the run {run} cannot be read by this version of minion ({error.error_count()} errors); "
                f"what it did is on its branch. To be rid of it: rm -r {self.folder / run}"
            ) from error
        return record.model_copy(update={"lines": (*record.lines, *self._open_line(run))})

    def _open_line(self, run: str) -> Iterator[ReceiptLine]:
        try:
            yield ReceiptLine.model_validate(json.loads((self.folder / run / _OPEN).read_bytes()))
        except (OSError, ValueError):
            return


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    fresh.replace(path)
