"""`ports.model.Model` without the way to the model: what is asked again, when, and what was billed on the way.

Retries are ours: they stay inside the request's deadline, and no attempt's tokens are lost.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from minion.adapters.message_stream import MessageStream
from minion.domain.errors import Outage
from minion.domain.receipt import Tokens
from minion.ports.model import BudgetExhausted, ModelRejected, ModelRequest, ModelTurn

COMPACTION_BETA = "compact-2026-01-12"
EDITING_BETA = "context-management-2025-06-27"
RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
RETRIED_TYPES = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})
BUDGET_ERROR = "budget_exhausted"
"""The model gateway's error type, in the API's error shape, when the task's money does not cover the call."""
NOBODY_LISTENS_S = 3.0
"""The longest pause while no connection can be made: a server that restarts is back within seconds."""


Listen = Callable[[Mapping[str, Any]], None]


class Again(Exception):  # noqa: N818 -- it says what to do
    """`retry_after`: seconds. `unheard`: no connection was made, so asking again soon burdens nobody."""

    def __init__(self, message: str, retry_after: float | None = None, *, unheard: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.unheard = unheard


@dataclass(kw_only=True)
class RetriedModel(ABC):
    """One client, held for its connection pool. Safe to use from several threads.

    `max_wait_s` caps a pause between attempts, `retry-after` excepted; `sleep` and `monotonic` are for tests.
    """

    max_wait_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _client: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelTurn:
        """See `ports.model.Model`."""
        spent = Tokens()
        attempts = 0
        ends_at = self.monotonic() + request.deadline_s
        for attempt in self._retrying(ends_at):
            with attempt:
                attempts += 1
                stream = MessageStream(on_text)
                try:
                    self._whole(request, stream, ends_at)
                except Again:
                    spent += stream.tokens
                    raise
                return _turn(stream, spent, attempts)
        raise AssertionError("tenacity either returns or raises")

    def close(self) -> None:
        """Gives the connections back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    @abstractmethod
    def _connect(self) -> Any:
        """The client, which asks nothing again by itself."""

    @abstractmethod
    def _read(self, client: Any, request: ModelRequest, listen: Listen, timeout_s: float) -> None:
        """Tells each raw event of an answer. Raises `Again` for what may be asked again, else the port's exceptions."""

    def _whole(self, request: ModelRequest, stream: MessageStream, ends_at: float) -> None:
        def listen(event: Mapping[str, Any]) -> None:
            stream.add(event)
            if self.monotonic() > ends_at:
                raise Again("the answer took longer than the time that was left")

        self._read(self._connected(), request, listen, max(1.0, ends_at - self.monotonic()))
        if stream.error:
            raise verdict(200, stream.error)
        if not stream.whole:
            raise Again("the stream ended before the message did")

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _retrying(self, ends_at: float) -> Retrying:
        """Jittered backoff; `retry-after` is kept to; no pause goes past the deadline."""
        backoff = wait_random_exponential(multiplier=1, max=self.max_wait_s)

        def pause(state: RetryCallState) -> float:
            asked = state.outcome.exception() if state.outcome else None
            after = asked.retry_after if isinstance(asked, Again) else None
            if after is not None:
                return after
            unheard = isinstance(asked, Again) and asked.unheard
            return min(float(backoff(state)), NOBODY_LISTENS_S) if unheard else float(backoff(state))

        def over(state: RetryCallState) -> bool:
            return self.monotonic() + state.upcoming_sleep >= ends_at

        def give_up(state: RetryCallState) -> ModelTurn:
            error = state.outcome.exception() if state.outcome else None
            raise Outage(f"the model did not answer within its time: {error}") from error

        return Retrying(
            retry=retry_if_exception_type(Again),
            wait=pause,
            stop=over,
            sleep=self.sleep,
            retry_error_callback=give_up,
        )


def betas(request: ModelRequest) -> dict[str, str]:
    """The header that asks for what is in beta, where the request uses it."""
    used = {
        COMPACTION_BETA if str(edit.get("type", "")).startswith("compact_") else EDITING_BETA
        for edit in (request.context_management or {}).get("edits", ())
    }
    return {"anthropic-beta": ",".join(sorted(used))} if used else {}


def optional(request: ModelRequest) -> dict[str, Any]:
    """The body's fields beside `model`, `max_tokens`, `messages` and `stream`, as far as they are used."""
    body: dict[str, Any] = {
        "system": list(request.system),
        "tools": list(request.tools),
        "thinking": request.thinking,
        "tool_choice": request.tool_choice,
        "context_management": request.context_management,
        "output_config": {"effort": request.effort} if request.effort else None,
    }
    return {key: value for key, value in body.items() if value}


def verdict(status: int, error: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Exception:
    """`error`: `{"type": …, "message": …}`. An error inside a stream has the status 200, so its type decides
    (https://docs.claude.com/en/api/errors)."""
    kind, message = str(error.get("type") or ""), str(error.get("message") or "")
    text = f"{status} {kind}: {message}"
    if kind == BUDGET_ERROR:
        return BudgetExhausted(text)
    if status in RETRIED or kind in RETRIED_TYPES:
        return Again(text, _retry_after((headers or {}).get("retry-after", "")))
    return ModelRejected(text)


def _retry_after(said: str) -> float | None:
    """Seconds; the API sends whole seconds (https://docs.claude.com/en/api/rate-limits), a gateway before it may send a
    date (https://www.rfc-editor.org/rfc/rfc9110#name-retry-after)."""
    said = said.strip()
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _turn(stream: MessageStream, spent: Tokens, attempts: int) -> ModelTurn:
    return ModelTurn(
        content=stream.content(),
        stop_reason=stream.stop_reason,
        tokens=spent + stream.tokens,
        model=stream.model,
        stop_details=stream.stop_details,
        attempts=attempts,
        context_tokens=stream.context_tokens,
    )
