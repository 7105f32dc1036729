"""Tasks: one row each, its body as JSON, with the columns that are searched or must be unique beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import tasks
from minion.domain.ids import Capability, CommitSha, TaskId
from minion.domain.task import Task

_NEWEST: Final = (tasks.c.active.desc(), tasks.c.created_at.desc(), tasks.c.id)


class SqlTaskStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, task: Task) -> Task | None:
        try:
            with self._database.write() as connection:
                connection.execute(insert(tasks).values(id=task.id, **_columns(task)))
        except IntegrityError:
            return None
        return task

    def get(self, task_id: TaskId) -> Task | None:
        return self._one(_bodies().where(tasks.c.id == task_id))

    def by_capability(self, capability: Capability) -> Task | None:
        return self._one(_bodies().where(tasks.c.capability == capability))

    def active_for(self, repository_id: int, number: int) -> Task | None:
        return self._one(_about(repository_id, number).where(tasks.c.active == 1))

    def last_for(self, repository_id: int, number: int) -> Task | None:
        return self._one(_about(repository_id, number).order_by(*_NEWEST))

    def active_with_sha(self, repository_id: int, sha: CommitSha) -> Sequence[Task]:
        return self._all(_active(repository_id).where(tasks.c.head_sha == sha))

    def active_with_branch(self, repository_id: int, branch: str) -> Task | None:
        return self._one(_active(repository_id).where(tasks.c.branch == branch))

    def active_of(self, installation_id: int) -> Sequence[Task]:
        return self._all(_bodies().where(tasks.c.active == 1, tasks.c.installation_id == installation_id))

    def all_active(self) -> Sequence[TaskId]:
        with self._database.read() as connection:
            return connection.execute(select(tasks.c.id).where(tasks.c.active == 1)).scalars().all()

    def due(self, now: datetime, limit: int) -> Sequence[TaskId]:
        statement = select(tasks.c.id).where(tasks.c.due_at <= now).order_by(tasks.c.due_at).limit(limit)
        with self._database.read() as connection:
            return connection.execute(statement).scalars().all()

    def counts(self) -> dict[str, int]:
        """Status to number of tasks."""
        with self._database.read() as connection:
            rows = connection.execute(select(tasks.c.status, func.count()).group_by(tasks.c.status)).all()
        return {row[0]: row[1] for row in rows}

    def save(self, task: Task) -> Task | None:
        """Also None when the task would be active beside another one of the same issue or pull request."""
        try:
            with self._database.write() as connection:
                return save_in(connection, task)
        except IntegrityError:
            return None

    def _one(self, statement: Select[str]) -> Task | None:
        with self._database.read() as connection:
            body = connection.execute(statement.limit(1)).scalar_one_or_none()
        return None if body is None else Task.model_validate_json(body)

    def _all(self, statement: Select[str]) -> list[Task]:
        with self._database.read() as connection:
            return [Task.model_validate_json(body) for body in connection.execute(statement).scalars()]


def save_in(connection: Connection, task: Task) -> Task | None:
    """Within a transaction: stored with version + 1, or None when somebody else saved in between."""
    saved = task.model_copy(update={"version": task.version + 1})
    statement = update(tasks).where(tasks.c.id == task.id, tasks.c.version == task.version)
    return saved if connection.execute(statement.values(**_columns(saved))).rowcount == 1 else None


def _bodies() -> Select[str]:
    return select(tasks.c.body)


def _active(repository_id: int) -> Select[str]:
    return _bodies().where(tasks.c.repository_id == repository_id, tasks.c.active == 1)


def _about(repository_id: int, number: int) -> Select[str]:
    same = or_(tasks.c.number == number, tasks.c.pull_number == number)
    return _bodies().where(tasks.c.repository_id == repository_id, same)


def _columns(task: Task) -> dict[str, Any]:
    return {
        "capability": task.capability,
        "repository_id": task.repository_id,
        "installation_id": task.installation_id,
        "number": task.number,
        "pull_number": task.pull_number,
        "branch": task.branch,
        "head_sha": task.head_sha,
        "status": task.status.value,
        "active": 0 if task.status.ended else 1,
        "due_at": task.due_at,
        "created_at": task.created_at,
        "version": task.version,
        "body": task.model_dump_json(),
    }
