"""The webhook door: is it GitHub's, store it, answer. Everything else happens after the answer.

GitHub waits ten seconds, does not repeat, and sends up to 25 MB
(https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks).
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from minion.domain.errors import Outage
from minion.domain.ids import DeliveryId
from minion.ports.store import Delivery
from minion.web.bodies import read_body
from minion.web.services import Services
from minion.webhooks import HANDLED_EVENTS, verify

LIMIT: Final = 25 * 1024 * 1024
_PATIENCE_S: Final = 8.0
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_EVENT: Final = re.compile(r"[a-z_]{1,60}")
_log = logging.getLogger(__name__)


class Door:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._metrics = services.metrics

    async def __call__(self, request: Request) -> Response:
        started = self._services.clock.monotonic()
        status, detail = await self._answer(request)
        self._metrics.deliveries.labels(str(status)).inc()
        self._metrics.ack.observe(self._services.clock.monotonic() - started)
        return JSONResponse({"detail": detail}, status)

    async def _answer(self, request: Request) -> tuple[int, str]:
        try:
            body = await read_body(request, LIMIT)
        except ClientDisconnect:
            return 400, "the body ended early"
        if body is None:
            return 413, f"a delivery has at most {LIMIT} bytes"
        if not verify(body, request.headers.get("x-hub-signature-256"), self._services.webhook_secrets):
            return 401, "the signature does not match"
        return await self._take(request, body)

    async def _take(self, request: Request, body: bytes) -> tuple[int, str]:
        """The body is GitHub's from here on."""
        delivery_id = request.headers.get("x-github-delivery", "")
        event = request.headers.get("x-github-event", "")
        if not _ID.fullmatch(delivery_id) or not _EVENT.fullmatch(event):
            return 400, "X-GitHub-Delivery and X-GitHub-Event are required"
        if (problem := _problem(request, body)) is not None:
            return 400, problem
        if event not in HANDLED_EVENTS:
            _log.info("delivery %s ignored: event %r is not handled", delivery_id, event)
            return 202, f"ignored: event {event} is not handled"
        return await self._store(Delivery(DeliveryId(delivery_id), event, body, self._services.clock.now()))

    async def _store(self, delivery: Delivery) -> tuple[int, str]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                new = await self._services.door.put(delivery)
        except (Outage, TimeoutError) as error:
            _log.warning("delivery %s could not be stored: %s %s", delivery.id, type(error).__name__, error)
            return 503, "it could not be stored; ask for it again later"
        if not new:
            return 202, "known already"
        self._services.nudge()
        return 202, "stored"


def _problem(request: Request, body: bytes) -> str | None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return "set the webhook's content type to application/json"
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "the body is not JSON"
    return None if isinstance(document, dict) else "the body is not a JSON object"
