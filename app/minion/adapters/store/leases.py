"""Leases: the right of one run to work on one round of a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import leases, tasks, used_jtis
from minion.adapters.store.tasks import save_in
from minion.domain.ids import TaskId
from minion.domain.task import Task
from minion.ports.store import Finished, Lease, ResultRefused


class SqlLeases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def offer(self, task: Task, round_: int, nonce: str, now: datetime, expires_at: datetime) -> Lease | None:
        """Ends every older lease of the task; the new one has the next fence."""
        task_id = task.id
        with self._database.write() as connection:
            if not _is_current(connection, task):
                return None
            connection.execute(update(leases).where(leases.c.task_id == task_id).values(ended=1))
            fence = connection.execute(select(func.max(leases.c.fence)).where(leases.c.task_id == task_id)).scalar()
            same_round = (leases.c.task_id == task_id) & (leases.c.round == round_)
            attempts = connection.execute(select(func.count()).select_from(leases).where(same_round)).scalar_one()
            lease = Lease(
                task_id, round_, attempts + 1, (fence or 0) + 1, nonce, None, now, None, None, expires_at, False
            )
            connection.execute(insert(leases).values(**_values(lease)))
        return lease

    def current(self, task_id: TaskId) -> Lease | None:
        """The newest lease, ended or not."""
        statement = select(leases).where(leases.c.task_id == task_id).order_by(leases.c.fence.desc()).limit(1)
        with self._database.read() as connection:
            return _lease(connection.execute(statement).one_or_none())

    def by_nonce(self, nonce: str) -> Lease | None:
        with self._database.read() as connection:
            return _lease(connection.execute(select(leases).where(leases.c.nonce == nonce)).one_or_none())

    def dispatched(self, task_id: TaskId, fence: int, now: datetime) -> None:
        with self._database.write() as connection:
            connection.execute(update(leases).where(_key(task_id, fence)).values(dispatched_at=now))

    def claim(self, nonce: str, run_id: int, jti: str, now: datetime, until: datetime) -> Lease | str:
        with self._database.write() as connection:
            lease = _lease(
                connection.execute(select(leases).where(leases.c.nonce == nonce).with_for_update()).one_or_none()
            )
            if lease is None:
                return "no round was offered under this nonce"
            if not _is_fresh(connection, jti, lease, now):
                return "this OIDC token was used before"
            if lease.ended:
                return "the round is over"
            if lease.run_id not in {None, run_id}:
                return f"run {lease.run_id} holds the round"
            held = replace(lease, run_id=run_id, claimed_at=lease.claimed_at or now, expires_at=until)
            changes = {"run_id": run_id, "claimed_at": held.claimed_at, "expires_at": until}
            connection.execute(update(leases).where(leases.c.nonce == nonce).values(**changes))
        return held

    def extend(self, task_id: TaskId, fence: int, until: datetime) -> bool:
        live = _key(task_id, fence) & (leases.c.ended == 0)
        with self._database.write() as connection:
            return connection.execute(update(leases).where(live).values(expires_at=until, heard=1)).rowcount == 1

    def end(self, task_id: TaskId, fence: int) -> bool:
        live = _key(task_id, fence) & (leases.c.ended == 0)
        with self._database.write() as connection:
            return connection.execute(update(leases).where(live).values(ended=1)).rowcount == 1

    def allow_until(self, until: datetime) -> None:
        early = (leases.c.ended == 0) & (leases.c.expires_at < until)
        with self._database.write() as connection:
            connection.execute(update(leases).where(early).values(expires_at=until))

    def forget(self, before: datetime) -> None:
        with self._database.write() as connection:
            connection.execute(delete(used_jtis).where(used_jtis.c.used_at < before))

    def finish(self, task: Task, fence: int, digest: str) -> Finished | ResultRefused:
        """One transaction: the round's result is in the task and its lease has ended, or neither."""
        with self._database.write() as connection:
            lease = _lease(connection.execute(select(leases).where(_key(task.id, fence))).one_or_none())
            if lease is not None and lease.ended and lease.result_digest == digest:
                return Finished(repeated=True)
            if lease is None or lease.ended:
                return ResultRefused("the lease is over: another attempt has the round, or the task has ended")
            if save_in(connection, task) is None:
                return ResultRefused("the task changed meanwhile: send the result again", again=True)
            connection.execute(update(leases).where(_key(task.id, fence)).values(ended=1, result_digest=digest))
        return Finished(repeated=False)


def _is_current(connection: Connection, task: Task) -> bool:
    """The row is held until the transaction ends, so a result comes either before this or after it."""
    statement = select(tasks.c.version).where(tasks.c.id == task.id).with_for_update()
    return connection.execute(statement).scalar_one_or_none() == task.version


def _is_fresh(connection: Connection, jti: str, lease: Lease, now: datetime) -> bool:
    """A token is used once. Sent again for the same lease before that was heard of, its answer was lost."""
    used = connection.execute(select(used_jtis.c.nonce).where(used_jtis.c.jti == jti)).scalar_one_or_none()
    if used is None:
        connection.execute(insert(used_jtis).values(jti=jti, nonce=lease.nonce, used_at=now))
        return True
    return used == lease.nonce and not lease.heard


def _key(task_id: TaskId, fence: int) -> Any:
    return (leases.c.task_id == task_id) & (leases.c.fence == fence)


def _values(lease: Lease) -> dict[str, Any]:
    return {
        "task_id": lease.task_id,
        "fence": lease.fence,
        "round": lease.round,
        "attempt": lease.attempt,
        "nonce": lease.nonce,
        "offered_at": lease.offered_at,
        "expires_at": lease.expires_at,
    }


def _lease(row: Row[Any] | None) -> Lease | None:
    if row is None:
        return None
    return Lease(
        TaskId(row.task_id),
        row.round,
        row.attempt,
        row.fence,
        row.nonce,
        row.run_id,
        row.offered_at,
        row.dispatched_at,
        row.claimed_at,
        row.expires_at,
        bool(row.ended),
        bool(row.heard),
        row.result_digest,
    )
