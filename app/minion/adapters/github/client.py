"""A githubkit client whose HTTP connection is held, for any thread, with time-outs that count."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from githubkit import GitHub
from githubkit.auth import BaseAuthStrategy
from githubkit.config import get_config

_NOT_FOLLOWED: Final = ("/logs", "/zip")


@dataclass(frozen=True)
class ClientOptions:
    """`api_url` as `GITHUB_API_URL` gives it: `https://api.github.com` or `https://HOST/api/v3` (GHES, hub).

    `api_version` overrides what githubkit sends as `X-GitHub-Api-Version`; older GHES wants `2022-11-28`
    (https://docs.github.com/en/rest/about-the-rest-api/api-versions).
    """

    api_url: str = "https://api.github.com"
    timeout_s: float = 15.0
    api_version: str | None = None
    user_agent: str = "minion"
    attempts: int = 3
    """How often a read, or a write whose effect can be looked up, is tried when GitHub does not answer."""
    pause_s: float = 0.5
    """The first pause between tries; doubled each time, with jitter."""


class _HeldClient(httpx.Client):
    """Follows redirects (renamed repositories: 301 and 307), but leaves links to signed downloads to the caller."""

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        if request.url.path.endswith(_NOT_FOLLOWED):
            kwargs["follow_redirects"] = False
        return super().send(request, **kwargs)


class HeldGitHub(GitHub[BaseAuthStrategy]):
    """githubkit keeps its client in a context variable, one per thread; this one is shared and thread-safe."""

    def __init__(self, auth: BaseAuthStrategy, options: ClientOptions) -> None:
        config = get_config(
            base_url=options.api_url,
            user_agent=options.user_agent,
            timeout=httpx.Timeout(options.timeout_s, connect=min(5.0, options.timeout_s)),
            http_cache=False,
            auto_retry=False,
        )
        super().__init__(auth, config=config)
        hooks = {"request": [_version_hook(options.api_version)]} if options.api_version else {}
        self._held = _HeldClient(**self._get_client_defaults(), event_hooks=hooks)

    @contextmanager
    def get_sync_client(self) -> Generator[httpx.Client, None, None]:
        yield self._held

    def close(self) -> None:
        self._held.close()


def _version_hook(version: str) -> Any:
    def set_version(request: httpx.Request) -> None:
        if "X-GitHub-Api-Version" in request.headers:
            request.headers["X-GitHub-Api-Version"] = version

    return set_version
