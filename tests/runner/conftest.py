"""A tiny App and job identity service on loopback, with state: what it was sent, and what it should answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = tuple[int, Any]


class AppStub:
    """Answers POST and GET by path; `queued` answers go first, then the path's standing one, then 404."""

    def __init__(self) -> None:
        self.standing: dict[str, Answer] = {}
        self.queued: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._reply(self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self) -> None:
                self._reply(b"null")

            def _reply(self, body: bytes) -> None:
                status, answer = stub.take(self.path, dict(self.headers), json.loads(body))
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name that the base class has
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, path: str, headers: dict[str, str], body: Any) -> Answer:
        with self._lock:
            self.requests.append((path, headers, body))
            waiting = self.queued.get(path)
            return waiting.pop(0) if waiting else self.standing.get(path, (404, {"detail": "not found"}))

    def bodies(self, path: str) -> list[Any]:
        with self._lock:
            return [body for at, _, body in self.requests if at == path]


@pytest.fixture
def app() -> Iterator[AppStub]:
    stub = AppStub()
    stub.server.daemon_threads = True
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.02,))
    thread.start()
    yield stub
    stub.server.shutdown()
    thread.join()
    stub.server.server_close()
