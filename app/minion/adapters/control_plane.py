"""The App over HTTP, as a runner calls it (`ports.control_plane.ControlPlane`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

import httpx2
from pydantic import BaseModel
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from minion.domain.errors import Outage
from minion.domain.protocol import (
    ClaimRefused,
    ClaimRequest,
    EventBatch,
    EventReply,
    RoundAccepted,
    RoundGrant,
    RoundResult,
)
from minion.domain.trace import TraceEvent

FENCED_OFF: Final = frozenset({401, 403, 404, 409, 410})
"""Answers to a call under a run token that mean: this round is no longer ours."""


class _UnavailableError(Exception):
    """The App cannot answer now; `retry_after` is what it asked for, in seconds."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HttpControlPlane:
    """Every call is safe to repeat: a claim by its nonce and run, events by their `seq`, a result by its digest."""

    def __init__(self, app_url: str, *, patience_s: float = 120.0) -> None:
        self._client = httpx2.Client(
            base_url=app_url, timeout=httpx2.Timeout(60, connect=10), headers={"User-Agent": "minion-runner"}
        )
        self._patience_s = patience_s

    def close(self) -> None:
        self._client.close()

    def claim(self, oidc_token: str, nonce: str) -> RoundGrant | ClaimRefused:
        request = ClaimRequest(oidc_token=oidc_token, nonce=nonce, minion_version=version("minion"))
        response = self._post("/api/v1/claim", request, None, self._patience_s)
        if response.status_code == 200:
            return RoundGrant.model_validate_json(response.content)
        return ClaimRefused(reason=_reason(response))

    def send(self, grant: RoundGrant, events: Sequence[TraceEvent]) -> EventReply:
        batch = EventBatch(fence=grant.fence, events=tuple(events))
        response = self._post(
            f"/api/v1/rounds/{grant.task_id}/events", batch, grant.run_token, min(20.0, self._patience_s)
        )
        if response.status_code == 200:
            return EventReply.model_validate_json(response.content)
        if response.status_code in FENCED_OFF:
            return EventReply(cancel=f"this round is no longer ours: {_reason(response)}", lease_s=0.0)
        raise Outage(f"The App refused trace events: {_reason(response)}")

    def finish(self, grant: RoundGrant, result: RoundResult) -> RoundAccepted:
        response = self._post(f"/api/v1/rounds/{grant.task_id}/result", result, grant.run_token, self._patience_s)
        if response.status_code == 200:
            return RoundAccepted.model_validate_json(response.content)
        return RoundAccepted(accepted=False, reason=_reason(response))

    def _post(self, path: str, body: BaseModel, token: str | None, patience_s: float) -> httpx2.Response:
        retrying = Retrying(
            retry=retry_if_exception_type((httpx2.TransportError, _UnavailableError)),
            stop=stop_after_delay(patience_s),
            wait=_wait,
            reraise=True,
        )
        try:
            return retrying(self._once, path, body.model_dump_json(), token)
        except (httpx2.TransportError, _UnavailableError) as error:
            raise Outage(
                f"The App at {self._client.base_url} did not answer for {patience_s:.0f} s: {error}",
                retry_at=datetime.now(UTC) + timedelta(minutes=1),
            ) from error

    def _once(self, path: str, body: str, token: str | None) -> httpx2.Response:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        response = self._client.post(path, content=body, headers=headers)
        if response.status_code >= 500 or response.status_code == 429:
            raise _UnavailableError(f"HTTP {response.status_code}", _retry_after(response))
        return response


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, _UnavailableError) else 0.0
    return max(asked, wait_random_exponential(multiplier=0.3, max=10)(state))


def _retry_after(response: httpx2.Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), 60.0) if value.isdigit() else 0.0


def _reason(response: httpx2.Response) -> str:
    """The `reason` or `detail` of a JSON answer, else its first 200 characters."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        said = body.get("reason") or body.get("detail")
        if isinstance(said, str):
            return said
    return f"HTTP {response.status_code} {response.text[:200]}".strip()
