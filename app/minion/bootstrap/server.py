"""`minion serve`: the App's server, joined to its settings, and run until a signal ends it."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from minion.adapters.clock import SystemClock
from minion.adapters.github import ClientOptions, GitHubApp
from minion.adapters.oidc import ActionsOidcVerifier
from minion.adapters.store.clock import DatabaseClock
from minion.adapters.store.engine import normalised
from minion.adapters.store.slots import AdvisoryLocks
from minion.adapters.store.store import Store, open_store
from minion.agent.prices import PriceTable
from minion.bootstrap.models import transport_of
from minion.bootstrap.prices import priced
from minion.domain.errors import UsageError
from minion.domain.secret import Secret
from minion.domain.task import Task
from minion.orchestrator.budget import budget
from minion.orchestrator.claims import Claims
from minion.orchestrator.desk import Desk, Limits
from minion.orchestrator.homes import RunnerHomesOnGitHub
from minion.orchestrator.results import Results
from minion.orchestrator.run_tokens import RunTokens
from minion.orchestrator.service import Orchestrator
from minion.orchestrator.slots import FileLocks, Slots
from minion.orchestrator.talk import waiting_diff
from minion.ports.clock import Clock
from minion.settings import Server
from minion.shipped import shipped
from minion.web.app import create_app
from minion.web.services import Services, Upstream

log = logging.getLogger("minion")
_TURN_S: Final = 0.0005
"""How long a thread may keep the others from running Python
(https://docs.python.org/3/library/sys.html#sys.setswitchinterval). The door's loop waits for its turn after every
system call: ten times shorter than usual, a busy thread beside it costs an answer little."""


def serve(host: str, port: int) -> None:
    """Until SIGTERM or SIGINT, then gracefully. Prints one line when it answers."""
    settings = Server.read()
    _log_to_stderr()
    sys.setswitchinterval(_TURN_S)
    with listening(host, port) as door, composed(settings) as app:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, _noted)
        _Announcing(_configuration(app)).run(sockets=[door])


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Raises `UsageError` where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be listened on: {error.strerror}. Choose another --port."
            ) from error
        door.listen(2048)
        yield door


@contextmanager
def composed(settings: Server) -> Iterator[FastAPI]:
    """The application with everything behind it running."""
    machine, prices = SystemClock(), priced(settings.models, settings.prices, settings.provider)
    with ExitStack() as ending:
        store = open_store(settings.database_url, machine)
        ending.callback(store.close)
        clock = DatabaseClock(store.database, machine)
        options = ClientOptions(settings.github_api_url)
        gate = GitHubApp(settings.app_id, settings.private_key, options, clock, settings.secrets)
        ending.callback(gate.close)
        parts = _Parts(settings, clock, store, gate, prices)
        orchestrator = Orchestrator(parts.desk(), store.inbox, store.cursors, parts.slots(), parts.database_url())
        orchestrator.start()
        ending.callback(orchestrator.stop)
        yield create_app(parts.services(orchestrator))


@dataclass(frozen=True)
class _Parts:
    settings: Server
    clock: Clock
    store: Store
    gate: GitHubApp
    prices: PriceTable

    def desk(self) -> Desk:
        settings, store = self.settings, self.store
        limits = Limits() if settings.max_usd is None else Limits(max_usd=settings.max_usd)
        return Desk(
            gate=self.gate,
            homes=RunnerHomesOnGitHub(self.gate, settings.runner_repository, settings.runner_workflow),
            tasks=store.tasks,
            leases=store.leases,
            ledger=store.ledger,
            spend=store.spend,
            cursors=store.cursors,
            clock=self.clock,
            public_url=settings.public_url,
            models=self.prices.roles,
            allowed_models=frozenset(self.prices.models),
            prices=settings.prices,
            server_url=settings.github_server_url,
            allowed_bots=settings.allowed_bots,
            shipped=shipped(),
            limits=limits,
            secrets=settings.secrets,
        )

    def services(self, orchestrator: Orchestrator) -> Services:
        settings, store, desk = self.settings, self.store, self.desk()
        tokens = RunTokens(settings.private_key, self.clock)
        services = Services(
            webhook_secrets=settings.webhook_secrets,
            door=store.writer,
            tasks=store.tasks,
            leases=store.leases,
            ledger=store.ledger,
            spend=store.spend,
            trace=store.trace,
            oidc=ActionsOidcVerifier(settings.oidc_issuer, settings.public_url, self.clock),
            run_tokens=tokens,
            claims=Claims(desk, tokens),
            results=Results(desk, store.trace, orchestrator.queue),
            upstream=upstream_of(settings, self.prices),
            prices=self.prices,
            budget=lambda task: _budget(task, desk),
            clock=self.clock,
            ready=store.ready,
            nudge=orchestrator.nudge,
            server_url=settings.github_server_url,
            waiting_diff=lambda task: waiting_diff(desk, task),
        )
        services.metrics.watch("minion_tasks", "Tasks by status.", "status", store.tasks.counts)
        services.metrics.watch("minion_inbox", "Deliveries not settled, by state.", "state", store.inbox.counts)
        return services

    def slots(self) -> Slots:
        url = normalised(self.settings.database_url)
        on_file = url.get_backend_name() == "sqlite"
        return Slots(FileLocks(Path(url.database or "")) if on_file else AdvisoryLocks(self.store.database))

    def database_url(self) -> str:
        return normalised(self.settings.database_url).render_as_string(hide_password=False)


def _budget(task: Task, desk: Desk) -> Decimal:
    return budget(task, desk.limits.max_usd)


def upstream_of(settings: Server, prices: PriceTable) -> Upstream:
    headers: dict[str, Secret] = {}
    if settings.anthropic_api_key is not None:
        headers["x-api-key"] = settings.anthropic_api_key
    elif settings.anthropic_auth_token is not None:
        headers["authorization"] = Secret(f"Bearer {settings.anthropic_auth_token.reveal()}")
    return Upstream(settings.anthropic_base_url, headers, frozenset(prices.models), transport_of(settings))


class _Announcing(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            print(f"minion listening on http://{shown}:{port}", flush=True)  # noqa: T201 -- callers wait for this line


def _configuration(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,  # longer than proxies and clients keep one: a request never meets a closing connection
        timeout_graceful_shutdown=20,
    )


def _noted(_number: int, _frame: object) -> None:
    """uvicorn stops on the signal, then raises it again for whoever was there before: our clean-up comes first."""


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx2", "httpx2", "uvicorn.error", "alembic", "dbos"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
