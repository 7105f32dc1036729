"""Executor slots as PostgreSQL advisory locks: each lives as long as its own connection."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from minion.adapters.store.engine import Database

_SPACE: Final = 0x6D736C


class AdvisoryLock:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def release(self) -> None:
        """The connection is closed for good: returned to a pool, it would keep the lock."""
        self._connection.invalidate()
        self._connection.close()


class AdvisoryLocks:
    """https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, slot: int) -> AdvisoryLock | None:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        keys = {"space": _SPACE, "slot": slot}
        if connection.execute(text("SELECT pg_try_advisory_lock(:space, :slot)"), keys).scalar_one():
            return AdvisoryLock(connection)
        connection.close()
        return None
