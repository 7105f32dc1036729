"""What the web layer needs, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import httpx2

from minion.agent.prices import PriceTable
from minion.domain.secret import Secret
from minion.domain.task import Task
from minion.orchestrator.claims import Claims
from minion.orchestrator.results import Results
from minion.orchestrator.run_tokens import RunTokens
from minion.ports.clock import Clock
from minion.ports.oidc import OidcVerifier
from minion.ports.store import InboxDoor, Leases, PushLedger, SpendStore, TaskStore, TraceStore
from minion.web.metrics import Metrics


@dataclass(frozen=True)
class Upstream:
    """The model endpoint. `headers` carry the operator's key; a client's own are never sent on."""

    base_url: str
    headers: Mapping[str, Secret]
    models: frozenset[str]
    """Models that may be asked for; each needs a price."""
    transport: httpx2.AsyncBaseTransport | None = None
    """Another way to the model than HTTP to `base_url`: a provider with a protocol of its own."""


@dataclass(frozen=True)
class Services:
    webhook_secrets: Sequence[Secret]
    door: InboxDoor
    tasks: TaskStore
    leases: Leases
    ledger: PushLedger
    spend: SpendStore
    trace: TraceStore
    oidc: OidcVerifier
    run_tokens: RunTokens
    claims: Claims
    results: Results
    upstream: Upstream
    prices: PriceTable
    budget: Callable[[Task], Decimal]
    """The most that a task may cost, in US dollars."""
    clock: Clock
    ready: Callable[[], bool]
    nudge: Callable[[], None]
    """Tells the orchestrator that the inbox has something, so that it need not wait for its next look."""
    waiting_diff: Callable[[Task], str | None] = lambda _: None
    """The change that somebody is asked to approve, as a unified diff."""
    server_url: str = "https://github.com"
    metrics: Metrics = field(default_factory=Metrics)
