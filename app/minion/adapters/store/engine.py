"""A database connection pool with short read and write transactions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from minion.adapters.store.turns import Turns
from minion.domain.errors import Outage, UsageError

_BUSY_MS = 15_000
_SCHEMA = re.compile(r"no such (?:table|column)|has no column named|(?:relation|column) .* does not exist")
"""SQLite's words and PostgreSQL's (undefined_table, undefined_column) for one that another version migrated."""
_ANOTHER_SCHEMA = "the database was made or migrated by another version of minion; stop this one and start that"


class Database:
    """Hands out transactions. `Outage` when the database cannot be reached, is locked for too long, or is full."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(minion_begin="BEGIN IMMEDIATE")
        self._casual = self._writer.execution_options(minion_synchronous="NORMAL")
        self._turns = Turns()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def sqlite_path(self) -> str | None:
        return self.engine.url.database if self.is_sqlite else None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Only one thread of this process writes SQLite at a time; the other database needs no such thing."""
        if not self.is_sqlite:
            yield
            return
        with self._turns.turn(_BUSY_MS / 1000):
            yield

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _outages(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, casual: bool = False) -> Iterator[Connection]:
        """On disk at its end. `casual`: what may be done again after a power cut does not wait for the disk in SQLite;
        it is there with the next commit that does (https://www.sqlite.org/pragma.html#pragma_synchronous)."""
        writer = self._casual if casual else self._writer
        with self.turn(), _outages(), writer.begin() as connection:
            yield connection

    def lock(self, connection: Connection, key: int) -> None:
        """Until the transaction ends, nobody else holds `key`. SQLite has one writer anyway."""
        if not self.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Outage(f"the database does not answer: {_first_line(error)}") from error
    except DBAPIError as error:
        if (what := _outage(error)) is None:
            raise
        raise Outage(f"{what}: {_first_line(error)}") from error


def _outage(error: DBAPIError) -> str | None:
    """None: a bug of ours."""
    if _SCHEMA.search(str(error.orig)):
        return _ANOTHER_SCHEMA
    if isinstance(error, OperationalError):
        return "the database does not answer"
    return "the database connection broke" if error.connection_invalidated else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def normalised(url: str) -> URL:
    """`postgresql://` means psycopg 3, the driver that is installed. A bare path is a SQLite file."""
    if "://" not in url:
        url = f"sqlite:///{url}"
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return parsed
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise UsageError(f"MINION_DATABASE_URL: {other!r} is not supported; use sqlite:///path or postgresql://...")


def connect(url: str) -> Database:
    """Opens the pool; the SQLite file's folder is created, and the file is switched to WAL once.

    Raises `UsageError` where that folder cannot be made or the file cannot be opened.
    """
    parsed = normalised(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(_sqlite(parsed))
    return Database(create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True, pool_timeout=10))


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise UsageError("MINION_DATABASE_URL: the database must be a file, for example sqlite:///minion.db")
    _make_folder(Path(url.database).parent)
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False}, pool_size=20)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    _switch_to_wal(url.database)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(f"the folder {folder} cannot be made ({error.strerror})") from error


def _unusable(problem: str) -> UsageError:
    return UsageError(f"MINION_DATABASE_URL: {problem}. Name a file in a folder that this process may write to.")


def _open(path: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, isolation_level=None)
    except sqlite3.OperationalError as error:  # it is not read yet, so this is about the place, not about a lock
        raise _unusable(f"{path} cannot be opened ({error})") from error


@retry(retry=retry_if_exception_type(sqlite3.OperationalError), stop=stop_after_delay(10), wait=wait_fixed(0.05))
def _switch_to_wal(path: str) -> None:
    """Outside any transaction; another process that starts at the same moment may hold the file."""
    with closing(_open(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # sqlite3 must not begin transactions by itself
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={_BUSY_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA synchronous={options.get('minion_synchronous', 'FULL')}")
    connection.exec_driver_sql(options.get("minion_begin", "BEGIN"))
