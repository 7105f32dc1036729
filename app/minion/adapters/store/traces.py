"""What happened in rounds, in the order of arrival; sent twice, it is kept once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import trace
from minion.domain.ids import TaskId
from minion.domain.trace import TraceEvent


class SqlTraceStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, task_id: TaskId, round_: int, fence: int, events: Sequence[TraceEvent]) -> None:
        if not events:
            return
        insert = insert_sqlite if self._database.is_sqlite else insert_postgresql
        statement = insert(trace).on_conflict_do_nothing(index_elements=["task_id", "fence", "seq"])
        rows = [
            {"task_id": task_id, "round": round_, "fence": fence, "seq": event.seq, "body": event.model_dump_json()}
            for event in events
        ]
        with self._database.write() as connection:
            connection.execute(statement, rows)

    def read(self, task_id: TaskId, after: int = 0, limit: int = 2000) -> Sequence[tuple[int, int, TraceEvent]]:
        mine = select(trace).where(trace.c.task_id == task_id, trace.c.id > after).order_by(trace.c.id).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(mine).all()
        return [(row.id, row.round, TraceEvent.model_validate_json(row.body)) for row in rows]

    def tail(self, task_id: TaskId, limit: int) -> Sequence[tuple[int, int, TraceEvent]]:
        """The last `limit` events, oldest first."""
        mine = select(trace).where(trace.c.task_id == task_id).order_by(trace.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(mine).all()
        return [(row.id, row.round, TraceEvent.model_validate_json(row.body)) for row in reversed(rows)]
