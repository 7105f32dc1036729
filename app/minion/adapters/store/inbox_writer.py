"""Group commit: deliveries that arrive together share one synchronous commit."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from minion.adapters.store.inbox import SqlInbox
from minion.domain.errors import Outage
from minion.ports.store import Delivery

_BATCH: Final = 64


@dataclass(frozen=True)
class _Waiting:
    delivery: Delivery
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[bool]


class InboxWriter:
    """One thread that commits batches; `put` answers only after the commit that holds the delivery."""

    def __init__(self, inbox: SqlInbox) -> None:
        self._inbox = inbox
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
        self._thread.start()

    async def put(self, delivery: Delivery) -> bool:
        """False when this id is already there. Raises `Outage` when it cannot be stored."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(delivery, loop, loop.create_future())
        self._queue.put(waiting)
        return await waiting.answer

    def close(self) -> None:
        """Commits what is queued, then ends the thread."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._gather(first)
            self._commit(batch)
            if last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return batch, True
            batch.append(following)
        return batch, False

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            stored = self._inbox.put_all([waiting.delivery for waiting in batch])
        except Outage as outage:
            _answer(batch, [outage] * len(batch))
            return
        except SQLAlchemyError as error:  # one odd delivery must not end the thread that serves all
            _answer(batch, [Outage(f"the delivery could not be stored: {type(error).__name__}")] * len(batch))
            return
        _answer(batch, stored)


def _answer(batch: Sequence[_Waiting], outcomes: Sequence[bool | Outage]) -> None:
    """Each loop (there is one, as a rule) is woken once."""
    answered = list(zip(batch, outcomes, strict=True))
    for loop in {waiting.loop for waiting in batch}:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, [pair for pair in answered if pair[0].loop is loop])


def _settle(answered: Sequence[tuple[_Waiting, bool | Outage]]) -> None:
    for waiting, outcome in answered:
        if waiting.answer.done():  # the client hung up
            continue
        if isinstance(outcome, Outage):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)
