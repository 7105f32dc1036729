"""One thread on which all decisions about runs are taken, in order.

Callers may hold the hub's lock; they only put work in. The thread itself holds no lock while it calls the hub, so the
two can never wait for each other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

_LOG = logging.getLogger(__name__)


class Serial:
    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._pending = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="actions-serial")
        self._closed = False

    def put(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._pending += 1
            future = self._pool.submit(work)
        future.add_done_callback(self._finished)

    def _finished(self, future: Future[None]) -> None:
        error = future.exception()
        if error is not None:
            self.errors.append(error)
            _LOG.error("the Actions service failed", exc_info=error)
        with self._lock:
            self._pending -= 1

    @property
    def idle(self) -> bool:
        with self._lock:
            return self._pending == 0

    def close(self) -> None:
        """Finishes what was put in."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True)
