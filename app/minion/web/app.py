"""The application: routes to handlers, nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI
from starlette.routing import Route

from minion.web.door import Door
from minion.web.gateway import Gateway
from minion.web.headers import SecurityHeaders
from minion.web.pages import Pages
from minion.web.runner_api import RunnerApi
from minion.web.services import Services


def create_app(services: Services) -> FastAPI:
    """No globals: two applications in one process do not meet."""
    model = httpx2.AsyncClient(
        timeout=httpx2.Timeout(600, connect=10),
        limits=httpx2.Limits(max_connections=200, max_keepalive_connections=20),
        trust_env=False,
        transport=services.upstream.transport,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with model:
            yield

    app = FastAPI(title="Minion", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.router.routes.extend(_routes(services, model))
    app.add_middleware(SecurityHeaders)
    return app


def _routes(services: Services, model: httpx2.AsyncClient) -> list[Route]:
    runners, gateway, pages = RunnerApi(services), Gateway(services, model), Pages(services)
    return [
        Route("/webhook", Door(services).__call__, methods=["POST"]),
        Route("/api/v1/claim", runners.claim, methods=["POST"]),
        Route("/api/v1/rounds/{task_id}/events", runners.events, methods=["POST"]),
        Route("/api/v1/rounds/{task_id}/result", runners.result, methods=["POST"]),
        Route("/model/v1/messages", gateway.messages, methods=["POST"]),
        Route("/model/v1/messages/count_tokens", gateway.count_tokens, methods=["POST"]),
        Route("/tasks/{capability}", pages.task, methods=["GET"]),
        Route("/tasks/{capability}/recording", pages.recording, methods=["GET"]),
        Route("/static/minion.css", pages.style, methods=["GET"]),
        Route("/", pages.home, methods=["GET"]),
        Route("/healthz", pages.healthz, methods=["GET"]),
        Route("/readyz", pages.readyz, methods=["GET"]),
        Route("/metrics", pages.metrics, methods=["GET"]),
    ]
