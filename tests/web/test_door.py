"""The webhook door over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import time
from pathlib import Path

import httpx2
import pytest

from .conftest import SECRET, App

BODY = json.dumps({"action": "labeled"}).encode()


def headers(body: bytes = BODY, *, secret: str = SECRET, delivery: str = "g1", event: str = "issues") -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X-Hub-Signature-256": f"sha256={signature}",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": event,
        "Content-Type": "application/json",
    }


def test_a_delivery_is_stored_before_the_answer(app: App) -> None:
    answer = app.client.post("/webhook", content=BODY, headers=headers())
    assert (answer.status_code, answer.json()) == (202, {"detail": "stored"})
    assert [(d.id, d.event, d.body) for d in app.store.inbox.take(10)] == [("g1", "issues", BODY)]
    assert app.nudges == [1]


def test_the_same_delivery_again_is_absorbed(app: App) -> None:
    for _ in range(5):
        assert app.client.post("/webhook", content=BODY, headers=headers()).status_code == 202
    assert app.store.inbox.waiting() == 1
    assert app.nudges == [1]


def test_every_secret_of_a_rotation_works(app: App) -> None:
    assert app.client.post("/webhook", content=BODY, headers=headers(secret="old")).status_code == 202


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401),
        ({"X-Hub-Signature-256": ""}, 401),
        ({"X-Hub-Signature-256": "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()}, 401),
        ({"X-GitHub-Delivery": ""}, 400),
        ({"X-GitHub-Delivery": "a b"}, 400),
        ({"X-GitHub-Event": ""}, 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400),
        ({"X-GitHub-Event": "star"}, 202),
    ],
)
def test_what_is_not_for_us_is_not_stored(app: App, change: dict[str, str], status: int) -> None:
    assert app.client.post("/webhook", content=BODY, headers=headers() | change).status_code == status
    assert app.store.inbox.waiting() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_a_signed_body_that_is_no_object_is_refused(app: App, body: bytes) -> None:
    assert app.client.post("/webhook", content=body, headers=headers(body)).status_code == 400


def test_a_body_over_the_limit_is_refused_also_in_chunks(app: App) -> None:
    big = b"x" * (25 * 1024 * 1024 + 1)
    declared = app.client.post("/webhook", content=big, headers=headers())
    chunked = app.client.post("/webhook", content=iter([big[: 13 << 20], big[13 << 20 :]]), headers=headers())
    assert (declared.status_code, chunked.status_code) == (413, 413)


def test_a_full_disk_is_503_and_no_ack(app: App, tmp_path: Path) -> None:
    with app.store.database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    blocker = sqlite3.connect(tmp_path / "minion.db", isolation_level=None)
    blocker.execute("CREATE TRIGGER full BEFORE INSERT ON inbox BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    assert app.client.post("/webhook", content=BODY, headers=headers()).status_code == 503
    blocker.execute("DROP TRIGGER full")
    assert app.client.post("/webhook", content=BODY, headers=headers()).status_code == 202
    blocker.close()
    assert app.store.inbox.waiting() == 1


def test_sixteen_connections_are_all_acked_and_all_stored(app: App) -> None:
    async def flood() -> list[float]:
        times: list[float] = []

        async def one(client: httpx2.AsyncClient, start: int) -> None:
            for number in range(start, 320, 16):
                body = json.dumps({"n": number}).encode()
                before = time.perf_counter()
                answer = await client.post("/webhook", content=body, headers=headers(body, delivery=f"g{number}"))
                times.append(time.perf_counter() - before)
                assert answer.status_code == 202

        async with httpx2.AsyncClient(base_url=app.url, limits=httpx2.Limits(max_connections=16)) as client:
            await asyncio.gather(*(one(client, start) for start in range(16)))
        return times

    times = sorted(asyncio.run(flood()))
    assert app.store.inbox.waiting() == 320
    assert times[int(len(times) * 0.5)] < 1, "the door is far from its usual speed"
