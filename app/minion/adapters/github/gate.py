"""The App itself: https://docs.github.com/en/rest/apps/apps and https://docs.github.com/en/rest/apps/webhooks"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from githubkit.response import Response

from minion.adapters.github import fields
from minion.adapters.github.answers import ABSENT, Asker, Refusal, as_error
from minion.adapters.github.auth import AccessToken, AppAuth, AppKey, InstallationAuth, InstallationToken
from minion.adapters.github.client import ClientOptions, HeldGitHub
from minion.adapters.github.installation import InstallationGitHub
from minion.adapters.github.resource import Connection, part
from minion.domain.errors import AccessLost
from minion.domain.ids import RepositoryRef
from minion.domain.secret import Secret
from minion.ports.clock import Clock
from minion.ports.github import FailedDelivery, GitHub
from minion.tasks.leaks import Redactor

_MOST_DELIVERY_PAGES = 20


class GitHubApp:
    """Implements `minion.ports.github.GitHubGate`; thread-safe. The key is PEM; clients are held until `close`.

    `secrets` are taken out of every text that is written, as is whatever looks like a key.
    """

    def __init__(
        self, app_id: int, private_key: Secret, options: ClientOptions, clock: Clock, secrets: Sequence[Secret] = ()
    ) -> None:
        self._redact = Redactor((private_key, *secrets))
        self._app_id = app_id
        self._options = options
        self._clock = clock
        self._ask = Asker(options, clock)
        self._api = HeldGitHub(AppAuth(AppKey(app_id, private_key, clock)), options)
        self._lock = threading.Lock()
        self._installations: dict[int, InstallationGitHub] = {}
        self._login: str | None = None

    def app_id(self) -> int:
        return self._app_id

    def bot_login(self) -> str:
        if self._login is None:
            app = self._ask.read(self._api.rest.apps.get_authenticated)
            if fields.number(app, "id") != self._app_id:
                raise AccessLost(f"GitHub does not know an App with id {self._app_id} and this key")
            self._login = f"{fields.text(app, 'slug')}[bot]"
        return self._login

    def installation(self, installation_id: int) -> GitHub:
        with self._lock:
            held = self._installations.get(installation_id)
            if held is None:
                held = self._installations[installation_id] = self._connect(installation_id)
            return held

    def find_installation(self, owner: str, name: str) -> int | None:
        found = self._ask.read(lambda: self._api.rest.apps.get_repo_installation(part(owner), part(name)))
        return fields.number_or_none(found, "id")

    def failed_deliveries(self, since: datetime) -> Sequence[FailedDelivery]:
        """The newest attempt of every delivery since then of which no attempt was answered 2xx, oldest first.

        Redelivery is possible for three days (GHES: seven), so `since` need not be older.
        """
        newest: dict[str, Mapping[str, Any]] = {}
        handled: set[str] = set()
        for delivery in self._deliveries(since):
            guid = fields.text(delivery, "guid")
            newest.setdefault(guid, delivery)
            if 200 <= fields.number(delivery, "status_code") < 300:
                handled.add(guid)
        failed = [_failed(delivery) for guid, delivery in newest.items() if guid not in handled]
        return sorted((delivery for delivery in failed if delivery), key=lambda delivery: delivery.delivered_at)

    def redeliver(self, delivery_id: int) -> None:
        """A delivery that is too old, or being sent, is left (404, 422): the next sweep looks again."""
        try:
            self._ask.again(lambda: self._api.rest.apps.redeliver_webhook_delivery(delivery_id))
        except Refusal as refusal:
            if refusal.status not in ABSENT | {400, 422}:
                raise as_error(refusal) from refusal

    def close(self) -> None:
        with self._lock:
            for held in self._installations.values():
                held.close()
            self._installations.clear()
        self._api.close()

    # --- inside

    def _connect(self, installation_id: int) -> InstallationGitHub:
        token = InstallationToken(lambda: self._mint(installation_id, {}), self._clock)
        api = HeldGitHub(InstallationAuth(token), self._options)
        connection = Connection(api, Asker(self._options, self._clock), self._app_id, self.bot_login, self._redact)
        return InstallationGitHub(connection, installation_id, self._narrow)

    def _narrow(self, repo: RepositoryRef) -> AccessToken:
        body = {"repository_ids": [repo.id], "permissions": {"contents": "read"}}
        return self._mint(repo.installation_id, body)

    def _mint(self, installation_id: int, body: Mapping[str, Any]) -> AccessToken:
        """https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app"""
        apps, data = self._api.rest.apps, dict(body)
        try:
            answer = self._ask.again(lambda: _create_token(apps, installation_id, data))
        except Refusal as refusal:
            raise AccessLost(f"installation {installation_id}: {refusal.message} ({refusal.status})") from refusal
        token = answer.json()
        expires = fields.moment(token, "expires_at") or self._clock.now() + timedelta(minutes=50)
        return AccessToken(Secret(fields.text(token, "token")), expires)

    def _deliveries(self, since: datetime) -> Sequence[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(_MOST_DELIVERY_PAGES):
            page = self._page(cursor)
            fresh = [item for item in page.json() if (fields.moment(item, "delivered_at") or since) >= since]
            found.extend(fresh)
            cursor = _next_cursor(page)
            if cursor is None or len(fresh) < len(page.json()):
                break
        return found

    def _page(self, cursor: str | None) -> Response[Any]:
        apps = self._api.rest.apps
        try:
            if cursor is None:
                return self._ask.again(lambda: apps.list_webhook_deliveries(per_page=100))
            return self._ask.again(lambda: apps.list_webhook_deliveries(per_page=100, cursor=cursor))
        except Refusal as refusal:
            raise as_error(refusal) from refusal


def _create_token(apps: Any, installation_id: int, data: dict[str, Any]) -> Response[Any]:
    answer: Response[Any] = apps.create_installation_access_token(installation_id, data=data)
    return answer


def _next_cursor(page: Response[Any]) -> str | None:
    link = page.raw_response.links.get("next", {}).get("url", "")
    return next(iter(parse_qs(urlsplit(link).query).get("cursor", [])), None)


def _failed(delivery: Mapping[str, Any]) -> FailedDelivery | None:
    delivered = fields.moment(delivery, "delivered_at")
    if delivered is None:
        return None
    return FailedDelivery(fields.number(delivery, "id"), fields.text(delivery, "guid"), delivered)
