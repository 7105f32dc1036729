"""Amazon's event stream, in which Bedrock wraps the Messages API's events (pure; the framing is botocore's).

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html: each message has
a JSON payload whose `bytes` are one event in base64; an exception has its type in a header and its words in `message`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_EXCEPTIONS: Final = {
    "throttlingException": "rate_limit_error",
    "serviceUnavailableException": "overloaded_error",
    "modelTimeoutException": "timeout_error",
    "validationException": "invalid_request_error",
}
"""To the types of https://docs.claude.com/en/api/errors; all others are the service's own trouble."""


class EventStream:
    """Fed with bytes in any cut; gives whole events. Raises `ValueError` for what is no event stream."""

    def __init__(self) -> None:
        from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]

        self._buffer = EventStreamBuffer()

    def feed(self, data: bytes) -> Iterator[Mapping[str, Any]]:
        from botocore.eventstream import ParserError

        self._buffer.add_data(data)
        try:
            for message in self._buffer:
                event = _event(message.headers, message.payload)
                if event is not None:
                    yield event
        except ParserError as error:
            raise ValueError(f"not an event stream: {error}") from error


def _event(headers: Mapping[str, Any], payload: bytes) -> Mapping[str, Any] | None:
    document = json.loads(payload) if payload else {}
    if headers.get(":message-type") in {"exception", "error"}:
        name = str(headers.get(":exception-type") or headers.get(":error-code") or "")
        words = document.get("message") or headers.get(":error-message") or name
        return {"type": "error", "error": {"type": _EXCEPTIONS.get(name, "api_error"), "message": f"{name}: {words}"}}
    wrapped = document.get("bytes")
    return json.loads(base64.b64decode(wrapped)) if isinstance(wrapped, str) else None
