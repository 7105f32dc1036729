"""What happens in a round, told to everybody who listens: the App, the job's log, the person's terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from minion.domain.trace import TraceEvent

TEXT_LIMIT: Final = 20_000
"""Characters of one event's text; more belongs into the files that the agent may read."""

Listener = Callable[[TraceEvent], None]


class Journal:
    """Numbers events from 1 in the order in which they happened; safe to call from any thread."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)
        self._last = 0
        self._lock = threading.Lock()

    def emit(self, kind: str, *, node: str = "", text: str = "", data: Mapping[str, Any] | None = None) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._last += 1
            event = TraceEvent(
                seq=self._last, at=at, kind=kind, node=node, text=text[:TEXT_LIMIT], data=dict(data or {})
            )
            for listener in self._listeners:
                listener(event)
