"""A light load: keep-alive connections that each post the next delivery as soon as the last one is answered."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.child import DidNotWork

PAYLOAD = Path(__file__).with_name("check_suite_completed.json").read_bytes()
"""As GitHub sends it for an organization's repository, 14 kB."""
EVENT = "check_suite"
CONNECTIONS = 16
PATIENCE_S = 60.0
SHA = json.loads(PAYLOAD)["check_suite"]["head_sha"].encode()
SAME_COMMIT = 10
"""So many deliveries in a row are about one commit, as a push with a few workflows brings them."""


@dataclass(frozen=True)
class Answered:
    """`latencies` in seconds, one per delivery, in no order; `seconds` is the time of all together."""

    latencies: tuple[float, ...]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def flood(url: str, secret: str, deliveries: int, prefix: str) -> Answered:
    """Posts so many deliveries, each with its own id. Raises `DidNotWork` when one is not answered with 202."""
    requests = iter(_requests(url, secret, deliveries, prefix))
    return asyncio.run(asyncio.wait_for(_flood(url, requests), PATIENCE_S))


def _requests(url: str, secret: str, deliveries: int, prefix: str) -> list[bytes]:
    """Made before the clock starts, to be shared by all connections."""
    head = (
        f"POST /webhook HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(PAYLOAD)}\r\nX-GitHub-Event: {EVENT}\r\n"
    ).encode()
    return [head + _rest(secret, f"{prefix}-{number}", number // SAME_COMMIT) for number in range(deliveries)]


def _rest(secret: str, delivery: str, commit: int) -> bytes:
    body = PAYLOAD.replace(SHA, b"%040x" % commit)
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return f"X-Hub-Signature-256: sha256={signature}\r\nX-GitHub-Delivery: {delivery}\r\n\r\n".encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._buffer = b""
        self._sent_at = 0.0
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream was asked for")
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank or len(body) < _length(head):
            return
        self.latencies.append(time.perf_counter() - self._sent_at)
        if b" 202 " not in head.partition(b"\r\n")[0]:
            self._end(DidNotWork(f"a delivery was answered {head[:40]!r}"))
            return
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(DidNotWork(f"a connection was closed: {exc}"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._end(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def _end(self, problem: Exception | None) -> None:
        if self.done.done():
            return
        if problem is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(problem)
        self._transport.close()


async def _flood(url: str, requests: Iterator[bytes]) -> Answered:
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    host, port = parts.hostname or "", parts.port or 80
    began = time.perf_counter()
    opened = [await loop.create_connection(lambda: _Connection(requests), host, port) for _ in range(CONNECTIONS)]
    connections = [connection for _, connection in opened]
    await asyncio.gather(*(connection.done for connection in connections))
    latencies = itertools.chain.from_iterable(connection.latencies for connection in connections)
    return Answered(tuple(latencies), time.perf_counter() - began)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
