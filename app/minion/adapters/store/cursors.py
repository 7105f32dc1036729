"""Where a periodic pass stopped."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import cursors


class SqlCursors:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        with self._database.read() as connection:
            return connection.execute(select(cursors.c.value).where(cursors.c.name == name)).scalar_one_or_none()

    def set(self, name: str, value: str) -> None:
        with self._database.write() as connection:
            if connection.execute(update(cursors).where(cursors.c.name == name).values(value=value)).rowcount == 0:
                connection.execute(insert(cursors).values(name=name, value=value))
