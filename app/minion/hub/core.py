"""The hub's heart: state, lock, clock, git, and the way events leave for webhooks and for Actions."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from minion.hub.actions.host import ActionsService
from minion.hub.actors import Actor, JobToken
from minion.hub.deliveries import Deliveries, Worker
from minion.hub.git_objects import Git
from minion.hub.knobs import Knobs
from minion.hub.shapes.accounts import node_id, user_json
from minion.hub.shapes.repositories import around
from minion.hub.state import ACTIONS_APP_ID, Account, App, Installation, Repository, State, covers

# Which permission an App must hold to hear an event: https://docs.github.com/en/webhooks/webhook-events-and-payloads
HEARD_WITH = {
    "issues": ("issues",),
    "issue_comment": ("issues", "pull_requests"),
    "pull_request": ("pull_requests",),
    "pull_request_review": ("pull_requests",),
    "pull_request_review_comment": ("pull_requests",),
    "pull_request_review_thread": ("pull_requests",),
    "check_run": ("checks",),
    "check_suite": ("checks",),
    "status": ("statuses",),
    "push": ("contents",),
    "repository_dispatch": ("contents",),
    "workflow_run": ("actions",),
    "workflow_job": ("actions",),
}


@dataclass(frozen=True)
class Request:
    """One REST or git request that was answered, for verdicts."""

    method: str
    path: str
    actor: str
    status: int


class Core:
    """Shared by every handler. Whoever reads or changes `state` holds `lock` (re-entrant)."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.base_url = ""
        self.lock = threading.RLock()
        self.state = State()
        self.knobs = Knobs()
        self.deliveries = Deliveries(self)
        self.unknown_requests: list[str] = []
        self.crashes: list[str] = []  # tracebacks of the hub's own bugs
        self.requests: deque[Request] = deque(maxlen=20_000)
        self.actions: ActionsService | None = None
        self._triggers = Worker("hub-triggers", self.crashes)
        self._activity = 0
        self.actions_app = self._system_accounts()

    @property
    def api_url(self) -> str:
        """What GITHUB_API_URL is for clients of this hub."""
        return f"{self.base_url}/api/v3"

    def now(self) -> datetime:
        """Whole seconds, as GitHub's timestamps; shifted by the clock knob."""
        return (datetime.now(UTC) + timedelta(seconds=self.knobs.clock_offset_s)).replace(microsecond=0)

    def git(self, repository: Repository) -> Git:
        return Git(repository.git_dir)

    def add_account(self, login: str, kind: str, name: str | None = None, number: int = 0) -> Account:
        """A new user, organization or bot; the login must be free."""
        account = Account(number or self.state.next_id(), login, kind, self.now(), name)
        self.state.accounts[login.lower()] = account
        return account

    def _system_accounts(self) -> App:
        github = self.add_account("github", "Organization", number=9919)
        self.add_account("web-flow", "User", number=19864447)
        bot = self.add_account("github-actions[bot]", "Bot", number=41898282)
        slug, name = "github-actions", "GitHub Actions"
        return App(ACTIONS_APP_ID, slug, name, github, bot, "", None, "", "", {}, [], self.now())

    # -- events -------------------------------------------------------------------------------------------------

    def emit(
        self,
        repository: Repository,
        event: str,
        payload: Mapping[str, Any],
        sender: Account,
        *,
        only: App | None = None,
    ) -> None:
        """A webhook for each App that is installed, permitted and subscribed; `only` narrows it to one App."""
        self._activity += 1
        guid = str(uuid.uuid4())
        whole = dict(payload) | {k: v for k, v in around(self, repository, sender).items() if k not in payload}
        for installation in list(self.state.installations.values()):
            if covers(installation, repository) and self._hears(installation, event, only):
                brief = {"id": installation.id, "node_id": node_id("I", installation.id)}
                self.deliveries.send(installation.app, event, whole | {"installation": brief}, guid)

    def emit_to(self, app: App, event: str, payload: Mapping[str, Any], sender: Account) -> None:
        """An event that an App hears whatever it subscribed to (installation, installation_repositories)."""
        self.deliveries.send(app, event, dict(payload) | {"sender": user_json(self, sender)})

    def _hears(self, installation: Installation, event: str, only: App | None) -> bool:
        if installation.suspended_at is not None:
            return False
        if only is not None:
            return installation.app is only
        allowed = any(installation.permissions.get(name) for name in HEARD_WITH.get(event, ("metadata",)))
        return allowed and event in installation.events

    def trigger(
        self, actor: Actor, repository: Repository, event: str, payload: Mapping[str, Any], at: tuple[str, str]
    ) -> None:
        """Tells Actions, outside the lock and in order. `at` is (ref, sha). Events of job tokens start nothing:
        https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/trigger-a-workflow"""
        account = actor.account
        if self.actions is None or account is None or not repository.settings.actions_enabled:
            return
        if isinstance(actor, JobToken) and event != "repository_dispatch":
            return
        whole = dict(payload) | {k: v for k, v in around(self, repository, account).items() if k not in payload}
        ref, sha = at
        handle = partial(self.actions.handle, event, repository.id, whole, ref=ref, sha=sha, actor=account.login)
        self.later(handle)

    def announce(
        self,
        actor: Actor,
        repository: Repository,
        event: str,
        payload: Mapping[str, Any],
        at: tuple[str, str] | None = None,
    ) -> None:
        """Webhooks and workflows; by default at the default branch's head."""
        if actor.account is not None:
            self.emit(repository, event, payload, actor.account)
        place = at or self.default_head(repository)
        if place is not None:
            self.trigger(actor, repository, event, payload, place)

    def default_head(self, repository: Repository) -> tuple[str, str] | None:
        """(ref, sha) of the default branch; None while it is empty."""
        ref = f"refs/heads/{repository.default_branch}"
        sha = self.git(repository).ref(ref)
        return None if sha is None else (ref, sha)

    def later(self, work: Callable[[], None]) -> None:
        """Runs on the trigger thread, which holds no lock."""
        self._activity += 1
        self._triggers.put(work)

    @property
    def idle(self) -> bool:
        """No webhook in flight, no trigger waiting, no workflow running, and nothing of that began meanwhile."""
        before = self._activity
        quiet = self._triggers.idle and self.deliveries.idle and (self.actions is None or self.actions.idle())
        return quiet and self._triggers.idle and self.deliveries.idle and self._activity == before

    def close(self) -> None:
        self._triggers.close()
        if self.actions is not None:
            self.actions.close()
        self.deliveries.close()
