"""Who we are to GitHub: the App's own JWT, and installation tokens minted with it.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import httpx
import jwt
from githubkit.auth import BaseAuthStrategy

from minion.domain.secret import Secret
from minion.ports.clock import Clock

if TYPE_CHECKING:
    from githubkit import GitHubCore

_BACK_DATED: Final = timedelta(seconds=60)
_JWT_LIFE: Final = timedelta(minutes=9)
_RENEW_BEFORE: Final = timedelta(minutes=5)


class AppKey:
    """Signs the App's JWTs. A wrong clock of ours is corrected by the `Date` of GitHub's refusal."""

    def __init__(self, app_id: int, private_key: Secret, clock: Clock) -> None:
        self.app_id = app_id
        self._key = private_key
        self._clock = clock
        self._skew = timedelta(0)

    def token(self) -> str:
        issued = self._clock.now() + self._skew - _BACK_DATED
        claims = {"iss": str(self.app_id), "iat": issued, "exp": issued + _JWT_LIFE}
        return jwt.encode(claims, self._key.reveal(), algorithm="RS256")

    def learn(self, date_header: str | None) -> None:
        """Takes the server's time from an HTTP `Date` header."""
        if date_header is None:
            return
        try:
            server = parsedate_to_datetime(date_header)
        except ValueError:
            return
        self._skew = server.replace(tzinfo=server.tzinfo or UTC) - self._clock.now()


class AppAuth(BaseAuthStrategy):
    """Authenticates as the App itself."""

    def __init__(self, key: AppKey) -> None:
        self._key = key

    def get_auth_flow(self, github: GitHubCore[BaseAuthStrategy]) -> httpx.Auth:
        del github
        return _AppFlow(self._key)


class _AppFlow(httpx.Auth):
    def __init__(self, key: AppKey) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key.token()}"
        response = yield request
        if response.status_code == 401:
            self._key.learn(response.headers.get("date"))
            request.headers["Authorization"] = f"Bearer {self._key.token()}"
            yield request


@dataclass(frozen=True)
class AccessToken:
    value: Secret
    expires_at: datetime


class InstallationToken:
    """One installation's token, renewed five minutes before it expires; shared by threads."""

    def __init__(self, mint: Callable[[], AccessToken], clock: Clock) -> None:
        self._mint = mint
        self._clock = clock
        self._lock = threading.Lock()
        self._current: AccessToken | None = None

    def get(self) -> Secret:
        with self._lock:
            if self._current is None or self._current.expires_at - _RENEW_BEFORE <= self._clock.now():
                self._current = self._mint()
            return self._current.value

    def drop(self, refused: Secret) -> None:
        """Forgets the token that GitHub refused; a newer one of another thread stays."""
        with self._lock:
            if self._current is not None and self._current.value == refused:
                self._current = None


class InstallationAuth(BaseAuthStrategy):
    """Authenticates as an installation; after a 401 the token is dropped and minted once more."""

    def __init__(self, token: InstallationToken) -> None:
        self._token = token

    def get_auth_flow(self, github: GitHubCore[BaseAuthStrategy]) -> httpx.Auth:
        del github
        return _InstallationFlow(self._token)


class _InstallationFlow(httpx.Auth):
    def __init__(self, token: InstallationToken) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._token.get()
        request.headers["Authorization"] = f"Bearer {token.reveal()}"
        response = yield request
        if response.status_code == 401:
            self._token.drop(token)
            request.headers["Authorization"] = f"Bearer {self._token.get().reveal()}"
            yield request
