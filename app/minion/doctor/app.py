"""The App as GitHub sees it: does the key work, does the webhook come here, does it have what it needs
(https://docs.github.com/en/rest/apps/apps, https://docs.github.com/en/rest/apps/webhooks)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from minion.doctor.report import Finding, State
from minion.domain.secret import Secret

AREA: Final = "app"
UNASKED: Final = frozenset({"installation", "installation_repositories"})
"""Events that come to every App; they can neither be subscribed to nor are they listed."""


@dataclass(frozen=True)
class AppFacts:
    """What is configured, and what the manifest asks for."""

    api_url: str
    app_id: int
    private_key: Secret
    public_url: str
    permissions: Mapping[str, str]
    events: frozenset[str]


def examine_app(facts: AppFacts) -> list[Finding]:
    token = _app_token(facts)
    if isinstance(token, Finding):
        return [token]
    key = Finding(AREA, "private key", State.OK, "parses as an RSA key")
    with httpx2.Client(base_url=facts.api_url, timeout=15, headers=_headers(token)) as client:
        app = _get(client, "/app")
        if isinstance(app, Finding):
            return [key, app]
        hook = _get(client, "/app/hook/config")
    return [key, *_accepted(facts, app), _webhook(facts, hook)]


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}


def _app_token(facts: AppFacts) -> str | Finding:
    """A JWT of the App, back-dated a minute against clock drift
    (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app)."""
    import jwt

    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 300, "iss": str(facts.app_id)}
    try:
        return jwt.encode(claims, facts.private_key.reveal(), algorithm="RS256")
    except (jwt.InvalidKeyError, ValueError):
        mend = "generate a new one on the App's settings page (General, Private keys) and set MINION_PRIVATE_KEY"
        return Finding(AREA, "private key", State.MISSING, "is not a usable RSA key", mend)


def _get(client: httpx2.Client, path: str) -> dict[str, Any] | Finding:
    try:
        response = client.get(path)
    except httpx2.TransportError as error:
        text = f"{client.base_url} cannot be reached: {error}"
        return Finding(AREA, "GitHub API", State.MISSING, text, "check GITHUB_API_URL and the network")
    if response.status_code == 401:
        text = "GitHub refuses the App's token"
        mend = "MINION_APP_ID and MINION_PRIVATE_KEY have to be of one App, and this machine's clock has to be right"
        return Finding(AREA, "GitHub API", State.MISSING, text, mend)
    if response.status_code != 200:
        text = f"GET {path} answers HTTP {response.status_code}"
        return Finding(AREA, "GitHub API", State.MISSING, text, "check GITHUB_API_URL (https://HOST/api/v3 on GHES)")
    found: dict[str, Any] = response.json()
    return found


def _accepted(facts: AppFacts, app: dict[str, Any]) -> list[Finding]:
    findings = [Finding(AREA, "GitHub API", State.OK, f"knows the App as {app.get('slug') or app.get('name')}")]
    given: Mapping[str, str] = app.get("permissions") or {}
    lacking = sorted(name for name, level in facts.permissions.items() if not _covers(given.get(name), level))
    if lacking:
        mend = "grant them on the App's settings page (Permissions), then accept them in each installation"
        findings.append(Finding(AREA, "permissions", State.MISSING, f"lacks {', '.join(lacking)}", mend))
    excess = sorted(set(given) - set(facts.permissions))
    if excess:
        text = f"has more than it uses: {', '.join(excess)}"
        findings.append(Finding(AREA, "permissions", State.WARNING, text, "take them away on the App's settings page"))
    unheard = sorted(facts.events - UNASKED - set(app.get("events") or ()))
    if unheard:
        text = f"does not hear {', '.join(unheard)}"
        mend = "tick them on the App's settings page (Permissions, Subscribe to events)"
        findings.append(Finding(AREA, "events", State.MISSING, text, mend))
    return findings


def _covers(given: str | None, wanted: str) -> bool:
    return given == wanted or (wanted == "read" and given in {"write", "admin"})


def _webhook(facts: AppFacts, hook: dict[str, Any] | Finding) -> Finding:
    wanted = f"{facts.public_url}/webhook"
    if isinstance(hook, Finding):
        return hook
    if hook.get("url") == wanted:
        return Finding(AREA, "webhook", State.OK, f"comes to {wanted}")
    text = f"goes to {hook.get('url') or 'nowhere'}, not to {wanted}"
    return Finding(AREA, "webhook", State.MISSING, text, f"set the App's webhook URL to {wanted}, or MINION_PUBLIC_URL")
