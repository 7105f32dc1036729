"""`ports.model.Model` over the clients of the Anthropic SDK, which is imported at the first call or before.

Retries are ours, not the SDK's: they stay inside the request's deadline and add up what was billed on the way.
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from minion.adapters.message_stream import MessageStream
from minion.domain.errors import Outage
from minion.domain.receipt import Tokens
from minion.ports.model import BudgetExhausted, ModelRejected, ModelRequest, ModelTurn

if TYPE_CHECKING:
    from anthropic import APIStatusError

COMPACTION_BETA = "compact-2026-01-12"
EDITING_BETA = "context-management-2025-06-27"
RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
RETRIED_TYPES = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})
BUDGET_ERROR = "budget_exhausted"
"""The model gateway's error type, in the API's error shape, when the task's money does not cover the call."""
NOBODY_LISTENS_S = 3.0
"""The longest pause while no connection can be made: a server that restarts is back within seconds."""


@dataclass(kw_only=True)
class SdkModel(ABC):
    """One client, held for its connection pool. Safe to use from several threads.

    `max_wait_s` caps a single pause between attempts, `retry-after` excepted; `sleep` and `monotonic` are for tests.
    """

    max_wait_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    _client: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelTurn:
        """See `ports.model.Model`."""
        client = self._connected()
        spent = Tokens()
        attempts = 0
        ends_at = self.monotonic() + request.deadline_s
        for attempt in self._retrying(ends_at):
            with attempt:
                attempts += 1
                stream = MessageStream(on_text)
                try:
                    self._read(client, request, stream, ends_at)
                except _Again:
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

    def _troubles(self) -> tuple[type[Exception], ...]:
        """Exceptions of a provider's own libraries that may pass, such as those of a token's renewal."""
        return ()

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    @abstractmethod
    def _connect(self) -> Any:
        """The SDK's client, with `max_retries=0`."""

    def _events(self, response: Any) -> Iterator[Mapping[str, Any]]:
        """The raw events. The SDK's own types would drop or warn about blocks that they do not know."""
        for line in response.iter_lines():
            if line.startswith("data:"):  # the API writes each event's data as one line
                yield json.loads(line[5:])

    def _retrying(self, ends_at: float) -> Retrying:
        """Jittered backoff; `retry-after` is kept to; no pause goes past the deadline."""
        backoff = wait_random_exponential(multiplier=1, max=self.max_wait_s)

        def pause(state: RetryCallState) -> float:
            asked = state.outcome.exception() if state.outcome else None
            after = asked.retry_after if isinstance(asked, _Again) else None
            if after is not None:
                return after
            unheard = isinstance(asked, _Again) and asked.unheard
            return min(float(backoff(state)), NOBODY_LISTENS_S) if unheard else float(backoff(state))

        def over(state: RetryCallState) -> bool:
            return self.monotonic() + state.upcoming_sleep >= ends_at

        def give_up(state: RetryCallState) -> ModelTurn:
            error = state.outcome.exception() if state.outcome else None
            raise Outage(f"the model did not answer within its time: {error}") from error

        return Retrying(
            retry=retry_if_exception_type(_Again),
            wait=pause,
            stop=over,
            sleep=self.sleep,
            retry_error_callback=give_up,
        )

    def _read(self, client: Any, request: ModelRequest, stream: MessageStream, ends_at: float) -> None:
        """Feeds one answer into `stream`. Raises `_Again` for what may be asked again, else the port's exceptions."""
        from anthropic import APIConnectionError, APIStatusError
        from httpx2 import TransportError

        passing: tuple[type[Exception], ...] = (APIConnectionError, TransportError, ValueError, *self._troubles())
        try:
            for event in self._open(client, request, max(1.0, ends_at - self.monotonic())):
                stream.add(event)
                if self.monotonic() > ends_at:
                    raise _Again("the answer took longer than the time that was left")
        except APIStatusError as error:
            raise _judged(error) from error
        except passing as error:
            raise _Again(f"{type(error).__name__}: {error}", unheard=_unheard(error)) from error
        if stream.error:
            kind, message = stream.error.get("type", ""), stream.error.get("message", "")
            raise _verdict(200, kind, message, None)
        if not stream.whole:
            raise _Again("the stream ended before the message did")

    def _open(self, client: Any, request: ModelRequest, timeout_s: float) -> Iterator[Mapping[str, Any]]:
        create: Any = client.messages.with_streaming_response.create
        opened = create(
            model=request.model,
            max_tokens=request.max_tokens,
            messages=list(request.messages),
            stream=True,
            timeout=timeout_s,
            extra_headers=_headers(request),
            extra_body=_optional(request),
        )
        with opened as response:
            yield from self._events(response)


class _Again(Exception):  # noqa: N818
    """`unheard`: no connection was made, so asking again soon burdens nobody."""

    def __init__(self, message: str, retry_after: float | None = None, *, unheard: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.unheard = unheard


def _unheard(error: Exception) -> bool:
    from httpx2 import ConnectError

    return isinstance(error, ConnectError) or isinstance(error.__cause__, ConnectError)


def _headers(request: ModelRequest) -> dict[str, str]:
    betas = {
        COMPACTION_BETA if str(edit.get("type", "")).startswith("compact_") else EDITING_BETA
        for edit in (request.context_management or {}).get("edits", ())
    }
    return {"anthropic-beta": ",".join(sorted(betas))} if betas else {}


def _optional(request: ModelRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "system": list(request.system),
        "tools": list(request.tools),
        "thinking": request.thinking,
        "tool_choice": request.tool_choice,
        "context_management": request.context_management,
        "output_config": {"effort": request.effort} if request.effort else None,
    }
    return {key: value for key, value in body.items() if value}


def _judged(error: APIStatusError) -> Exception:
    kind = str(error.type or "")
    return _verdict(error.status_code, kind, error.api_message or error.message, _retry_after(error))


def _verdict(status: int, kind: str, message: str, retry_after: float | None) -> Exception:
    """https://docs.claude.com/en/api/errors; an error inside a stream has the status 200, so its type decides."""
    text = f"{status} {kind}: {message}"
    if kind == BUDGET_ERROR:
        return BudgetExhausted(text)
    if status in RETRIED or kind in RETRIED_TYPES:
        return _Again(text, retry_after)
    return ModelRejected(text)


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds; the API sends whole seconds (https://docs.claude.com/en/api/rate-limits), a gateway before it may send a
    date (https://www.rfc-editor.org/rfc/rfc9110#name-retry-after)."""
    said = error.response.headers.get("retry-after", "").strip()
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
