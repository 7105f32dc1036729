"""The database's clock: several replicas agree about leases and due times even where their own clocks don't."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import text

from minion.adapters.store.engine import Database
from minion.domain.errors import Outage
from minion.ports.clock import Clock

_FRESH_S: Final = 30.0


class DatabaseClock:
    """This machine's clock, put right by the database's every half minute. SQLite has no clock but this machine's."""

    def __init__(self, database: Database, machine: Clock) -> None:
        self._database = database
        self._machine = machine
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._asked_at: float | None = None

    def now(self) -> datetime:
        if not self._database.is_sqlite and self._is_stale():
            self._ask()
        return self._machine.now() + self._offset

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def _is_stale(self) -> bool:
        """True for one caller at a time."""
        with self._lock:
            now = self._machine.monotonic()
            stale = self._asked_at is None or now - self._asked_at > _FRESH_S
            if stale:
                self._asked_at = now
            return stale

    def _ask(self) -> None:
        """An outage leaves the offset as it was."""
        before = self._machine.now()
        try:
            with self._database.read() as connection:
                theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        except Outage:
            return
        ours = before + (self._machine.now() - before) / 2
        self._offset = theirs.astimezone(UTC) - ours
