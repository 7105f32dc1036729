"""First come, first served: who waits longest is next.

SQLite lets waiting writers poll with growing pauses (https://www.sqlite.org/c3ref/busy_timeout.html), so that among
threads of one process the busiest wins and the others wait far longer than any transaction takes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from minion.domain.errors import Outage


class Turns:
    """Hands out one turn at a time to the threads of this process, in the order in which they asked."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, within_s: float) -> Iterator[None]:
        """Raises `Outage` when it does not come within that time."""
        self._await(within_s)
        try:
            yield
        finally:
            self._pass_on()

    def _await(self, within_s: float) -> None:
        called = threading.Event()
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            self._waiting.append(called)
        if called.wait(within_s):
            return
        with self._guard:
            if not called.is_set():
                self._waiting.remove(called)
                raise Outage(f"the database was busy for {within_s:.0f} s")

    def _pass_on(self) -> None:
        """Still taken while somebody waits: nobody can come in between."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
