"""The inbox's short way into SQLite: one connection of its own, one prepared statement, one commit.

Each call into SQLite lets another thread take the interpreter, and this one then has to wait for it again: with as few
of them as there can be, the door's commits stay short while other threads are busy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from minion.adapters.store.tables import microseconds
from minion.ports.store import Delivery

_BUSY_S: Final = 1.0
_ROW: Final = "(?, ?, ?, ?, ?)"
_INSERT: Final = "INSERT INTO inbox (id, event, body, received_at, next_at) VALUES "
_UNLESS_THERE: Final = " ON CONFLICT (id) DO NOTHING"


class SqliteInserts:
    """Used by one thread at a time. Opens its connection when it is first needed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def insert_new(self, deliveries: Sequence[Delivery]) -> bool:
        """True: all are committed and on disk, and none was there before. False: nothing has changed; the long way
        finds out why."""
        try:
            return self._insert(deliveries)
        except sqlite3.Error:
            self.close()
            return False

    def close(self) -> None:
        """A transaction that is open ends with nothing done."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _insert(self, deliveries: Sequence[Delivery]) -> bool:
        statement = _INSERT + ", ".join([_ROW] * len(deliveries)) + _UNLESS_THERE
        values = [value for delivery in deliveries for value in _values(delivery)]
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute(statement, values).rowcount == len(deliveries):
            connection.execute("COMMIT")
            return True
        connection.execute("ROLLBACK")
        return False

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous=FULL")
        return self._connection


def _values(delivery: Delivery) -> tuple[str, str, bytes, int, int]:
    received_at = microseconds(delivery.received_at)
    return delivery.id, delivery.event, delivery.body, received_at, received_at
