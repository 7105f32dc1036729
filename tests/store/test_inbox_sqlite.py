"""The inbox's short way into SQLite, and the long one where it does not lead there."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from minion.adapters.clock import SystemClock
from minion.adapters.store.inbox_sqlite import SqliteInserts
from minion.adapters.store.store import Store, open_store
from minion.domain.ids import DeliveryId
from minion.ports.store import Delivery

CLOCK = SystemClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/minion.db", CLOCK)
    yield opened
    opened.close()


def delivery(name: str) -> Delivery:
    return Delivery(DeliveryId(name), "issues", b"{}", CLOCK.now())


def test_all_new_ones_are_committed_as_they_came(store: Store, tmp_path: Path) -> None:
    inserts = SqliteInserts(str(tmp_path / "minion.db"))
    came = [delivery("a"), delivery("b")]
    assert inserts.insert_new(came)
    inserts.close()
    assert [(one.id, one.event, one.body, one.received_at) for one in store.inbox.take(9)] == [
        (one.id, one.event, one.body, one.received_at) for one in came
    ]


def test_one_that_is_there_leaves_all_to_the_long_way(store: Store, tmp_path: Path) -> None:
    inserts = SqliteInserts(str(tmp_path / "minion.db"))
    assert inserts.insert_new([delivery("a")])
    assert not inserts.insert_new([delivery("b"), delivery("a")])
    assert store.inbox.get(DeliveryId("b")) is None
    inserts.close()
    assert store.inbox.put_all([delivery("b"), delivery("a"), delivery("b")]) == [True, False, False]


def test_what_another_process_holds_up_is_stored_after_it(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "minion.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(1.5, other.execute, ["COMMIT"])  # longer than the short way waits
    release.start()
    assert store.inbox.put_all([delivery("a")]) == [True]
    release.join()
    other.close()
    assert store.inbox.put_all([delivery("b")]) == [True]
    assert store.inbox.waiting() == 2
