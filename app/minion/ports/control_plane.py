"""The App, as a runner sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from minion.domain.protocol import ClaimRefused, EventReply, RoundAccepted, RoundGrant, RoundResult
from minion.domain.trace import TraceEvent


class ControlPlane(Protocol):
    """Raises `Outage` when the App cannot be reached within the retries."""

    def claim(self, oidc_token: str, nonce: str) -> RoundGrant | ClaimRefused: ...

    def send(self, grant: RoundGrant, events: Sequence[TraceEvent]) -> EventReply: ...

    def finish(self, grant: RoundGrant, result: RoundResult) -> RoundAccepted: ...
