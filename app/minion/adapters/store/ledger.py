"""The push ledger: counted and written in the transaction that authorises the push."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import pushes, tasks
from minion.domain.ids import CommitSha, TaskId
from minion.domain.task import Push, Task
from minion.ports.store import PushAllowed, PushDenied


class SqlPushLedger:
    def __init__(self, database: Database) -> None:
        self._database = database

    def authorise(
        self, task: Task, pull_number: int | None, now: datetime, *, per_task: int, per_pull: int
    ) -> PushAllowed | PushDenied:
        """The repository's pushes are decided one at a time. A task that has ended gets none."""
        with self._database.write() as connection:
            self._database.lock(connection, task.repository_id)
            if (already := _number_of(connection, task)) is not None:
                return PushAllowed(already)
            if (reason := _refusal(connection, task, pull_number, per_task, per_pull)) is not None:
                return PushDenied(reason)
            connection.execute(
                insert(pushes).values(
                    task_id=task.id, repository_id=task.repository_id, pull_number=pull_number, round=task.round, at=now
                )
            )
            return PushAllowed(_count(connection, pushes.c.task_id == task.id))

    def record(self, task_id: TaskId, round_: int, sha: CommitSha, pull_number: int | None) -> None:
        values: dict[str, object] = {"sha": sha}
        if pull_number is not None:
            values["pull_number"] = pull_number
        with self._database.write() as connection:
            row = (pushes.c.task_id == task_id) & (pushes.c.round == round_)
            connection.execute(update(pushes).where(row).values(**values))

    def pushes(self, task_id: TaskId) -> Sequence[Push]:
        with self._database.read() as connection:
            rows = connection.execute(select(pushes).where(pushes.c.task_id == task_id).order_by(pushes.c.id)).all()
        return [
            Push(
                task_id=TaskId(row.task_id),
                pull_number=row.pull_number,
                round=row.round,
                sha=None if row.sha is None else CommitSha(row.sha),
                at=row.at,
            )
            for row in rows
        ]

    def pushes_on_pull(self, repository_id: int, pull_number: int) -> int:
        with self._database.read() as connection:
            return _count(connection, _on_pull(repository_id, pull_number))


def _number_of(connection: Connection, task: Task) -> int | None:
    """Which push of its task this round already is (1, 2); None: it is none yet."""
    rounds = select(pushes.c.round).where(pushes.c.task_id == task.id).order_by(pushes.c.id)
    authorised = connection.execute(rounds).scalars().all()
    return authorised.index(task.round) + 1 if task.round in authorised else None


def _refusal(connection: Connection, task: Task, pull_number: int | None, per_task: int, per_pull: int) -> str | None:
    active = connection.execute(select(tasks.c.active).where(tasks.c.id == task.id)).scalar_one_or_none()
    if active != 1:
        return "the task has ended"
    if (count := _count(connection, pushes.c.task_id == task.id)) >= per_task:
        return f"the task has used its {count} of {per_task} pushes"
    if pull_number is not None and (count := _count(connection, _on_pull(task.repository_id, pull_number))) >= per_pull:
        return f"the pull request has had {count} of at most {per_pull} pushes by this bot"
    return None


def _on_pull(repository_id: int, pull_number: int) -> ColumnElement[bool]:
    return (pushes.c.repository_id == repository_id) & (pushes.c.pull_number == pull_number)


def _count(connection: Connection, which: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(pushes).where(which)).scalar_one()
