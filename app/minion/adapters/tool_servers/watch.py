"""What a connection notices of its server beside the answers: what it asks for, what is no message, how much it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from mcp.client._transport import ReadStream, TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest

MOST_BYTES: Final = 64_000_000
"""Of all that one server may say to one node."""
LONGEST: Final = 8_000_000
"""Bytes of one message."""
MOST_PROBLEMS: Final = 10
_LISTED: Final = "notifications/tools/list_changed"


@dataclass
class Watch:
    """`problems` are said once each, in the order in which they were met."""

    name: str
    problems: dict[str, None] = field(default_factory=dict)
    taken: int = 0
    tools_changed: bool = False
    broken: str = ""
    """Why nothing more is taken from it."""

    def take(self, size: int) -> bool:
        """False once it is too much."""
        self.taken += size
        if self.taken > MOST_BYTES:
            self.end(f"it sent more than {MOST_BYTES // 1_000_000} MB")
        return not self.broken

    def end(self, reason: str) -> None:
        self.broken = self.broken or reason
        self.note(reason)

    def note(self, what: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.setdefault(f"MCP server {self.name}: {what}")

    def notice(self, item: Any) -> None:
        if isinstance(item, Exception):
            self.note("it sends what is no message (its standard output is for messages only)")
        elif isinstance(item.message, JSONRPCRequest) and item.message.method != "ping":
            self.note(f"it asks for {item.message.method[:80]}, which is not given")
        elif isinstance(item.message, JSONRPCNotification) and item.message.method == _LISTED:
            self.tools_changed = True


class Watched:
    """A read stream of the SDK's that is looked at on its way."""

    def __init__(self, inner: ReadStream[SessionMessage | Exception], watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        item = await self._inner.receive()
        self._watch.notice(item)
        return item

    def __aiter__(self) -> Watched:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        item = await self._inner.__anext__()
        self._watch.notice(item)
        return item

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, met: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, met, trace)


@asynccontextmanager
async def watched(
    opened: AbstractAsyncContextManager[TransportStreams], watch: Watch
) -> AsyncIterator[TransportStreams]:
    async with opened as (read, write):
        yield Watched(read, watch), write
