"""What else the process talks to: the model's endpoint and the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx2

from minion.doctor.report import Finding, State
from minion.domain.secret import Secret
from minion.ports.model import API_VERSION

AREA: Final = "endpoints"


def examine_model(base_url: str, api_key: Secret | None, auth_token: Secret | None) -> Finding:
    """Asks for the list of models: it costs nothing (https://docs.claude.com/en/api/models-list)."""
    headers = {"anthropic-version": API_VERSION}
    if api_key is not None:
        headers["x-api-key"] = api_key.reveal()
    elif auth_token is not None:
        headers["Authorization"] = f"Bearer {auth_token.reveal()}"
    try:
        status = httpx2.get(f"{base_url}/v1/models", headers=headers, timeout=15).status_code
    except httpx2.TransportError as error:
        text = f"{base_url} cannot be reached: {error}"
        return Finding(AREA, "model", State.MISSING, text, "check ANTHROPIC_BASE_URL and the network")
    if status in {401, 403}:
        text = f"{base_url} refuses the key (HTTP {status})"
        return Finding(AREA, "model", State.MISSING, text, "set ANTHROPIC_API_KEY to a key that works there")
    if status != 200:
        return Finding(AREA, "model", State.WARNING, f"{base_url}/v1/models answers HTTP {status}", "")
    return Finding(AREA, "model", State.OK, f"{base_url} accepts the key")


def examine_runner(repository: str, workflow: str, problem: Callable[[], str | None]) -> Finding:
    """`problem` looks whether rounds can be dispatched there, and says what stands against it, or None."""
    found = problem()
    if found is None:
        return Finding(AREA, "runner", State.OK, f"{repository} has {workflow}")
    mend = (
        f"create {repository} (private, without secrets) with action/runner-workflow.yml as "
        f".github/workflows/{workflow} on its default branch, and install the App on it"
    )
    return Finding(AREA, "runner", State.MISSING, found, mend)


def examine_database(shown_url: str, problem: Callable[[], str | None]) -> Finding:
    """`problem` opens the database and says what is wrong with it, or None; `shown_url` has no password in it."""
    found = problem()
    if found is None:
        return Finding(AREA, "database", State.OK, shown_url)
    return Finding(AREA, "database", State.MISSING, f"{shown_url}: {found}", "check MINION_DATABASE_URL")
