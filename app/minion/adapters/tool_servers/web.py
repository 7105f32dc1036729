"""A server behind an address: streamable HTTP, or the older transport with server-sent events
(https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from minion.adapters.tool_servers.watch import LONGEST, Watch
from minion.tasks.tool_servers import WebServer

CONNECT_S: Final = 15.0
READ_S: Final = 660.0
"""Longer than any call may take: a call has its own clock."""


@asynccontextmanager
async def web_streams(server: WebServer, watch: Watch, proxy: str | None) -> AsyncIterator[TransportStreams]:
    """Redirects stay within the origin (the SDK sees to it); cookies, .netrc and compression are not used."""

    def client(
        headers: dict[str, str] | None = None, timeout: httpx2.Timeout | None = None, auth: httpx2.Auth | None = None
    ) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={**(headers or {}), **server.headers, "accept-encoding": "identity"},
            timeout=timeout or httpx2.Timeout(CONNECT_S, read=READ_S),
            auth=auth,
            trust_env=False,
            transport=_Measured(httpx2.AsyncHTTPTransport(proxy=proxy), watch),
        )

    if server.sse:
        async with sse_client(server.url, httpx_client_factory=client, sse_read_timeout=READ_S) as streams:
            yield streams
        return
    async with client() as http, _streamable(server.url, http) as streams:
        yield streams


def _streamable(url: str, http: httpx2.AsyncClient) -> AbstractAsyncContextManager[TransportStreams]:
    return streamable_http_client(url, http_client=http, max_sse_event_size=LONGEST)


class _Measured(httpx2.AsyncBaseTransport):
    def __init__(self, inner: httpx2.AsyncBaseTransport, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            self._watch.end("it compresses what it was asked not to")
            raise httpx2.RemoteProtocolError("compressed", request=request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream, self._watch)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            if not self._watch.take(len(chunk)):
                raise httpx2.RemoteProtocolError(self._watch.broken)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def proxy_for(url: str, environment: Any) -> str | None:
    """The machine's proxy for HTTPS; addresses of the machine itself are reached directly."""
    if not url.startswith("https://"):
        return None
    host = httpx2.URL(url).host
    direct = [
        name.strip().lstrip(".") for name in environment.get("NO_PROXY", environment.get("no_proxy", "")).split(",")
    ]
    if any(name and (name in {"*", host} or host.endswith(f".{name}")) for name in direct):
        return None
    return environment.get("HTTPS_PROXY") or environment.get("https_proxy") or None
