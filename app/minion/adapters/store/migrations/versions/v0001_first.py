"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    _inbox()
    _tasks()
    _leases()
    _used_jtis()
    _pushes()
    _spend()
    _trace()
    _cursors()


def downgrade() -> None:
    for table in ("cursors", "trace", "spend", "pushes", "used_jtis", "leases", "tasks", "inbox"):
        op.drop_table(table)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("event", sa.String(100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
    )
    op.create_index("inbox_open", "inbox", ["next_at", "received_at"], **_where("next_at IS NOT NULL"))


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("capability", sa.String(64), nullable=False, unique=True),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("pull_number", sa.BigInteger(), nullable=True),
        sa.Column("branch", sa.String(300), nullable=False),
        sa.Column("head_sha", sa.String(64), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index(
        "tasks_one_active_per_number", "tasks", ["repository_id", "number"], unique=True, **_where("active = 1")
    )
    op.create_index(
        "tasks_one_active_per_pull", "tasks", ["repository_id", "pull_number"], unique=True, **_where("active = 1")
    )
    op.create_index("tasks_due", "tasks", ["due_at"])
    op.create_index("tasks_by_head", "tasks", ["repository_id", "head_sha"])


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("task_id", sa.String(32), primary_key=True),
        sa.Column("fence", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False, unique=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("dispatched_at", sa.BigInteger(), nullable=True),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("ended", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("result_digest", sa.String(64), nullable=False, server_default=""),
    )


def _used_jtis() -> None:
    op.create_table(
        "used_jtis",
        sa.Column("jti", sa.String(200), primary_key=True),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
    )


def _pushes() -> None:
    op.create_table(
        "pushes",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("task_id", sa.String(32), nullable=False),
        sa.Column("repository_id", sa.BigInteger(), nullable=False),
        sa.Column("pull_number", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sha", sa.String(64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("task_id", "round", name="pushes_one_per_round"),
    )
    op.create_index("pushes_by_pull", "pushes", ["repository_id", "pull_number"])


def _spend() -> None:
    op.create_table(
        "spend",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("task_id", sa.String(32), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("usd", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("spend_by_task", "spend", ["task_id"])


def _trace() -> None:
    op.create_table(
        "trace",
        sa.Column("id", _ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("task_id", sa.String(32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.UniqueConstraint("task_id", "fence", "seq", name="trace_once"),
    )


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
