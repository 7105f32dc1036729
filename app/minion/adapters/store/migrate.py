"""Brings the schema to the newest revision; safe with several processes starting at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from minion.adapters.store.engine import Database
from minion.adapters.store.tables import metadata
from minion.domain.errors import UsageError

_LOCK: Final = 0x6D696E696F6E  # "minion"
_MEND: Final = "Start the version of minion that made it, restore a backup, or name another MINION_DATABASE_URL."


def migrate(database: Database) -> None:
    """Raises `UsageError` for a database that another version made and this one cannot bring to its own schema."""
    with database.write() as connection:
        database.lock(connection, _LOCK)
        configuration = _configuration()
        known = {script.revision for script in ScriptDirectory.from_config(configuration).walk_revisions()}
        revision = _revision(connection)
        if revision is not None and revision not in known:
            raise UsageError(f"The database is of a newer version of minion (schema {revision}). {_MEND}")
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        if missing := _missing(connection):
            raise UsageError(f"The database lacks {', '.join(missing)}, which this version needs. {_MEND}")


def is_current(database: Database) -> bool:
    """True when the schema is the one that this version was written for."""
    with database.read() as connection:
        revision, missing = _revision(connection), _missing(connection)
    return revision == ScriptDirectory.from_config(_configuration()).get_current_head() and not missing


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _missing(connection: Connection) -> list[str]:
    """`table.column` of what the code reads and writes and the database does not have."""
    there = inspect(connection).get_multi_columns(filter_names=list(metadata.tables))
    found = {(name, column["name"]) for (_, name), columns in there.items() for column in columns}
    wanted = [(table.name, column.name) for table in metadata.sorted_tables for column in table.columns]
    return [f"{table}.{column}" for table, column in wanted if (table, column) not in found]


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration
