"""What an event does: a command becomes a task or a word about one; everything else wakes whoever may wait for it."""

from __future__ import annotations

from typing import Final

from minion import comments
from minion.domain.commands import Control, Misspelt, Start
from minion.domain.events import (
    ButtonPressed,
    ChangesRequested,
    ChecksChanged,
    Commented,
    Event,
    Ignored,
    InstallationChanged,
    ItemChanged,
    ItemClosed,
    Labeled,
    Unlabeled,
)
from minion.domain.task import Task
from minion.orchestrator.controls import Controls, Voiced
from minion.orchestrator.desk import Desk, Wakeups
from minion.orchestrator.opening import House, Unusable, house_of, open_task
from minion.orchestrator.patience import heard_enough
from minion.orchestrator.request_text import Request, opened_by_us
from minion.orchestrator.talk import answer, voice_of
from minion.ports.github import PullRequest
from minion.tasks.intake import command_in, label_command
from minion.tasks.ledger import refusal
from minion.tasks.policy import Actor, Denied, Place, Rules, may_ask, may_start

_ADDRESS: Final = "address"


class Reception:
    """Every method may be called twice for the same event, and in any order with others."""

    def __init__(self, desk: Desk, wakeups: Wakeups) -> None:
        self._desk = desk
        self._wakeups = wakeups
        self._controls = Controls(desk, wakeups)

    def handle(self, event: Event) -> str:
        """What became of it, for the inbox. May raise `Outage` and `AccessLost`."""
        match event:
            case Commented():
                return self._commented(event)
            case Labeled():
                return self._labeled(event)
            case ChangesRequested():
                return self._changes_requested(event)
            case ButtonPressed():
                return self._controls.pressed(event)
            case Unlabeled() | ItemClosed() | ItemChanged():
                return self._woken(self._desk.tasks.active_for(event.repository.id, event.number))
            case ChecksChanged():
                return self._woken(*self._desk.tasks.active_with_sha(event.repository.id, event.head_sha))
            case InstallationChanged():
                return self._woken(*self._desk.tasks.active_of(event.installation_id))
            case Ignored(reason=reason):
                return f"ignored: {reason}"

    def _woken(self, *tasks: Task | None) -> str:
        ids = [task.id for task in tasks if task is not None]
        for task_id in ids:
            self._wakeups.wake(task_id)
        return "woke " + ", ".join(ids) if ids else "nobody waits for it"

    def _commented(self, event: Commented) -> str:
        if event.actor == self._desk.gate.bot_login():
            return "our own comment"
        if command_in(event.body, self._desk.shipped_names) is None:
            return self._woken(self._desk.tasks.active_for(event.repository.id, event.number))
        github = self._desk.gate.installation(event.repository.installation_id)
        permission = github.permission(event.repository, event.actor)
        listed = event.actor_is_bot and event.actor_id in self._desk.allowed_bots
        if not permission.can_write and not listed and heard_enough(self._desk, event):
            return f"ignored: {event.actor} has no write permission, and was answered often enough this hour"
        house = house_of(self._desk, github, event.repository)
        names = self._desk.shipped_names if isinstance(house, Unusable) else house.names
        command = command_in(event.body, names)
        actor = Actor(event.actor, event.actor_id, event.actor_is_bot, permission)
        voiced = Voiced(github, event.repository, event.number, event.comment_id, actor)
        match command:
            case Start():
                request = _request(event, command)
                return self._start(voiced, house, request)
            case Control():
                return self._controls.control(voiced, house, command)
            case Misspelt():
                if isinstance(denied := may_ask(actor, self._rules()), Denied):
                    return f"ignored: {denied.reason}"
                if isinstance(house, Unusable):  # it may be the name of a blueprint that does not load
                    return self._refuse(voiced, Denied(house.reason))
                self._say(voiced, comments.misspelt(command))
                return f"misspelt: {command.problem}"
            case None:
                return "no command"

    def _labeled(self, event: Labeled) -> str:
        if label_command(event.label, "implement", self._desk.shipped_names) is None:
            return f"ignored: the label {event.label!r} is not ours"
        github = self._desk.gate.installation(event.repository.installation_id)
        house = house_of(self._desk, github, event.repository)
        actor = Actor(event.actor, event.actor_id, event.actor_is_bot, github.permission(event.repository, event.actor))
        voiced = Voiced(github, event.repository, event.number, None, actor)
        if isinstance(house, Unusable):
            return self._refuse(voiced, Denied(house.reason))
        command = label_command(event.label, house.configuration.blueprint, house.names)
        if isinstance(command, Misspelt):
            self._say(voiced, comments.misspelt(command))
            return f"misspelt: {command.problem}"
        if not isinstance(command, Start):
            return "no command"
        if (last := self._desk.tasks.last_for(event.repository.id, event.number)) is not None:
            return self._rejoin(voiced, last)
        request = Request(event.repository, event.number, command, event.actor, item=event.item, label=event.label)
        return self._start(voiced, house, request)

    def _changes_requested(self, event: ChangesRequested) -> str:
        """By somebody with write permission, on our own pull request: that is as good as a command."""
        active = self._desk.tasks.active_for(event.repository.id, event.number)
        if active is not None or event.actor_is_bot:
            return self._woken(active)
        github = self._desk.gate.installation(event.repository.installation_id)
        item = github.item(event.repository, event.number)
        if item is None or item.state != "open" or not opened_by_us(self._desk, item):
            return "nobody waits for it"
        permission = github.permission(event.repository, event.actor)
        if not permission.can_write:
            return f"ignored: {event.actor} has no write permission"
        actor = Actor(event.actor, event.actor_id, event.actor_is_bot, permission)
        voiced = Voiced(github, event.repository, event.number, event.review_id, actor)
        request = Request(event.repository, event.number, Start(_ADDRESS), event.actor, review_id=event.review_id)
        house = house_of(self._desk, github, event.repository)
        if isinstance(house, House) and not house.configuration.address_reviews:
            return "ignored: the repository's configuration leaves reviews to commands"
        return self._start(voiced, house, request)

    def _rejoin(self, voiced: Voiced, last: Task) -> str:
        """A label opens no second task: only a new command does, once the last task has ended."""
        if last.status.ended:
            reason = f"task `{last.id}` has been here already; comment `/minion {last.blueprint}` for another one"
            return self._refuse(voiced, Denied(reason))
        return self._woken(last)

    def _start(self, voiced: Voiced, house: House | Unusable, request: Request) -> str:
        if isinstance(house, Unusable):
            return self._refuse(voiced, Denied(house.reason))
        if (active := self._active(voiced)) is not None:
            return self._already(voiced, active, request)
        if isinstance(denied := self._may_start(voiced, house, request), Denied):
            return self._refuse(voiced, denied)
        last = self._desk.tasks.last_for(request.repository.id, request.number)
        if last is not None and request.comment_id is not None and last.trigger_comment_id == request.comment_id:
            return f"task {last.id} was this comment's"
        if last is not None and request.review_id is not None and last.trigger_review_id == request.review_id:
            return f"task {last.id} was this review's"
        task = open_task(self._desk, voiced.github, house, request)
        if isinstance(task, Unusable):
            return self._refuse(voiced, Denied(task.reason))
        stored = self._desk.tasks.create(task)
        if stored is None:
            return "another request was first"
        self._wakeups.wake(stored.id)
        return f"task {stored.id}"

    def _active(self, voiced: Voiced) -> Task | None:
        """Of this issue or PR; or of the branch of this PR, while the task does not know its number yet."""
        active = self._desk.tasks.active_for(voiced.repository.id, voiced.number)
        if active is not None:
            return active
        pull = voiced.github.pull(voiced.repository, voiced.number)
        return None if pull is None else self._desk.tasks.active_with_branch(voiced.repository.id, pull.head_ref)

    def _already(self, voiced: Voiced, active: Task, request: Request) -> str:
        if request.comment_id is not None and active.trigger_comment_id != request.comment_id:
            if isinstance(denied := may_ask(voiced.actor, self._rules()), Denied):
                return f"ignored: {denied.reason}"
            self._say(voiced, comments.already_working(active, voice_of(self._desk)))
        return self._woken(active)

    def _may_start(self, voiced: Voiced, house: House, request: Request) -> Denied | None:
        item = voiced.github.item(request.repository, request.number)
        if item is None:
            return Denied(f"#{request.number} is gone", tell=False)
        pull = voiced.github.pull(request.repository, request.number) if item.is_pull else None
        answer_ = may_start(voiced.actor, Place(house.facts, item, pull), self._rules())
        return answer_ if isinstance(answer_, Denied) else self._used_up(pull, request)

    def _used_up(self, pull: PullRequest | None, request: Request) -> Denied | None:
        """Work that cannot be pushed is not paid for."""
        if pull is None:
            return None
        pushed = self._desk.ledger.pushes_on_pull(request.repository.id, pull.number)
        reason = refusal(0, pushed, per_pull=self._desk.limits.per_pull)
        return None if reason is None else Denied(reason)

    def _refuse(self, voiced: Voiced, denied: Denied) -> str:
        if denied.tell and not voiced.actor.is_bot:
            self._say(voiced, comments.ignored(voiced.actor.login, denied.reason))
        return f"refused: {denied.reason}"

    def _say(self, voiced: Voiced, body: str) -> None:
        answer(voiced.github, voiced.repository, voiced.number, voiced.comment_id, body)

    def _rules(self) -> Rules:
        return Rules(self._desk.gate.bot_login(), self._desk.allowed_bots)


def _request(event: Commented, start: Start) -> Request:
    return Request(event.repository, event.number, start, event.actor, event.comment_id, event.in_review, event.item)
