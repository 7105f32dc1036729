"""The way of a round's trace to the App: events in batches, a heartbeat when there are none, and the word to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from minion.domain.errors import Outage
from minion.domain.protocol import EventReply
from minion.domain.trace import TraceEvent

BATCH: Final = 200
BATCH_CHARACTERS: Final = 500_000
"""The App takes 4 MiB of JSON at once; one event's text and data are far smaller than this."""
log = logging.getLogger(__name__)

Send = Callable[[Sequence[TraceEvent]], EventReply]


class TraceStream:
    """A listener of the round's journal, safe to call from any thread; it never waits for the network.

    Events that could not be delivered are tried again; the work goes on meanwhile, since the App fences off a round
    that it has given up.
    """

    def __init__(self, send: Send, *, flush_s: float = 1.0, heartbeat_s: float = 15.0) -> None:
        self._send = send
        self._flush_s = flush_s
        self._heartbeat_s = heartbeat_s
        self._waiting: list[TraceEvent] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._cancelled = threading.Event()
        self._cancel_reason = ""
        self._thread = threading.Thread(target=self._loop, name="trace", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def listen(self, event: TraceEvent) -> None:
        with self._lock:
            self._waiting.append(event)
        if len(self._waiting) >= BATCH:
            self._wake.set()

    @property
    def cancelled(self) -> str | None:
        """The reason to stop at once, or None."""
        return self._cancel_reason if self._cancelled.is_set() else None

    def cancel(self, reason: str) -> None:
        if not self._cancelled.is_set():
            self._cancel_reason = reason
            self._cancelled.set()

    def close(self) -> None:
        """Sends what is left; returns when it is sent or cannot be."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout=60)

    def _loop(self) -> None:
        silent_for = 0.0
        while not self._closing.is_set():
            self._wake.wait(self._flush_s)
            self._wake.clear()
            silent_for += self._flush_s
            if self._waiting or silent_for >= self._heartbeat_s:
                self._deliver()
                silent_for = 0.0
        while self._waiting and self._deliver() and self.cancelled is None:
            pass

    def _deliver(self) -> bool:
        with self._lock:
            batch = _batch(self._waiting)
        try:
            reply = self._send(batch)
        except Outage as error:
            log.warning("trace not delivered: %s", error)
            return False
        with self._lock:
            del self._waiting[: len(batch)]
        if reply.cancel is not None:
            self.cancel(reply.cancel)
        return True


def _batch(waiting: Sequence[TraceEvent]) -> list[TraceEvent]:
    """The first of those that wait, as many as one call may carry; at least one."""
    room = BATCH_CHARACTERS
    for count, event in enumerate(waiting[:BATCH]):
        room -= len(event.text) + len(str(event.data))
        if room < 0:
            return list(waiting[: max(1, count)])
    return list(waiting[:BATCH])
