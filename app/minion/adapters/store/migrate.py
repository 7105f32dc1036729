"""Brings the schema to the newest revision; safe with several processes starting at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from minion.adapters.store.engine import Database

_LOCK = 0x6D696E696F6E  # "minion"


def migrate(database: Database) -> None:
    with database.write() as connection:
        database.lock(connection, _LOCK)
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


def is_current(database: Database) -> bool:
    """True when the schema is the one that this version was written for."""
    with database.read() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    return revision == ScriptDirectory.from_config(_configuration()).get_current_head()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration
