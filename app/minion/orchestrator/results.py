"""What runners send while and after they work: heartbeats with trace events, and a round's result."""

from __future__ import annotations

import json
from itertools import islice
from typing import Final

from minion.blueprint.state import State, Unfit
from minion.domain.protocol import EventBatch, EventReply, RoundAccepted, RoundResult
from minion.domain.receipt import Receipt, ReceiptLine
from minion.domain.task import Task, TaskStatus
from minion.domain.trace import TraceEvent
from minion.orchestrator.desk import Desk, Wakeups
from minion.orchestrator.engines import restored
from minion.orchestrator.run_tokens import RunToken, held
from minion.ports.store import Finished, Lease, TraceStore

_ATTEMPTS: Final = 5
_TEXT: Final = 8_000
_DATA: Final = 8_000
_EVENTS: Final = 20_000
_SUMMARY: Final = 20_000
_LINES: Final = 200
_TEXTS: Final = 40
_NAME: Final = 100
_PURPOSES: Final = 60
_CONFIDENCE: Final = ("low", "medium", "high", "")


class Results:
    def __init__(self, desk: Desk, trace: TraceStore, wakeups: Wakeups) -> None:
        self._desk = desk
        self._trace = trace
        self._wakeups = wakeups

    def events(self, token: RunToken, batch: EventBatch) -> EventReply:
        """Keeps the lease alive. `cancel` tells the runner to stop: it has lost the round, or a person said so."""
        lease = held(self._desk.leases, token)
        if lease is None:
            return EventReply(cancel="this round is over", lease_s=0.0)
        events = [_short(event) for event in batch.events if _kept(event)]
        self._trace.append(token.task_id, token.round, token.fence, events)
        if (reason := self._stop(lease)) is not None:
            return EventReply(cancel=reason, lease_s=0.0)
        kept = self._desk.leases.extend(token.task_id, token.fence, self._desk.clock.now() + self._desk.timing.lease)
        seconds = self._desk.timing.lease.total_seconds()
        return EventReply(lease_s=seconds) if kept else EventReply(cancel="this round is over", lease_s=0.0)

    def _stop(self, lease: Lease) -> str | None:
        task = self._desk.tasks.get(lease.task_id)
        if task is None or task.status is not TaskStatus.WORKING:
            return "the task is gone" if task is None else f"the task is {task.status.value}: {task.reason}"
        began = lease.claimed_at or lease.offered_at
        too_long = self._desk.clock.now() - began > self._desk.timing.round
        return "the round takes too long" if too_long else None

    def finish(self, token: RunToken, result: RoundResult) -> RoundAccepted:
        """Stored once, however often it is sent. Nothing of it is believed that can be worked out here."""
        digest = result.change_set.digest()
        if result.digest != digest:
            return RoundAccepted(accepted=False, reason="the change set is not the one that was sent")
        for _ in range(_ATTEMPTS):
            task = self._desk.tasks.get(token.task_id)
            if task is None:
                return RoundAccepted(accepted=False, reason="the task is gone")
            changed = self._with(task, token, result)
            if isinstance(changed, str):
                return self._repeated(token, digest) or RoundAccepted(accepted=False, reason=changed)
            stored = self._desk.leases.finish(changed, token.fence, digest)
            if isinstance(stored, Finished):
                self._wakeups.wake(token.task_id)
                return RoundAccepted(accepted=True, reason="known already" if stored.repeated else "")
            if not stored.again:
                return RoundAccepted(accepted=False, reason=stored.reason)
        return RoundAccepted(accepted=False, reason="the task changes too often: try again")

    def _repeated(self, token: RunToken, digest: str) -> RoundAccepted | None:
        """A result that was stored before: the task has moved on since."""
        lease = self._desk.leases.current(token.task_id)
        same = lease is not None and lease.fence == token.fence and lease.result_digest == digest
        return RoundAccepted(accepted=True, reason="known already") if same else None

    def _with(self, task: Task, token: RunToken, result: RoundResult) -> Task | str:
        if held(self._desk.leases, token) is None or task.status is not TaskStatus.WORKING:
            return f"the round is over; the task is {task.status.value}"
        if result.change_set.base_sha != task.head_sha:
            return f"the change set is not on top of {task.head_sha}, where the round began"
        state = _followed(task, result)
        if isinstance(state, Unfit):
            return f"the state is not accepted: {state.reason}"
        return _after(task, token, result, state).model_copy(update={"due_at": self._desk.clock.now()})


def _kept(event: TraceEvent) -> bool:
    """A runner may talk for ever; the database does not listen for ever."""
    return 0 <= event.seq <= _EVENTS


def _short(event: TraceEvent) -> TraceEvent:
    data = event.data if len(json.dumps(event.data, default=str)) <= _DATA else {}
    cut = {"text": event.text[:_TEXT], "data": data, "kind": event.kind[:60], "node": event.node[:100]}
    return event.model_copy(update={**cut, "at": event.at[:40]})


def _followed(task: Task, result: RoundResult) -> State | Unfit:
    """The runner says how its nodes ended; where that leads is worked out here."""
    before = restored(task)
    if isinstance(before, Unfit):
        return before
    engine, state = before
    after = engine.restore(result.state)
    return after if isinstance(after, Unfit) else engine.replay(state, after)


def _after(task: Task, token: RunToken, result: RoundResult, state: State) -> Task:
    lines = tuple(_line(line, token.round) for line in result.receipt[:_LINES])
    return task.model_copy(
        update={
            "status": TaskStatus.PUBLISHING,
            "round": token.round,  # the row may not know it yet: a dispatch's answer was lost, and its run was quick
            "state": state.model_dump(mode="json"),
            "carried": None if result.change_set.empty else result.change_set,
            "receipt": Receipt(lines=(*task.receipt.lines, *lines)),
            "sandbox": result.sandbox[:40],
            "summary": result.summary[:_SUMMARY] or task.summary,
            "confidence": min(task.confidence, result.confidence, key=_CONFIDENCE.index),
            "risks": _together(task.risks, result.risks),
            "open_questions": _together(task.open_questions, result.open_questions),
            "notes": _together(task.notes, result.notes),
            "gates": tuple((gate[:100], said[:1000]) for gate, said in result.gates[:40]),
            "reason": result.error[:4000],
        }
    )


def _line(line: ReceiptLine, round_: int) -> ReceiptLine:
    """Its numbers are for people only: what is paid is metered by the gateway."""
    spent_on = {purpose[:_NAME]: spending for purpose, spending in islice(line.spent_on.items(), _PURPOSES)}
    names = {"node": line.node[:_NAME], "outcome": line.outcome[:_NAME], "model": line.model and line.model[:_NAME]}
    return line.model_copy(update={**names, "round": round_, "spent_on": spent_on})


def _together(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    """What rounds said, each once. A runner may say what it likes, but not how much."""
    return tuple(dict.fromkeys((*before, *(text[:2000] for text in now[:_TEXTS]))))[:_TEXTS]
