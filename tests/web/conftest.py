"""The real application behind uvicorn on loopback, a real store, and a model endpoint that streams."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa

from minion.adapters.clock import SystemClock
from minion.adapters.oidc import ActionsOidcVerifier
from minion.adapters.store.store import Store, open_store
from minion.agent.prices import price_table
from minion.domain.ids import CommitSha, RepositoryRef, new_capability, new_task_id
from minion.domain.secret import Secret
from minion.domain.spec import TaskSpec
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.claims import Claims
from minion.orchestrator.desk import Desk, RunnerHome
from minion.orchestrator.engines import engine_of
from minion.orchestrator.results import Results
from minion.orchestrator.run_tokens import RunTokens
from minion.web.app import create_app
from minion.web.services import Services, Upstream

SECRET = "hush"
MODEL = "claude-sonnet-5-5"
SPEC = TaskSpec(title="Mend <b>it</b>", objective="o", author="ann", author_can_write=True, requested_by="ann")
BLUEPRINT = """\
apiVersion: minion/v1
kind: Blueprint
name: tiny
description: One agent, one push.
caps: {pushes: 2, usd: 1, wall: 1h}
defaults: {fail: handoff}
start: build
nodes:
  build: {type: run, argv: [make], limits: {wall: 5m}, next: push}
  push: {type: action, uses: push, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""


class Endpoint:
    """A Messages API in the small: it answers what the test put there, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.pause_s = 0.0
        self.closed = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for chunk in outer.chunks:
                        self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                        self.wfile.flush()
                        time.sleep(outer.pause_s)
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    outer.closed.set()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stream(self, *events: dict[str, Any]) -> None:
        self.headers = {"content-type": "text/event-stream", "request-id": "req_1"}
        self.chunks = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]

    def answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
        self.status, self.headers = status, {"content-type": "application/json", **headers}
        self.chunks = [json.dumps(body).encode()]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Issuer:
    """An OIDC issuer with one RSA key, served over HTTP."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        jwks = json.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-length", str(len(jwks)))
                self.end_headers()
                self.wfile.write(jwks)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self._count = 0

    def token(self, *, key: Any = None, algorithm: str = "RS256", **changes: Any) -> str:
        self._count += 1
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": "https://minion.example",
            "jti": f"jti-{self._count}",
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(minutes=5),
            "repository_id": "77",
            "repository_owner_id": "7",
            "event_name": "workflow_dispatch",
            "job_workflow_ref": "acme/minion-runner/.github/workflows/minion.yml@refs/heads/main",
            "run_id": "1000",
            "run_attempt": "1",
            "sub": "repo:acme/minion-runner:ref:refs/heads/main",
        }
        return jwt.encode(claims | changes, key or self.key, algorithm=algorithm, headers={"kid": "k1"})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class OneHome:
    def home(self, _: Task) -> RunnerHome:
        return RunnerHome(RepositoryRef(77, "acme", "minion-runner", 9), 7, "minion.yml", "main")


class CloneOnly:
    """The part of GitHub that a claim touches."""

    def installation(self, _: int) -> CloneOnly:
        return self

    def clone_token(self, _: RepositoryRef) -> tuple[str, datetime]:
        return "ghs_read_only", datetime.now(UTC) + timedelta(hours=1)


@dataclass
class Woken:
    tasks: list[str] = field(default_factory=list)

    def wake(self, task_id: str) -> None:
        self.tasks.append(task_id)


@dataclass
class App:
    url: str
    store: Store
    endpoint: Endpoint
    issuer: Issuer
    tokens: RunTokens
    woken: Woken
    nudges: list[int]
    client: httpx2.Client

    def new_task(self, **changes: Any) -> Task:
        fields: dict[str, Any] = {
            "id": new_task_id(),
            "capability": new_capability(),
            "repository_id": 1,
            "installation_id": 9,
            "owner": "acme",
            "name": "shop",
            "number": 5,
            "is_pull": False,
            "blueprint": "tiny",
            "blueprints": {"tiny": BLUEPRINT},
            "state": {},
            "spec": TaskSpec(
                title="Mend <b>it</b>", objective="o", author="ann", author_can_write=True, requested_by="ann"
            ),
            "status": TaskStatus.WORKING,
            "base_branch": "main",
            "base_sha": CommitSha("b" * 40),
            "head_sha": CommitSha("b" * 40),
            "created_at": datetime.now(UTC),
            "updated_at": datetime.now(UTC),
        }
        task = Task.model_validate(fields | changes)
        engine = engine_of(task)
        state = engine.start("tiny", {}).model_dump(mode="json")  # type: ignore[union-attr]
        task = task.model_copy(update={"state": state} if not task.state else {})
        assert self.store.tasks.create(task)
        return task

    def lease(self, task: Task, nonce: str = "n1") -> str:
        """A claimed lease's run token."""
        now = datetime.now(UTC)
        self.store.leases.offer(task, 1, nonce, now, now + timedelta(minutes=10))
        lease = self.store.leases.claim(nonce, 1000, f"j-{nonce}", now, now + timedelta(minutes=3))
        assert not isinstance(lease, str)
        return self.tokens.issue(lease, now + timedelta(hours=1))


def _serve(app: Any) -> tuple[uvicorn.Server, threading.Thread, str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    return server, thread, f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    clock, endpoint, issuer, woken = SystemClock(), Endpoint(), Issuer(), Woken()
    store = open_store(f"sqlite:///{tmp_path}/minion.db", clock)
    tokens = RunTokens(Secret("root key"), clock)
    desk = Desk(
        gate=CloneOnly(),  # type: ignore[arg-type]
        homes=OneHome(),
        tasks=store.tasks,
        leases=store.leases,
        ledger=store.ledger,
        spend=store.spend,
        cursors=store.cursors,
        clock=clock,
        public_url="https://minion.example",
        models={"standard": MODEL},
        allowed_models=frozenset({MODEL}),
    )
    nudges: list[int] = []
    services = Services(
        webhook_secrets=[Secret("old"), Secret(SECRET)],
        door=store.writer,
        tasks=store.tasks,
        leases=store.leases,
        ledger=store.ledger,
        spend=store.spend,
        trace=store.trace,
        oidc=ActionsOidcVerifier(issuer.url, "https://minion.example", clock),
        run_tokens=tokens,
        claims=Claims(desk, tokens),
        results=Results(desk, store.trace, woken),  # type: ignore[arg-type]
        upstream=Upstream(endpoint.url, {"x-api-key": Secret("operator-key")}, frozenset({MODEL})),
        prices=price_table(),
        budget=lambda _: Decimal(1),
        clock=clock,
        ready=store.ready,
        nudge=lambda: nudges.append(1),
        waiting_diff=lambda task: store.cursors.get(f"diff:{task.id}"),
    )
    services.metrics.watch("minion_tasks", "Tasks by status.", "status", store.tasks.counts)
    server, thread, url = _serve(create_app(services))
    with httpx2.Client(base_url=url, timeout=20) as client:
        yield App(url, store, endpoint, issuer, tokens, woken, nudges, client)
    server.should_exit = True
    thread.join(10)
    store.close()
    endpoint.close()
    issuer.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the state was not reached"
            time.sleep(0.01)

    return wait
