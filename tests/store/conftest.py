"""The same contract on a SQLite file and on a real, private PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minion.adapters.store.store import Store, open_store
from minion.domain.ids import CommitSha, new_capability, new_task_id
from minion.domain.spec import TaskSpec
from minion.domain.task import Task

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@dataclass
class HandClock:
    at: datetime = field(default=NOW)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def pass_(self, **delta: float) -> None:
        self.at += timedelta(**delta)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PrivatePostgres:
    """A server on a loopback port with its data in a temporary folder; PostgreSQL refuses to run as root."""

    def __init__(self, binaries: Path) -> None:
        self.port = _free_port()
        self.home = Path(tempfile.mkdtemp(prefix="minion-pg-"))
        self._user = pwd.getpwnam("postgres").pw_name if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self.home, self._user)
        data = self.home / "data"
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "minion", "--auth=trust", "-E", "UTF8"],
            user=self._user,
            check=True,
            capture_output=True,
            cwd=self.home,
        )
        command = [binaries / "postgres", "-D", data, "-p", str(self.port), "-k", self.home]
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]
        self._process = subprocess.Popen(
            [*command, *options], user=self._user, cwd=self.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.execute("SELECT 1")
            except Exception as error:  # noqa: BLE001 -- any failure means: not up yet
                last = error
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start: {last}")

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(host="127.0.0.1", port=self.port, user="minion", dbname="postgres", autocommit=True) as c:
            c.execute(statement)

    def new_database(self) -> str:
        name = f"m{uuid.uuid4().hex[:10]}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql://minion@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # a fast shutdown: open connections are cut
        self._process.wait(timeout=30)
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    server = PrivatePostgres(binaries)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/minion.db"
    server: PrivatePostgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(url: str, clock: HandClock) -> Iterator[Store]:
    opened = open_store(url, clock)
    yield opened
    opened.close()


@pytest.fixture
def new_task() -> Callable[..., Task]:
    def build(**changes: object) -> Task:
        fields: dict[str, object] = {
            "id": new_task_id(),
            "capability": new_capability(),
            "repository_id": 1,
            "installation_id": 9,
            "owner": "acme",
            "name": "shop",
            "number": 5,
            "is_pull": False,
            "blueprint": "implement",
            "blueprints": {},
            "state": {},
            "spec": TaskSpec(title="t", objective="o", author="ann", author_can_write=True, requested_by="ann"),
            "base_branch": "main",
            "base_sha": CommitSha("b" * 40),
            "head_sha": CommitSha("b" * 40),
            "created_at": NOW,
            "updated_at": NOW,
            "due_at": NOW,
        }
        return Task.model_validate(fields | changes)

    return build
