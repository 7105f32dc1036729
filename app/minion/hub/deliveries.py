"""Webhook deliveries: one worker for each App, in order, signed, recorded, never retried by itself.

https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Callable
from queue import SimpleQueue
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import httpx2

from minion.hub.state import App, Delivery

if TYPE_CHECKING:
    from minion.hub.core import Core

TIMEOUT_S = 10.0


class Worker:
    """Runs what it is given, one at a time and in order, on a thread of its own."""

    def __init__(self, name: str, crashes: list[str]) -> None:
        self._crashes = crashes
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._pending = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, work: Callable[[], None]) -> None:
        with self._changed:
            self._pending += 1
        self._queue.put(work)

    @property
    def idle(self) -> bool:
        with self._changed:
            return self._pending == 0

    def close(self) -> bool:
        """Lets what is queued finish, for two seconds at most; False when it goes on."""
        self._queue.put(None)
        self._thread.join(timeout=2)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  # the boundary of this thread: kept for the test, the next goes on
                self._crashes.append("".join(format_exception(error)))
            finally:
                with self._changed:
                    self._pending -= 1
                    self._changed.notify_all()


class Deliveries:
    """The outbox of every App."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._workers: dict[int, Worker] = {}
        self._held: list[Delivery] = []
        self._client = httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
        self.stopping = threading.Event()

    def send(self, app: App, event: str, payload: dict[str, Any], guid: str = "") -> None:
        """Queues one event for one App; the knobs may lose, double, delay or reorder it."""
        knobs = self._core.knobs.deliveries
        concerned = knobs.concerns(event)
        if concerned and knobs.take("vanish"):
            return
        delivery = self._record(app, event, payload, guid or str(uuid.uuid4()))
        if concerned and knobs.take("lose"):
            delivery.lost, delivery.status, delivery.status_code = True, "failed to connect to host", 502
            return
        copies = [delivery]
        if concerned and knobs.take("duplicate"):
            copies.append(self._copy(delivery))
        if concerned and knobs.take("hold"):
            self._held += copies
            copies = self._held[::-1] if knobs.hold == 0 else []
            self._held = self._held if knobs.hold else []
        for one in copies:
            self._queue(one, knobs.delay_s if concerned else 0.0)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Sends again with the same GUID. https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook"""
        again = self._copy(delivery)
        again.redelivery = True
        self._queue(again, 0.0)
        return again

    @property
    def idle(self) -> bool:
        return all(worker.idle for worker in list(self._workers.values()))

    def close(self) -> None:
        self.stopping.set()
        ended = [worker.close() for worker in self._workers.values()]
        if all(ended):
            self._client.close()

    def _record(self, app: App, event: str, payload: dict[str, Any], guid: str) -> Delivery:
        state = self._core.state
        installation, repository = payload.get("installation") or {}, payload.get("repository") or {}
        delivery = Delivery(
            id=state.next_id(),
            guid=guid,
            app=app,
            event=event,
            action=payload.get("action"),
            installation_id=installation.get("id"),
            repository_id=repository.get("id"),
            payload=payload,
            delivered_at=self._core.now(),
        )
        state.deliveries[delivery.id] = delivery
        return delivery

    def _copy(self, delivery: Delivery) -> Delivery:
        return self._record(delivery.app, delivery.event, delivery.payload, delivery.guid)

    def _queue(self, delivery: Delivery, delay_s: float) -> None:
        worker = self._workers.get(delivery.app.id)
        if worker is None:
            worker = self._workers[delivery.app.id] = Worker(f"hub-hook-{delivery.app.slug}", self._core.crashes)
        worker.put(lambda: self._post(delivery, delay_s))

    def _post(self, delivery: Delivery, delay_s: float) -> None:
        if self.stopping.wait(delay_s):
            return
        body = json.dumps(delivery.payload, separators=(",", ":")).encode()
        headers = self._headers(delivery, body)
        started = time.monotonic()
        try:
            answer = self._client.post(delivery.app.webhook_url, content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            code = 504 if isinstance(error, httpx2.TimeoutException) else 502
            result: tuple[int, str, dict[str, str], str] = (code, _words(error), {}, "")
        else:
            result = (answer.status_code, answer.reason_phrase, dict(answer.headers), answer.text[:10_000])
        with self._core.lock:
            delivery.request_headers, delivery.duration = headers, time.monotonic() - started
            delivery.status_code, delivery.status, delivery.response_headers, delivery.response_body = result

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        secret = delivery.app.webhook_secret.encode()
        digest = {name: hmac.new(secret, body, name).hexdigest() for name in ("sha1", "sha256")}
        return {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": f"GitHub-Hookshot/{hashlib.sha256(delivery.app.slug.encode()).hexdigest()[:7]}",
            "X-GitHub-Event": delivery.event,
            "X-GitHub-Delivery": delivery.guid,
            "X-GitHub-Hook-ID": str(delivery.app.id),
            "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature": f"sha1={digest['sha1']}",
            "X-Hub-Signature-256": f"sha256={digest['sha256']}",
        }


def _words(error: Exception) -> str:
    return "timed out" if isinstance(error, httpx2.TimeoutException) else "failed to connect to host"
