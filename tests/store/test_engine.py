"""What is on disk when a transaction has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from minion.adapters.store.engine import connect
from minion.adapters.store.store import open_store
from minion.domain.errors import Outage, UsageError
from minion.domain.ids import TaskId

from .conftest import HandClock

FULL, NORMAL = 2, 1  # https://www.sqlite.org/pragma.html#pragma_synchronous


@pytest.mark.parametrize("casual_before", [False, True])
def test_every_write_waits_for_the_disk_but_a_casual_one(tmp_path: Path, casual_before: bool) -> None:
    database = connect(f"sqlite:///{tmp_path}/minion.db")
    with database.write(casual=casual_before):
        pass  # the same connection comes back from the pool
    for casual, wanted in ((False, FULL), (True, NORMAL), (False, FULL)):
        with database.write(casual=casual) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == wanted
    database.close()


@pytest.mark.parametrize("name", ["file/folder/minion.db", "."])
def test_a_place_that_cannot_hold_the_file_is_wrong_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"MINION_DATABASE_URL: .* cannot be (made|opened).*Name a file"):
        connect(f"sqlite:///{tmp_path / name}")


@pytest.mark.parametrize(
    ("done_by_another", "said"),
    [
        ("ALTER TABLE spend DROP COLUMN settled", r"lacks spend\.settled.*Start the version"),
        ("DROP TABLE trace", r"lacks trace\.id, .*Start the version"),
        ("UPDATE alembic_version SET version_num = '9999'", r"newer version of minion \(schema 9999\)"),
    ],
)
def test_a_database_of_another_version_is_refused(tmp_path: Path, done_by_another: str, said: str) -> None:
    url = f"sqlite:///{tmp_path}/minion.db"
    store = open_store(url, HandClock())
    assert store.ready()
    with store.database.write() as connection:
        connection.exec_driver_sql(done_by_another)
    assert not store.ready(), "a process that runs meanwhile takes no more traffic"
    with pytest.raises(UsageError, match=said):
        open_store(url, HandClock())
    store.close()


def test_another_schema_beneath_a_running_process_says_what_to_do(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/minion.db", HandClock())
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE spend DROP COLUMN settled")
    with pytest.raises(Outage, match=r"another version of minion; stop this one and start that: .*settled"):
        store.spend.settled(TaskId("t1"))
    store.close()
