"""The orchestrator as a running thing: the queue's workers, the inbox pump and the clockwork."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from minion.domain.ids import DeliveryId, TaskId
from minion.domain.task import TaskStatus
from minion.orchestrator.advance import Again, advance
from minion.orchestrator.boundary import guarded
from minion.orchestrator.desk import Desk
from minion.orchestrator.durable import DurableQueue, QueueOptions
from minion.orchestrator.pump import Pump
from minion.orchestrator.reception import Reception
from minion.orchestrator.reconcile import Reconciler
from minion.orchestrator.slots import Slots
from minion.orchestrator.step import changed
from minion.ports.store import Cursors, Inbox

_log = logging.getLogger(__name__)
_STEPS: Final = 100
_STUMBLES: Final = 8
_TICK_S: Final = 0.25
_GATHER_S: Final = 0.05
"""What arrives within it is handled in one go: the door, which has to answer at once, is disturbed less."""
_BURST_S: Final = 2.0
"""While deliveries keep arriving, the door goes first for so long."""
_PAUSE_S: Final = 2.0
_HOURLY: Final = timedelta(hours=1)
_REDELIVERED: Final = timedelta(days=14)
"""GitHub Enterprise Server redelivers for seven days, github.com for three."""
_TOKENS: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


class Orchestrator:
    """`start()` begins, `stop()` ends gracefully; `nudge()` says that the inbox has something."""

    def __init__(self, desk: Desk, inbox: Inbox, cursors: Cursors, slots: Slots, database_url: str) -> None:
        self._desk = desk
        self._inbox = inbox
        self._slots = slots
        options = QueueOptions(database_url, slots.take())
        self.queue = DurableQueue(options, self._work, self._receive)
        self._pump = Pump(inbox, Reception(desk, self.queue), self.queue, desk.clock)
        self._reconciler = Reconciler(desk.gate, desk.tasks, cursors, self.queue, desk.clock)
        self._stopping = threading.Event()
        self._nudged = threading.Event()
        self._stumbles: dict[TaskId, int] = {}
        self._next_tidy = desk.clock.now() + _HOURLY
        self._next_takeover = desk.clock.now()
        self._threads = [
            threading.Thread(target=self._loop, args=(name, turn), name=f"minion-{name}", daemon=True)
            for name, turn in (("pump", self._pump_turn), ("clockwork", self._clockwork_turn))
        ]

    def start(self) -> None:
        self._desk.leases.allow_until(self._desk.clock.now() + self._desk.timing.lease)
        self.queue.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes nothing new; what runs may end. Nothing is lost by a kill either."""
        self._stopping.set()
        self._nudged.set()
        for thread in self._threads:
            thread.join(timeout=30)
        self.queue.stop()
        self._slots.give_back()

    def nudge(self) -> None:
        self._nudged.set()

    def _loop(self, name: str, turn: Callable[[], None]) -> None:
        """What lasts is told once, and tried again in peace."""
        known = ""
        while not self._stopping.is_set():
            error = guarded(name, turn, known=known)
            known = "" if error is None else str(error)
            if error is not None:
                self._stopping.wait(_PAUSE_S)

    def _pump_turn(self) -> None:
        self._nudged.wait(_TICK_S)
        self._let_the_door_go_first()
        while not self._stopping.wait(_GATHER_S) and self._pump.drain():
            pass

    def _let_the_door_go_first(self) -> None:
        """Until nothing has arrived for a moment, or what came first has waited long enough."""
        until = self._desk.clock.monotonic() + _BURST_S
        while self._nudged.is_set() and self._desk.clock.monotonic() < until:
            self._nudged.clear()
            self._stopping.wait(_GATHER_S)
        self._nudged.clear()

    def _clockwork_turn(self) -> None:
        if self._stopping.wait(_TICK_S):
            return
        now = self._desk.clock.now()
        for task_id in self._desk.tasks.due(now, 200):
            self.queue.wake_idle(task_id)
        self._reconciler.tick()
        if now >= self._next_takeover:
            self._next_takeover = now + _MINUTE
            self._take_over()
        if now >= self._next_tidy:
            self._next_tidy = now + _HOURLY
            self.queue.tidy(now)
            self._inbox.forget(now - _REDELIVERED)
            self._desk.leases.forget(now - _TOKENS)

    def _take_over(self) -> None:
        for executor in self._slots.dead():
            self.queue.recover(executor)

    def _work(self, task_id: TaskId) -> None:
        error = guarded(f"task {task_id}", lambda: self._advance(task_id))
        if error is None:
            self._stumbles.pop(task_id, None)
        else:
            guarded(f"task {task_id} after a bug", lambda: self._stumbled(task_id, error))

    def _advance(self, task_id: TaskId) -> None:
        for _ in range(_STEPS):
            if self._stopping.is_set() or not isinstance(advance(self._desk, task_id), Again):
                return

    def _stumbled(self, task_id: TaskId, error: Exception) -> None:
        """A bug, not an outage: try again more and more rarely, then give up loudly."""
        count = self._stumbles[task_id] = self._stumbles.get(task_id, 0) + 1
        task = self._desk.tasks.get(task_id)
        if task is None or task.due_at is None:
            return
        now = self._desk.clock.now()
        if count < _STUMBLES:
            self._desk.tasks.save(changed(task, due_at=now + timedelta(seconds=2**count)))
            return
        self._stumbles.pop(task_id)
        if task.status.ended:  # its last words cannot be said: the row says why
            self._desk.tasks.save(changed(task, due_at=None, reason=f"{task.reason} (and {type(error).__name__})"))
        else:
            reason = f"the bot has a bug here ({type(error).__name__}); its operator finds it in the log"
            self._desk.tasks.save(changed(task, status=TaskStatus.FAILED, reason=reason, due_at=now))

    def _receive(self, delivery_id: DeliveryId) -> None:
        error = guarded(f"delivery {delivery_id}", lambda: self._pump.receive(delivery_id))
        if error is not None:
            note = f"{type(error).__name__}: {error}"
            guarded(f"delivery {delivery_id} after a bug", lambda: self._inbox.failed(delivery_id, note))
