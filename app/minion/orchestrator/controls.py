"""Words about a task that exists: help, status, stop, approve, retry; typed, or pressed on our own check run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from minion import comments
from minion.blueprint.state import Unfit
from minion.domain.commands import Control, Verb
from minion.domain.events import ButtonPressed
from minion.domain.ids import RepositoryRef, TaskId
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.desk import Desk, Wakeups
from minion.orchestrator.engines import restored
from minion.orchestrator.opening import House, Unusable
from minion.orchestrator.step import changed
from minion.orchestrator.talk import answer, used_up, voice_of
from minion.ports.github import GitHub
from minion.tasks.approval import names_digest, short_digest
from minion.tasks.policy import Actor, Denied, Rules, may_ask, may_control

_TRIES: Final = 8
_RETRIED: Final = frozenset({TaskStatus.HANDED_OFF, TaskStatus.FAILED, TaskStatus.CANCELLED})


@dataclass(frozen=True)
class Voiced:
    """Somebody said something somewhere; `comment_id` None: by a label or a button."""

    github: GitHub
    repository: RepositoryRef
    number: int
    comment_id: int | None
    actor: Actor


class Controls:
    def __init__(self, desk: Desk, wakeups: Wakeups) -> None:
        self._desk = desk
        self._wakeups = wakeups

    def control(self, voiced: Voiced, house: House | Unusable, command: Control) -> str:
        allowed = may_ask if command.verb in {Verb.HELP, Verb.STATUS} else may_control
        denied = allowed(voiced.actor, Rules(self._desk.gate.bot_login(), self._desk.allowed_bots))
        if isinstance(denied, Denied):
            if denied.tell:
                self._say(voiced, comments.ignored(voiced.actor.login, denied.reason))
            return f"refused: {denied.reason}"
        last = self._desk.tasks.last_for(voiced.repository.id, voiced.number)
        match command.verb:
            case Verb.HELP:
                return self._help(voiced, house)
            case Verb.STATUS:
                return self._status(voiced, last)
            case Verb.STOP:
                return self._stop(voiced, last)
            case Verb.APPROVE:
                return self._approve(voiced, last, command.text)
            case Verb.RETRY:
                return self._retry(voiced, last)
            case Verb.PLAN | Verb.IMPLEMENT | Verb.FIX | Verb.ADDRESS:
                self._say(
                    voiced, comments.ignored(voiced.actor.login, f"no blueprint here does `{command.verb.value}`")
                )
                return f"refused: no blueprint for {command.verb.value}"

    def pressed(self, event: ButtonPressed) -> str:
        """Only our own check runs count, and only people who may say the same in words."""
        if event.app_id != self._desk.gate.app_id():
            return "ignored: another App's button"
        task = self._desk.tasks.get(TaskId(event.external_id))
        if task is None or task.repository_id != event.repository.id:
            return "ignored: no task of this repository"
        github = self._desk.gate.installation(event.repository.installation_id)
        permission = github.permission(event.repository, event.actor)
        actor = Actor(event.actor, 0, event.actor.endswith("[bot]"), permission)
        voiced = Voiced(github, event.repository, task.number, None, actor)
        denied = may_control(actor, Rules(self._desk.gate.bot_login(), self._desk.allowed_bots))
        if isinstance(denied, Denied):
            return f"refused: {denied.reason}"
        return self._button(voiced, task, event.identifier)

    def _button(self, voiced: Voiced, task: Task, identifier: str) -> str:
        match identifier:
            case "stop":
                return self._stop(voiced, task)
            case "retry":
                return self._retry(voiced, task)
            case "approve":
                return self._approve(voiced, task, "" if task.carried is None else task.carried.digest())
            case _:
                return f"ignored: the button {identifier!r} is not ours"

    def _help(self, voiced: Voiced, house: House | Unusable) -> str:
        known = {} if isinstance(house, Unusable) else house.descriptions
        self._say(voiced, comments.help_text(known, voice_of(self._desk)))
        return "help"

    def _status(self, voiced: Voiced, task: Task | None) -> str:
        if task is None:
            return self._no_task(voiced, Verb.STATUS)
        pushes = len(self._desk.ledger.pushes(task.id))
        at_ceiling = used_up(self._desk, task)
        text = comments.status(task, voice_of(self._desk), pushes=pushes, used_up=at_ceiling)
        self._say(voiced, text.replace(comments.status_marker(task.id), "").lstrip())
        return f"status of {task.id}"

    def _stop(self, voiced: Voiced, task: Task | None) -> str:
        if task is None or task.status.ended:
            return self._no_task(voiced, Verb.STOP)
        reason = f"stopped by @{voiced.actor.login}"
        return self._change(task, lambda current: self._cancelled(current, reason))

    def _cancelled(self, task: Task, reason: str) -> Task | None:
        if task.status.ended:
            return None
        now = self._desk.clock.now()
        return changed(task, status=TaskStatus.CANCELLED, reason=reason, due_at=now, updated_at=now)

    def _approve(self, voiced: Voiced, task: Task | None, text: str) -> str:
        wanted = None if task is None else _awaited(task)
        if task is None or wanted is None:
            return self._no_task(voiced, Verb.APPROVE)
        if not names_digest(text, wanted):
            reason = f"the change that waits is `{short_digest(wanted)}`: `/minion approve {short_digest(wanted)}`"
            self._say(voiced, comments.ignored(voiced.actor.login, reason))
            return "refused: another digest"
        return self._change(task, lambda current: self._approved(current, wanted, voiced.actor.login))

    def _approved(self, task: Task, digest: str, by: str) -> Task | None:
        if _awaited(task) is None:
            return None
        people = tuple(dict.fromkeys((*task.approved_by, by)))
        return changed(task, approved_digest=digest, approved_by=people, due_at=self._desk.clock.now())

    def _retry(self, voiced: Voiced, task: Task | None) -> str:
        if task is None:
            return self._no_task(voiced, Verb.RETRY)
        task = self._desk.tasks.active_for(task.repository_id, task.number) or task
        if not task.status.ended:
            self._wakeups.wake(task.id)
            return f"woke {task.id}"
        if not _goes_on(task):
            reason = f"task `{task.id}` is through; comment `/minion {task.blueprint}` for another one"
            self._say(voiced, comments.ignored(voiced.actor.login, reason))
            return "refused: the task is through"
        return self._change(task, self._queued)

    def _queued(self, task: Task) -> Task | None:
        """The same task, with the pushes it has left: it goes on where it stood."""
        if not _goes_on(task):
            return None
        now = self._desk.clock.now()
        fields = {"status": TaskStatus.QUEUED, "reason": "", "waiting_since": None}
        return changed(task, **fields, due_at=now, updated_at=now)

    def _change(self, task: Task, change: Callable[[Task], Task | None]) -> str:
        """Against the row as it is; somebody else may save at the same moment."""
        for _ in range(_TRIES):
            current = self._desk.tasks.get(task.id)
            wanted = None if current is None else change(current)
            if wanted is None:
                return f"task {task.id} had moved on"
            if self._desk.tasks.save(wanted) is not None:
                self._wakeups.wake(task.id)
                return f"task {task.id} is {wanted.status.value}"
        return f"task {task.id} changes too often"

    def _no_task(self, voiced: Voiced, verb: Verb) -> str:
        if voiced.comment_id is not None:
            self._say(voiced, comments.no_task(verb.value))
        return "no task"

    def _say(self, voiced: Voiced, body: str) -> None:
        answer(voiced.github, voiced.repository, voiced.number, voiced.comment_id, body)


def _awaited(task: Task) -> str | None:
    """The digest that an approval has to name."""
    if task.status is not TaskStatus.AWAITING_APPROVAL:
        return None
    return task.spec.digest() if task.carried is None else task.carried.digest()


def _goes_on(task: Task) -> bool:
    """It was ended from outside, and its blueprint still rests at something to do."""
    if task.status not in _RETRIED:
        return False
    going_on = restored(task)
    return not isinstance(going_on, Unfit) and going_on[1].ended is None
