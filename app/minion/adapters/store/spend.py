"""Money: reserved at its worst case before a model call, settled at what the call really cost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import Usd, spend, tasks
from minion.domain.ids import TaskId
from minion.domain.receipt import Tokens
from minion.ports.store import Reserved, Unaffordable


class SqlSpendStore:
    """A reservation that is never settled (the process was killed) stays spent: budgets fail closed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(
        self, task_id: TaskId, model: str, worst: Decimal, limit: Decimal, at: datetime
    ) -> Reserved | Unaffordable:
        with self._database.write() as connection:
            connection.execute(select(tasks.c.id).where(tasks.c.id == task_id).with_for_update())
            left = limit - _sum(connection, task_id)
            if worst > left:
                return Unaffordable(left)
            row = {"task_id": task_id, "model": model, "usd": worst, "settled": 0, "tokens": "{}", "at": at}
            return Reserved(connection.execute(insert(spend).values(**row).returning(spend.c.id)).scalar_one())

    def settle(self, reservation: int, tokens: Tokens, usd: Decimal) -> None:
        with self._database.write() as connection:
            values = {"usd": usd, "tokens": tokens.model_dump_json(), "settled": 1}
            connection.execute(update(spend).where(spend.c.id == reservation).values(**values))

    def add(self, task_id: TaskId, model: str, tokens: Tokens, usd: Decimal, at: datetime) -> None:
        row = {
            "task_id": task_id,
            "model": model,
            "usd": usd,
            "settled": 1,
            "tokens": tokens.model_dump_json(),
            "at": at,
        }
        with self._database.write() as connection:
            connection.execute(insert(spend).values(**row))

    def spent(self, task_id: TaskId) -> Decimal:
        with self._database.read() as connection:
            return _sum(connection, task_id)

    def settled(self, task_id: TaskId) -> Decimal:
        with self._database.read() as connection:
            return _sum(connection, task_id, spend.c.settled == 1)


def _sum(connection: Connection, task_id: TaskId, *which: ColumnElement[bool]) -> Decimal:
    total = select(func.coalesce(func.sum(spend.c.usd, type_=Usd), 0)).where(spend.c.task_id == task_id, *which)
    value = connection.execute(total).scalar_one()
    return value if isinstance(value, Decimal) else Decimal(0)
