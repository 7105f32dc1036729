"""Deliveries: stored before they are acked, handled at least once, parked visibly when they cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from minion.adapters.store.engine import Database
from minion.adapters.store.inbox_sqlite import SqliteInserts
from minion.adapters.store.tables import inbox
from minion.domain.ids import DeliveryId
from minion.ports.clock import Clock
from minion.ports.store import Delivery

ATTEMPTS = 6
_FIRST_RETRY = timedelta(seconds=60)


class SqlInbox:
    """`next_at` is when to take a delivery (again); it is null once handled or parked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        path = database.sqlite_path
        self._quick = None if path is None else SqliteInserts(path)
        insert = insert_sqlite if database.is_sqlite else insert_postgresql
        # built once: building it costs more than running it
        self._statement = insert(inbox).on_conflict_do_nothing(index_elements=["id"]).returning(inbox.c.id)

    def put(self, delivery: Delivery) -> bool:
        return self.put_all([delivery])[0]

    def put_all(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """All in one commit. False where the id was there before (also earlier in the same batch)."""
        if self._quick is not None:
            with self._database.turn():
                if self._quick.insert_new(deliveries):
                    return [True] * len(deliveries)
        with self._database.write() as connection:
            new = set(connection.execute(self._statement, [_row(delivery) for delivery in deliveries]).scalars())
        answers = []
        for delivery in deliveries:
            answers.append(delivery.id in new)
            new.discard(delivery.id)
        return answers

    def close(self) -> None:
        if self._quick is not None:
            self._quick.close()

    def take(self, limit: int) -> Sequence[Delivery]:
        """Those that are due, oldest first; each is handed out again after a minute unless it is settled by then.

        After the last attempt a delivery is parked: it keeps its row and a note, and `parked()` counts it.
        """
        now = self._clock.now()
        with self._database.write(casual=True) as connection:
            statement = select(inbox).where(inbox.c.next_at <= now).order_by(inbox.c.received_at, inbox.c.id)
            rows = connection.execute(statement.limit(limit).with_for_update(skip_locked=True)).all()
            if rows:
                values = [{"key": row.id, **_taken(row, now)} for row in rows]
                connection.execute(update(inbox).where(inbox.c.id == bindparam("key")), values)
        return [
            Delivery(DeliveryId(row.id), row.event, row.body, row.received_at, row.attempts + 1)
            for row in rows
            if row.attempts < ATTEMPTS
        ]

    def get(self, delivery_id: DeliveryId) -> Delivery | None:
        with self._database.read() as connection:
            row = connection.execute(select(inbox).where(inbox.c.id == delivery_id)).one_or_none()
        return None if row is None else Delivery(DeliveryId(row.id), row.event, row.body, row.received_at, row.attempts)

    def handled(self, delivery_id: DeliveryId, note: str) -> None:
        self._set(delivery_id, handled_at=self._clock.now(), next_at=None, note=note[:2000], body=b"")

    def all_handled(self, notes: Mapping[DeliveryId, str]) -> None:
        settled = {"handled_at": self._clock.now(), "next_at": None, "body": b""}
        values = [{"key": delivery_id, "note": note[:2000], **settled} for delivery_id, note in notes.items()]
        if values:
            with self._database.write(casual=True) as connection:
                connection.execute(update(inbox).where(inbox.c.id == bindparam("key")), values)

    def postpone(self, delivery_id: DeliveryId, until: datetime, note: str) -> None:
        """An outage is no failed attempt: it is taken again at `until`, as often as it needs."""
        self._set(delivery_id, next_at=until, note=note[:2000], attempts=0)

    def failed(self, delivery_id: DeliveryId, note: str) -> None:
        self._set(delivery_id, note=note[:2000])

    def _set(self, delivery_id: DeliveryId, **values: object) -> None:
        with self._database.write() as connection:
            connection.execute(update(inbox).where(inbox.c.id == delivery_id).values(**values))

    def note(self, delivery_id: DeliveryId) -> str | None:
        with self._database.read() as connection:
            return connection.execute(select(inbox.c.note).where(inbox.c.id == delivery_id)).scalar_one_or_none()

    def forget(self, before: datetime) -> None:
        with self._database.write() as connection:
            connection.execute(delete(inbox).where(inbox.c.handled_at < before))

    def waiting(self) -> int:
        return self._count(handled=False)

    def parked(self) -> int:
        return self._count(handled=True)

    def counts(self) -> dict[str, int]:
        return {"waiting": self.waiting(), "parked": self.parked()}

    def _count(self, *, handled: bool) -> int:
        due = inbox.c.next_at.is_(None) if handled else inbox.c.next_at.is_not(None)
        with self._database.read() as connection:
            statement = select(func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None), due)
            return connection.execute(statement).scalar_one()


def _row(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "body": delivery.body,
        "received_at": delivery.received_at,
        "next_at": delivery.received_at,
    }


def _taken(row: Row[Any], now: datetime) -> dict[str, Any]:
    """What a row becomes when it is taken once more; the rows of a batch all set the same columns."""
    attempts = row.attempts + 1
    if attempts > ATTEMPTS:
        return {"next_at": None, "attempts": row.attempts, "note": "parked: " + (row.note or "every attempt failed")}
    return {"next_at": now + _FIRST_RETRY * attempts, "attempts": attempts, "note": row.note}
