"""A hub on loopback with one organization, three people, one repository and one App that listens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from minion.hub.server import Hub, HubOptions

REPO = "acme/widgets"
SECRET = "hook-secret"
PERMISSIONS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "actions": "write",
    "statuses": "read",
}
EVENTS = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "check_run",
    "check_suite",
    "status",
    "push",
    "workflow_run",
    "workflow_job",
]


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    raw: bytes

    @property
    def event(self) -> str:
        return self.headers["x-github-event"]

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))

    @property
    def name(self) -> str:
        """`issues.opened`, or `push`."""
        action = self.body.get("action")
        return f"{self.event}.{action}" if action else self.event


@dataclass
class Listener:
    """A webhook receiver that keeps what it gets; `status` is what it answers."""

    status: int = 202
    received: list[Received] = field(default_factory=list)
    url: str = ""

    def names(self) -> list[str]:
        return [one.name for one in self.received]

    def of(self, name: str) -> list[Received]:
        return [one for one in self.received if one.name == name]


@pytest.fixture
def listener() -> Iterator[Listener]:
    kept = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            kept.received.append(Received({k.lower(): v for k, v in self.headers.items()}, raw))
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Without Actions; no unknown request may be left at the end."""
    with Hub(HubOptions(tmp_path / "hub", actions=False)) as running:
        yield running
    assert running.unknown_requests == []
    assert running.crashes == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "src").mkdir(parents=True)
    (folder / "README.md").write_text("# Widgets\n")
    (folder / "src" / "app.py").write_text("one\ntwo\nthree\n")
    return folder


@dataclass
class World:
    hub: Hub
    listener: Listener
    app: dict[str, Any]
    installation: int
    http: httpx2.Client

    def jwt(self, **claims: Any) -> str:
        now = int(time.time())
        base = {"iss": str(self.app["id"]), "iat": now - 60, "exp": now + 540}
        return jwt.encode(base | claims, self.app["private_key"], algorithm="RS256")

    def as_app(self, method: str, path: str, body: Any = None, **claims: Any) -> httpx2.Response:
        return self.call(method, path, self.jwt(**claims), body)

    def call(self, method: str, path: str, token: str = "", body: Any = None) -> httpx2.Response:
        headers = {"User-Agent": "tests"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return self.http.request(method, f"{self.hub.api_url}{path}", headers=headers, json=body)

    def token(self, **narrowing: Any) -> str:
        answer = self.as_app("POST", f"/app/installations/{self.installation}/access_tokens", narrowing)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


def build_world(hub: Hub, listener: Listener, source: Path) -> World:
    for login in ("ann", "bob", "eve"):
        hub.create_user(login)
    hub.create_org("acme", owners=["ann"])
    hub.create_repository(REPO, source, "ann", private=True)
    hub.set_collaborator(REPO, "bob", "write")
    app = hub.create_app(
        {
            "slug": "minion",
            "owner": "acme",
            "webhook_url": listener.url,
            "webhook_secret": SECRET,
            "permissions": PERMISSIONS,
            "events": EVENTS,
        }
    )
    http = httpx2.Client(trust_env=False, timeout=30)
    return World(hub, listener, app, hub.install("minion", "acme", by="ann")["id"], http)


@pytest.fixture
def world(hub: Hub, listener: Listener, source: Path) -> World:
    return build_world(hub, listener, source)


def wait_for(condition: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    """The first true value; fails after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)
    return value


@pytest.fixture
def wait() -> Callable[..., Any]:
    return wait_for
