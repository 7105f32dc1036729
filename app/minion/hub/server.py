"""The hub as a server: one ASGI application for REST, GraphQL, git, control, pages and what Actions serves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from traceback import format_exception
from types import TracebackType
from typing import TYPE_CHECKING, Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from minion.hub.actions_host import ActionsHost
from minion.hub.admin import Admin
from minion.hub.control import control
from minion.hub.core import Core
from minion.hub.git_http import GitHttp
from minion.hub.graphql.endpoint import GraphQL
from minion.hub.knobs import Fault, Knobs
from minion.hub.pages.site import Pages
from minion.hub.rest.dispatch import Dispatcher, Incoming
from minion.hub.rest.registry import all_routes
from minion.hub.rest.route import Answer

if TYPE_CHECKING:
    from minion.hub.client import HubClient

API = "/api/v3"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class HubOptions:
    """`port` 0 takes a free one. `runner_path` is put first on PATH of jobs, `runner_env` added to their environment.
    Without `actions` no workflow runs and the routes of Actions are unknown."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    runner_path: Sequence[Path] = ()
    runner_env: Mapping[str, str] = field(default_factory=dict)
    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    actions: bool = True


class Hub(Admin):
    """A GitHub of one's own. `with Hub(HubOptions(path)) as hub:` starts it and stops it."""

    def __init__(self, options: HubOptions) -> None:
        super().__init__(Core(options.data_dir))
        self.options = options
        self._socket = socket.create_server((options.host, options.port))
        self.core.base_url = f"http://{_named(options.host)}:{self._socket.getsockname()[1]}"
        extra = _attach_actions(self.core, options) if options.actions else []
        application = HubApplication(self, options.control_token)
        config = uvicorn.Config(
            Starlette(routes=[*extra, *application.routes()], exception_handlers={Exception: application.crashed}),
            log_level="warning",
            lifespan="off",
            ws="none",
            date_header=False,
            server_header=False,
            access_log=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="hub", daemon=True)

    @property
    def url(self) -> str:
        """GITHUB_SERVER_URL; GITHUB_API_URL is this and /api/v3."""
        return self.core.base_url

    @property
    def api_url(self) -> str:
        return self.core.api_url

    @property
    def knobs(self) -> Knobs:
        return self.core.knobs

    @property
    def unknown_requests(self) -> list[str]:
        """Requests that were answered 501; tests expect none."""
        return self.core.unknown_requests

    @property
    def crashes(self) -> list[str]:
        """Tracebacks of the hub's own bugs; tests expect none."""
        return self.core.crashes

    @property
    def control_token(self) -> str:
        return self.options.control_token

    def user(self, login: str) -> HubClient:
        """A client that acts as this person over REST."""
        from minion.hub.client import HubClient

        return HubClient(self.url, self.token_of(login))

    def start(self) -> Self:
        """Returns when it answers."""
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline:
                raise RuntimeError("the hub did not start within 10 s")
            time.sleep(0.005)
        return self

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Waits until no webhook is in flight and no workflow runs; False when that takes longer."""
        deadline = time.monotonic() + timeout_s
        while not self.core.idle:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def stop(self) -> None:
        """Ends workflows, webhooks and the server."""
        self.core.close()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._socket.close()

    def wait(self) -> None:
        """Blocks until the server ends."""
        self._thread.join()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _attach_actions(core: Core, options: HubOptions) -> list[BaseRoute]:
    """Starts the Actions service; what it serves besides the REST API goes before everything else."""
    from minion.hub import oidc
    from minion.hub.actions.options import ActionsOptions
    from minion.hub.actions.service import Actions
    from minion.hub.rest import actions as rest_actions

    work_dir = options.data_dir / "actions"
    work_dir.mkdir(parents=True, exist_ok=True)
    chosen = ActionsOptions(work_dir=work_dir, runner_path=options.runner_path, runner_env=options.runner_env)
    service = Actions(ActionsHost(core), chosen)
    core.actions = service
    return [*oidc.routes(service), *rest_actions.downloads(service)]


class HubApplication:
    """The HTTP surface."""

    def __init__(self, hub: Hub, control_token: str) -> None:
        self._hub = hub
        self._core = hub.core
        self._token = control_token
        self._rest = Dispatcher(hub.core, all_routes(with_actions=hub.options.actions))
        self._graphql = GraphQL(hub.core)
        self._git = GitHttp(hub.core)
        self._pages = Pages(hub.core)

    def routes(self) -> list[BaseRoute]:
        return [Route("/{rest:path}", self._endpoint, methods=METHODS)]

    def crashed(self, request: HttpRequest, error: Exception) -> Response:
        """A bug of the hub: answered 500 and kept, so that a test sees it."""
        with self._core.lock:
            self._core.crashes.append(f"{request.method} {request.url.path}\n" + "".join(format_exception(error)))
        return self._response(Answer(500, {"message": "The hub failed: see its log"}))

    async def _endpoint(self, request: HttpRequest) -> Response:
        incoming = await _incoming(request)
        path = incoming.path.removeprefix(API) if incoming.path.startswith(f"{API}/") else incoming.path
        with self._core.lock:
            fault = None if path.startswith("/_hub/") else self._core.knobs.take_fault(incoming.method, path)
        peer = request.client.host if request.client else ""
        if fault is not None and not fault.after:
            await _strike(fault)
            if fault.drop:
                return HangUp()
        answer = await run_in_threadpool(self._answer, incoming, peer, fault)
        if fault is not None and fault.after:
            await _strike(fault)
            if fault.drop:
                return HangUp()
        return self._response(answer)

    def _answer(self, request: Incoming, peer: str, fault: Fault | None) -> Answer:
        if request.path.startswith(f"{API}/"):
            below = Incoming(
                request.method, request.path.removeprefix(API), request.query, request.headers, request.body
            )
            return self._rest.answer(below, fault)
        bad = None if fault is None or not fault.status else Answer(fault.status, fault.refusal().body(), fault.headers)
        if bad is not None and fault is not None and not fault.after:
            return bad
        result = self._other(request, peer)
        return bad or result

    def _other(self, request: Incoming, peer: str) -> Answer:
        if request.path in ("/api/graphql", "/graphql"):
            return self._graphql.answer(request)
        if request.path.startswith("/_hub/"):
            return control(self._hub, self._token, request, peer)
        return self._git.answer(request) or self._pages.answer(request)

    def _response(self, answer: Answer) -> Response:
        headers = {"Date": format_datetime(self._core.now(), usegmt=True), "Server": "github.com"} | dict(
            answer.headers
        )
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        if isinstance(answer.body, bytes):
            return Response(answer.body, answer.status, {"Content-Type": "application/octet-stream"} | headers)
        content = json.dumps(answer.body).encode()
        return Response(content, answer.status, {"Content-Type": "application/json; charset=utf-8"} | headers)


class HangUp(Response):
    """Begins an answer and ends; uvicorn then closes the connection, and says so in its log."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})


async def _strike(fault: Fault) -> None:
    if fault.action is not None:
        await run_in_threadpool(fault.action)
    await asyncio.sleep(fault.delay_s)


async def _incoming(request: HttpRequest) -> Incoming:
    raw = request.scope.get("raw_path") or request.url.path.encode()
    path = raw.decode("latin-1").partition("?")[0]
    query = request.scope["query_string"].decode("latin-1")
    return Incoming(request.method, path, query, dict(request.headers), await request.body())


def serve(host: str, port: int, data_dir: Path, runner_path: Sequence[Path], runner_env: Mapping[str, str]) -> None:
    """Runs a hub until it is interrupted. The control token is written to `data_dir`/control-token (mode 600)."""
    data_dir.mkdir(parents=True, exist_ok=True)
    hub = Hub(HubOptions(data_dir, host, port, runner_path, runner_env))
    secret = data_dir / "control-token"
    secret.touch(mode=0o600)
    secret.write_text(hub.control_token)
    signal.signal(signal.SIGTERM, _interrupt)
    hub.start()
    print(f"hub listening on {hub.url}", flush=True)  # noqa: T201  # the line that scripts wait for
    with contextlib.suppress(KeyboardInterrupt):
        hub.wait()
    hub.stop()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
