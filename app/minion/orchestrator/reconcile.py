"""The periodic passes that finish what a lost delivery left: nothing waits for an event that never comes."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any, Final

from minion.domain.errors import Outage
from minion.orchestrator.desk import Wakeups
from minion.ports.clock import Clock
from minion.ports.github import GitHubGate
from minion.ports.store import Cursors, TaskStore

_log = logging.getLogger(__name__)
_CURSOR: Final = "failed-deliveries"
_EVERY: Final = timedelta(minutes=5)
_SWEEP: Final = timedelta(minutes=10)
_WINDOW: Final = timedelta(days=3)
"""How long GitHub redelivers: https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks"""
_ASKED_AGAIN: Final = 5
_OVERLAP: Final = timedelta(hours=1)


class Reconciler:
    def __init__(self, gate: GitHubGate, tasks: TaskStore, cursors: Cursors, wakeups: Wakeups, clock: Clock) -> None:
        self._gate = gate
        self._tasks = tasks
        self._cursors = cursors
        self._wakeups = wakeups
        self._clock = clock
        self._next_deliveries = clock.now()
        self._next_sweep = clock.now()

    def tick(self) -> None:
        """Called often; does what is due. An outage only delays it."""
        now = self._clock.now()
        if now >= self._next_deliveries:
            self._next_deliveries = now + _EVERY
            try:
                self.ask_again(now)
            except Outage as outage:
                _log.warning("failed deliveries could not be read: %s", outage)
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP
            for task_id in self._tasks.all_active():
                self._wakeups.wake(task_id)

    def ask_again(self, now: datetime) -> int:
        """Asks GitHub to deliver again what it could not; returns how many."""
        known = self._read(now)
        since = max(datetime.fromisoformat(known["since"]), now - _WINDOW)
        asked: dict[str, int] = known["asked"]
        count = 0
        for failed in self._gate.failed_deliveries(since):
            if asked.get(failed.guid, 0) < _ASKED_AGAIN:
                self._gate.redeliver(failed.id)
                asked[failed.guid] = asked.get(failed.guid, 0) + 1
                count += 1
        recent = dict(list(asked.items())[-1000:])
        self._cursors.set(_CURSOR, json.dumps({"since": (now - _OVERLAP).isoformat(), "asked": recent}))
        return count

    def _read(self, now: datetime) -> dict[str, Any]:
        text = self._cursors.get(_CURSOR)
        fresh: dict[str, Any] = {"since": (now - _WINDOW).isoformat(), "asked": {}}
        return fresh if text is None else {**fresh, **json.loads(text)}
