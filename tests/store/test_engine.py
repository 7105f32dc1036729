"""What is on disk when a transaction has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from minion.adapters.store.engine import connect
from minion.domain.errors import UsageError

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
