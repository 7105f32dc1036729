"""Drains the inbox: what only wakes tasks is done at once, what asks GitHub goes through the durable queue."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

from minion.domain.errors import AccessLost, Outage
from minion.domain.events import (
    ButtonPressed,
    ChangesRequested,
    ChecksChanged,
    Commented,
    Event,
    Ignored,
    InstallationChanged,
    ItemChanged,
    ItemClosed,
    Labeled,
    Unlabeled,
)
from minion.domain.ids import DeliveryId
from minion.orchestrator.boundary import guarded
from minion.ports.clock import Clock
from minion.ports.store import Delivery, Inbox
from minion.webhooks import Malformed, parse

_log = logging.getLogger(__name__)
_BATCH: Final = 32
_AGAIN: Final = timedelta(seconds=30)


class Receiver(Protocol):
    """What an event does; the answer says what became of it, for the inbox."""

    def handle(self, event: Event) -> str: ...


class Receipts(Protocol):
    def receive(self, delivery_id: DeliveryId, attempt: int) -> None: ...


class Pump:
    def __init__(self, inbox: Inbox, receiver: Receiver, queue: Receipts, clock: Clock) -> None:
        self._inbox = inbox
        self._receiver = receiver
        self._queue = queue
        self._clock = clock

    def drain(self) -> int:
        """One batch; returns its size. Equal events in it wake once: a push's checks report by the dozen."""
        deliveries = self._inbox.take(_BATCH)
        handled: dict[DeliveryId, str] = {}
        woken: dict[Event | Malformed, str] = {}
        for delivery in deliveries:
            error = guarded(f"delivery {delivery.id}", partial(self._begin, delivery, handled, woken))
            if error is not None:
                self._inbox.failed(delivery.id, f"{type(error).__name__}: {error}")
        self._inbox.all_handled(handled)
        return len(deliveries)

    def _begin(self, delivery: Delivery, handled: dict[DeliveryId, str], woken: dict[Event | Malformed, str]) -> None:
        """Adds to `handled` what became of it, unless the durable queue has it now or it has to wait."""
        event = parse(delivery.event, delivery.body)
        if not isinstance(event, Malformed) and _asks_github(event):
            self._queue.receive(delivery.id, delivery.attempt)
        elif (note := woken.get(event) or self._note(delivery, event)) is not None:
            handled[delivery.id] = woken[event] = note

    def receive(self, delivery_id: DeliveryId) -> None:
        """The durable queue's side. A delivery that is settled already has lost its body."""
        delivery = self._inbox.get(delivery_id)
        if delivery is not None and delivery.body:
            self.settle(delivery, parse(delivery.event, delivery.body))

    def settle(self, delivery: Delivery, event: Event | Malformed) -> None:
        """A bug escapes to the boundary; the inbox hands the delivery out again later, and parks it in the end."""
        note = self._note(delivery, event)
        if note is not None:
            self._inbox.handled(delivery.id, note)

    def _note(self, delivery: Delivery, event: Event | Malformed) -> str | None:
        """What became of it; None where it was postponed."""
        if isinstance(event, Malformed):
            _log.warning("delivery %s (%s) is malformed: %s", delivery.id, delivery.event, event.problem)
            return f"malformed: {event.problem}"
        try:
            return self._receiver.handle(event)
        except Outage as outage:
            until = max(outage.retry_at or self._clock.now(), self._clock.now() + _AGAIN)
            self._inbox.postpone(delivery.id, until, str(outage))
            return None
        except AccessLost as lost:
            return f"no access: {lost}"


def _asks_github(event: Event) -> bool:
    match event:
        case Labeled() | Commented() | ChangesRequested() | ButtonPressed():
            return True
        case Unlabeled() | ItemClosed() | ItemChanged() | ChecksChanged() | InstallationChanged() | Ignored():
            return False
