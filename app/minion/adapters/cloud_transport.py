"""The Messages API in front of Bedrock or Vertex: an `httpx2` transport that the App's model gateway sends through.

The SDK's own asynchronous client signs, addresses and shapes the request; what comes back has the API's form again,
errors and stream included, so that whoever asked the gateway need not know who serves the model.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx2

from minion.adapters.event_stream import EventStream

if TYPE_CHECKING:
    from anthropic import APIStatusError

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""https://docs.claude.com/en/api/errors"""
_STREAM: Final = "text/event-stream; charset=utf-8"
Translate = Callable[[Any], AsyncIterator[bytes]]
"""A streamed answer of the SDK as the bytes of a Messages API stream."""


class CloudTransport(httpx2.AsyncBaseTransport):
    """`connect` makes the SDK's client at the first request: its credentials may take a while to be found."""

    def __init__(self, connect: Callable[[], Any], translate: Translate, troubles: tuple[type[Exception], ...]) -> None:
        self._connect = connect
        self._translate = translate
        self._troubles = troubles
        self._client: Any = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        from anthropic import AnthropicError, APIConnectionError, APIStatusError

        passing: tuple[type[Exception], ...] = (APIConnectionError, *self._troubles)
        body = json.loads(await request.aread())
        counting = request.url.path.endswith("/count_tokens")
        if self._client is None:
            self._client = self._connect()
        try:
            return await (self._count(body) if counting else self._ask(body, request))
        except APIStatusError as error:
            return _refused(error)
        except passing as error:
            raise httpx2.ConnectError(f"{type(error).__name__}: {error}") from error
        except AnthropicError as error:  # the SDK's word for what a provider does not have
            return _error(404, str(error))

    async def _ask(self, body: dict[str, Any], request: httpx2.Request) -> httpx2.Response:
        named = ("model", "max_tokens", "messages")
        betas = request.headers.get("anthropic-beta")
        create = self._client.messages.with_streaming_response.create
        streamed = body.get("stream") is True
        opened = create(
            **{name: body[name] for name in named},
            stream=streamed,
            timeout=request.extensions.get("timeout", {}).get("read") or 600,
            extra_headers={"anthropic-beta": betas} if betas else {},
            extra_body={name: value for name, value in body.items() if name not in {*named, "stream"}},
        )
        answer = await opened.__aenter__()
        parts = self._translate(answer) if streamed else answer.iter_bytes()
        kind = _STREAM if streamed else "application/json"
        headers = {"content-type": kind, **_identity(answer.headers)}
        return httpx2.Response(200, headers=headers, stream=_Parts(parts, opened))

    async def _count(self, body: dict[str, Any]) -> httpx2.Response:
        rest = {name: value for name, value in body.items() if name not in {"model", "messages"}}
        counted = await self._client.messages.count_tokens(
            model=body["model"], messages=body["messages"], extra_body=rest
        )
        return httpx2.Response(200, json={"input_tokens": counted.input_tokens})

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.close()


@dataclass
class _Parts(httpx2.AsyncByteStream):
    parts: AsyncIterator[bytes]
    opened: Any

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self.parts:
            yield part

    async def aclose(self) -> None:
        await self.opened.__aexit__(None, None, None)


async def as_it_came(answer: Any) -> AsyncIterator[bytes]:
    """Vertex streams as the API does."""
    async for chunk in answer.iter_bytes():
        yield chunk


async def from_event_stream(answer: Any) -> AsyncIterator[bytes]:
    """Bedrock's frames as server-sent events."""
    stream = EventStream()
    async for chunk in answer.iter_bytes():
        for event in stream.feed(chunk):
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _identity(headers: Any) -> dict[str, str]:
    found = headers.get("request-id") or headers.get("x-amzn-requestid")
    return {"request-id": found} if found else {}


def _refused(error: APIStatusError) -> httpx2.Response:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error")
    told = inner if isinstance(inner, dict) else body
    answer = _error(error.status_code, str(told.get("message") or error.message), told.get("type"))
    if after := error.response.headers.get("retry-after"):
        answer.headers["retry-after"] = after
    return answer


def _error(status: int, message: str, kind: str | None = None) -> httpx2.Response:
    named = kind if isinstance(kind, str) and kind.endswith("_error") else _TYPES.get(status, "api_error")
    return httpx2.Response(status, json={"type": "error", "error": {"type": named, "message": message}})
