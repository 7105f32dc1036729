"""The tables. Instants are microseconds since 1970 (UTC), so that both databases compare them alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NANO_USD = Decimal("1e-9")


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(instant: datetime) -> int:
    """As `Instant` keeps it."""
    return (instant - _EPOCH) // _MICROSECOND


class Usd(TypeDecorator[Decimal]):
    """Money as whole nano-dollars: sums are exact in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else int((value / _NANO_USD).to_integral_value())

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else Decimal(int(value)) * _NANO_USD


RowId = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself on SQLite

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("event", String(100), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant, nullable=True),
    Column("handled_at", Instant, nullable=True),
    Column("note", Text, nullable=False, server_default=""),
    Index(
        "inbox_open",
        "next_at",
        "received_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("capability", String(64), nullable=False, unique=True),
    Column("repository_id", BigInteger, nullable=False),
    Column("installation_id", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("pull_number", BigInteger, nullable=True),
    Column("branch", String(300), nullable=False),
    Column("head_sha", String(64), nullable=False),
    Column("status", String(32), nullable=False),
    Column("active", Integer, nullable=False),
    Column("due_at", Instant, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(
        "tasks_one_active_per_number",
        "repository_id",
        "number",
        unique=True,
        sqlite_where=text("active = 1"),
        postgresql_where=text("active = 1"),
    ),
    Index(
        "tasks_one_active_per_pull",
        "repository_id",
        "pull_number",
        unique=True,
        sqlite_where=text("active = 1"),
        postgresql_where=text("active = 1"),
    ),
    Index("tasks_due", "due_at"),
    Index("tasks_by_head", "repository_id", "head_sha"),
)

leases = Table(
    "leases",
    metadata,
    Column("task_id", String(32), primary_key=True),
    Column("fence", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("nonce", String(64), nullable=False, unique=True),
    Column("run_id", BigInteger, nullable=True),
    Column("offered_at", Instant, nullable=False),
    Column("dispatched_at", Instant, nullable=True),
    Column("claimed_at", Instant, nullable=True),
    Column("expires_at", Instant, nullable=False),
    Column("heard", Integer, nullable=False, server_default="0"),
    Column("ended", Integer, nullable=False, server_default="0"),
    Column("result_digest", String(64), nullable=False, server_default=""),
)

used_jtis = Table(
    "used_jtis",
    metadata,
    Column("jti", String(200), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("used_at", Instant, nullable=False),
)

pushes = Table(
    "pushes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("task_id", String(32), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("pull_number", BigInteger, nullable=True),
    Column("round", Integer, nullable=False),
    Column("sha", String(64), nullable=True),
    Column("at", Instant, nullable=False),
    UniqueConstraint("task_id", "round", name="pushes_one_per_round"),
    Index("pushes_by_pull", "repository_id", "pull_number"),
)

spend = Table(
    "spend",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("task_id", String(32), nullable=False),
    Column("model", String(100), nullable=False),
    Column("usd", Usd, nullable=False),
    Column("settled", Integer, nullable=False),
    Column("tokens", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("spend_by_task", "task_id"),
)

trace = Table(
    "trace",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("task_id", String(32), nullable=False),
    Column("round", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("task_id", "fence", "seq", name="trace_once"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)
