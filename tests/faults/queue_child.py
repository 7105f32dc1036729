"""A process with the durable queue: `queue_child.py FOLDER COUNT` enqueues COUNT wake-ups, then works until killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from minion.domain.ids import TaskId
from minion.orchestrator.durable import DurableQueue, QueueOptions
from minion.orchestrator.slots import FileLocks, Slots


def main(folder: Path, count: int) -> None:
    database = folder / "minion.db"
    slots = Slots(FileLocks(database))
    executor = slots.take()

    def work(task_id: TaskId) -> None:
        with (folder / f"{task_id}.log").open("a") as log:
            log.write("begin\n")
            log.flush()
            time.sleep(0.02)
            log.write("end\n")

    queue = DurableQueue(QueueOptions(f"sqlite:///{database}", executor, poll_s=0.05), work, lambda _: None)
    queue.start()
    for number in range(count):
        queue.wake(TaskId(f"t{number}"))
    (folder / f"enqueued.{executor}").touch()
    print("ready", flush=True)  # noqa: T201
    for _ in range(240):
        for dead in slots.dead():
            queue.recover(dead)
        time.sleep(0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
