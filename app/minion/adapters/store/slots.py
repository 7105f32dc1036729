"""Executor slots as PostgreSQL advisory locks: each lives as long as its own connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from minion.adapters.store.engine import Database

_SPACE: Final = 0x6D736C
SLOTS: Final = 32


class AdvisoryLock:
    def __init__(self, connection: Connection, keys: dict[str, int]) -> None:
        self._connection = connection
        self._keys = keys

    def release(self) -> None:
        """A connection that broke has lost its lock already."""
        try:
            self._connection.execute(text("SELECT pg_advisory_unlock(:space, :slot)"), self._keys)
        except DBAPIError:
            self._connection.invalidate()
        self._connection.close()


class AdvisoryLocks:
    """https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def used(self) -> Iterable[int]:
        return range(SLOTS)

    def acquire(self, slot: int) -> AdvisoryLock | None:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        keys = {"space": _SPACE, "slot": slot}
        if connection.execute(text("SELECT pg_try_advisory_lock(:space, :slot)"), keys).scalar_one():
            return AdvisoryLock(connection, keys)
        connection.close()
        return None
