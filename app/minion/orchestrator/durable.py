"""The queue, on DBOS: `advance` runs one at a time for a task, survives kills, and is shared by all replicas.

Workflows are short: a wake-up is one workflow, and all state is in our own tables. The application version is pinned,
else an edit strands pending work; and every process holds its own executor slot.
https://docs.dbos.dev/python/reference/queues
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from dbos import DBOS, DBOSConfig, EnqueueOptions

from minion.domain.ids import DeliveryId, TaskId

_VERSION: Final = "minion-queue-1"
_TASKS: Final = "minion-tasks"
_DELIVERIES: Final = "minion-deliveries"
_ADVANCE: Final = "minion.advance"
_RECEIVE: Final = "minion.receive"
_KEPT: Final = timedelta(days=1)
_SAME_S: Final = 2.0


@dataclass(frozen=True)
class QueueOptions:
    """`database_url` as SQLAlchemy has it; `executor` is this process's slot, stable over restarts."""

    database_url: str
    executor: str
    workers: int = 8
    poll_s: float = 0.2
    grace_s: int = 20
    """How long a stop waits for what is running."""


class DurableQueue:
    """One for a process (DBOS keeps its registry in the process). Implements `Wakeups`."""

    def __init__(
        self, options: QueueOptions, work: Callable[[TaskId], None], receive: Callable[[DeliveryId], None]
    ) -> None:
        self._options = options
        self._work = work
        self._receive = receive
        self._lock = threading.Lock()
        self._queued: dict[TaskId, float] = {}
        self._running: set[TaskId] = set()

    def start(self) -> None:
        """Recovers what this slot left behind, then listens."""
        configuration = DBOSConfig(
            name="minion",
            system_database_url=self._options.database_url,
            application_version=_VERSION,
            executor_id=self._options.executor,
            log_level="ERROR",
            max_executor_threads=4 * self._options.workers,
        )
        DBOS(config=configuration)

        def advance(task_id: str) -> None:
            self._advance(task_id)

        def receive(delivery_id: str) -> None:
            self._receive(DeliveryId(delivery_id))

        # DBOS marks what it registers, and a bound method cannot be marked.
        DBOS.workflow(name=_ADVANCE, max_recovery_attempts=None)(advance)
        DBOS.workflow(name=_RECEIVE, max_recovery_attempts=None)(receive)
        DBOS.launch()
        DBOS.register_queue(
            _TASKS,
            worker_concurrency=self._options.workers,
            partition_concurrency=1,
            polling_interval_sec=self._options.poll_s,
            on_conflict="always_update",
        )
        DBOS.register_queue(
            _DELIVERIES,
            worker_concurrency=self._options.workers,
            polling_interval_sec=self._options.poll_s,
            on_conflict="always_update",
        )

    def stop(self) -> None:
        DBOS.destroy(
            workflow_completion_timeout_sec=self._options.grace_s if self._busy() else 0, destroy_registry=True
        )

    def wake(self, task_id: TaskId) -> None:
        """Asked again before the task was begun on, it is one and the same wake-up.

        For a moment only: another replica may have begun on it, and this one would never hear of that.
        """
        now = time.monotonic()
        with self._lock:
            if now - self._queued.get(task_id, -_SAME_S) < _SAME_S:
                return
            self._queued[task_id] = now
        options = EnqueueOptions(workflow_name=_ADVANCE, queue_name=_TASKS, queue_partition_key=task_id)
        enqueued = False
        try:
            self._enqueue(options, task_id)
            enqueued = True
        finally:
            if not enqueued:  # or nobody could wake this task again
                with self._lock:
                    self._queued.pop(task_id, None)

    def wake_idle(self, task_id: TaskId) -> None:
        """For due times: a task that is being advanced at this moment decides by itself when it is due again."""
        with self._lock:
            if task_id in self._running:
                return
        self.wake(task_id)

    def receive(self, delivery_id: DeliveryId, attempt: int) -> None:
        """The same attempt at the same delivery is enqueued once, by whichever replica."""
        workflow_id = f"gh:{delivery_id}:{attempt}"
        options = EnqueueOptions(workflow_name=_RECEIVE, queue_name=_DELIVERIES, workflow_id=workflow_id)
        self._enqueue(options, delivery_id)

    def recover(self, executor: str) -> None:
        """Takes over what a dead executor left pending. The caller holds that executor's slot."""
        DBOS._recover_pending_workflows([executor])  # noqa: SLF001 -- its only door to this

    def tidy(self, now: datetime) -> None:
        """Finished workflows are of no use after a day."""
        before = (now.astimezone(UTC) - _KEPT).isoformat()
        old = DBOS.list_workflows(
            status=["SUCCESS", "ERROR"], completed_before=before, limit=1000, load_input=False, load_output=False
        )
        if old:
            DBOS.delete_workflows([workflow.workflow_id for workflow in old])

    def _enqueue(self, options: EnqueueOptions, argument: str) -> None:
        options["app_version"] = _VERSION
        DBOS.enqueue_workflow_with_options(options, argument)

    def _advance(self, task_id: str) -> None:
        task = TaskId(task_id)
        with self._lock:
            self._queued.pop(task, None)
            self._running.add(task)
        try:
            self._work(task)
        finally:
            with self._lock:
                self._running.discard(task)

    def _busy(self) -> bool:
        """Gives what runs a moment to end by itself."""
        deadline = time.monotonic() + 0.5
        while self._running and time.monotonic() < deadline:
            time.sleep(0.02)
        return bool(self._running)
