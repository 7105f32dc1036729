"""What a round cost that never told: its runner was stopped, or went silent. The gateway has metered it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from minion.domain.receipt import Receipt, ReceiptLine
from minion.domain.task import Task
from minion.orchestrator.desk import Desk
from minion.orchestrator.step import changed

_ROUND: Final = "whole round"


def with_unreported(desk: Desk, task: Task) -> Task:
    """One line more in the receipt where the last round was begun and no result of it was taken."""
    lease = desk.leases.current(task.id)
    if lease is None or lease.claimed_at is None or lease.result_digest:
        return task
    lines = task.receipt.lines
    if any(line.round == lease.round and line.node == _ROUND for line in lines):
        return task
    line = ReceiptLine(
        round=lease.round,
        node=_ROUND,
        outcome="stopped",
        usd=max(Decimal(0), desk.spend.settled(task.id) - task.receipt.usd),
        seconds=max(0.0, (task.updated_at - lease.claimed_at).total_seconds()),
    )
    return changed(task, receipt=Receipt(lines=(*lines, line)))
