"""Stops asking a GitHub that does not answer, so that waiting for it holds up nobody else."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

from minion.domain.errors import Outage
from minion.ports.clock import Clock

_FAILURES: Final = 3
_PAUSE: Final = timedelta(seconds=30)


class Breaker:
    """Opens after three calls in a row without an answer, each tried several times; after 30 s one more may fail."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until: datetime | None = None

    def check(self) -> None:
        """Raises `Outage` while it is open."""
        with self._lock:
            if self._until is None:
                return
            if self._clock.now() < self._until:
                raise Outage("GitHub has not been answering", self._until)
            self._failures, self._until = _FAILURES - 1, None

    def worked(self) -> None:
        """There was an answer, whatever it said."""
        with self._lock:
            self._failures, self._until = 0, None

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= _FAILURES:
                self._until = self._clock.now() + _PAUSE
