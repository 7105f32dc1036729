"""Executor slots: a stable name for a process, held as long as it lives.

Two processes of one name would run a live workflow twice, and nobody takes over a dead one's by itself. Who gets the
lock of another slot knows that its holder is dead.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from minion.domain.errors import UsageError

SLOTS: Final = 32
_TRIES: Final = 20
_PAUSE_S: Final = 0.1


class SlotLock(Protocol):
    def release(self) -> None: ...


class SlotLocks(Protocol):
    """Locks that die with their process."""

    def acquire(self, slot: int) -> SlotLock | None:
        """None when another process holds it."""
        ...

    def used(self) -> Iterable[int]:
        """Slots that anybody may ever have held."""
        ...


class FileLock:
    def __init__(self, handle: int) -> None:
        self._handle = handle

    def release(self) -> None:
        os.close(self._handle)


class FileLocks:
    """For the embedded database: `flock` on files beside it."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def used(self) -> Iterable[int]:
        return [slot for slot in range(SLOTS) if Path(f"{self._database}.slot{slot}").exists()]

    def acquire(self, slot: int) -> FileLock | None:
        handle = os.open(f"{self._database}.slot{slot}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return FileLock(handle)


class Slots:
    def __init__(self, locks: SlotLocks) -> None:
        self._locks = locks
        self._own: tuple[int, SlotLock] | None = None

    def take(self) -> str:
        """The executor's name in the lowest free slot. Another process may be trying a lock at this very moment."""
        for _ in range(_TRIES):
            for slot in range(SLOTS):
                lock = self._locks.acquire(slot)
                if lock is not None:
                    self._own = (slot, lock)
                    return _name(slot)
            time.sleep(_PAUSE_S)
        raise UsageError(f"{SLOTS} servers share this database already")

    def give_back(self) -> None:
        if self._own is not None:
            self._own[1].release()
            self._own = None

    def dead(self) -> Iterator[str]:
        """The name of each slot that nobody holds; it is held until the next one is asked for."""
        own = None if self._own is None else self._own[0]
        for slot in self._locks.used():
            lock = None if slot == own else self._locks.acquire(slot)
            if lock is not None:
                try:
                    yield _name(slot)
                finally:
                    lock.release()


def _name(slot: int) -> str:
    return f"minion-{slot}"
