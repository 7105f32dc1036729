"""One server's life: connect, list, answer calls, end. All of it runs in the session's own event loop."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import anyio
from mcp import Client, ClientSession
from mcp.client._transport import TransportStreams
from mcp_types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    InputRequiredResult,
    PaginatedRequestParams,
    Tool,
)
from pydantic import TypeAdapter

from minion.adapters.tool_servers.answers import answer_of
from minion.adapters.tool_servers.masking import Masks
from minion.adapters.tool_servers.watch import Watch, watched
from minion.ports.tool_servers import OfferedTool, ToolAnswer

START_S: Final = 60.0
"""For everything until its tools are known: a package runner may have to fetch the server first."""
MOST_PAGES: Final = 20
MOST_TOOLS: Final = 500
_ANSWER: Final = TypeAdapter[CallToolResult | InputRequiredResult](CallToolResult | InputRequiredResult)
_OURSELVES: Final = Implementation(name="minion", version="1")

for _name in ("mcp", "client", "httpx2"):  # the SDK logs what servers send, with values that only `Masks` takes out
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False

Streams = Callable[[Watch], AbstractAsyncContextManager[TransportStreams]]


class Connection:
    """`live` is its one task; `call` may be awaited as often as one likes while it runs."""

    def __init__(self, name: str, streams: Streams, masks: Masks, start_s: float) -> None:
        self.watch = Watch(name)
        self.ready = anyio.Event()
        self.stop = anyio.Event()
        self.offered: dict[str, OfferedTool] = {}
        self._streams = streams
        self._masks = masks
        self._start_s = start_s
        self._session: ClientSession | None = None

    async def live(self) -> None:
        """Until `stop`; raises what the server or the SDK makes of it."""
        try:
            with anyio.move_on_after(self._start_s) as clock:
                async with Client(
                    watched(self._streams(self.watch), self.watch), cache=None, client_info=_OURSELVES
                ) as client:
                    self.offered = await self._list(client.session)
                    clock.deadline = math.inf
                    self._session = client.session
                    self.ready.set()
                    await self.stop.wait()
            if clock.cancelled_caught:
                self.watch.end(f"it was not ready within {self._start_s:.0f} s")
        finally:
            self._session = None

    async def call(self, tool: OfferedTool, arguments: Mapping[str, Any], timeout_s: float) -> ToolAnswer:
        began = time.monotonic()
        session = self._session
        if session is None or self.watch.broken:
            return self._failed(self.watch.broken or "it has ended", began)
        with anyio.move_on_after(timeout_s):
            changed = await self._changed(session, tool)
            if changed:
                return self._failed(changed, began)
            request = CallToolRequest(params=CallToolRequestParams(name=tool.name, arguments=dict(arguments)))
            answer = await session.send_request(request, _ANSWER, request_read_timeout_seconds=timeout_s + 1)
            if isinstance(answer, CallToolResult):
                return answer_of(answer, self._masks, time.monotonic() - began)
            self.watch.note(f"{tool.name} asks for further input, which is not given")
            return self._failed("it asks for further input, which is not given", began)
        self.watch.note(f"{tool.name} did not answer within {timeout_s:.0f} s")
        return self._failed(f"no answer within {timeout_s:.0f} s", began)

    async def _changed(self, session: ClientSession, tool: OfferedTool) -> str:
        """A server may say that its tools are others now; one that is not what it was is not called."""
        if self.watch.tools_changed:
            self.watch.tools_changed = False
            now = await self._list(session)
            for name in self.offered.keys() - {name for name, one in now.items() if one == self.offered.get(name)}:
                self.watch.note(f"{name} was changed while it was in use")
                del self.offered[name]
        return "" if tool.name in self.offered else "the tool is not what it was, and is not called any more"

    async def _list(self, session: ClientSession) -> dict[str, OfferedTool]:
        found: dict[str, OfferedTool] = {}
        cursor = None
        for _ in range(MOST_PAGES):
            page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
            found |= {tool.name: self._offered(tool) for tool in page.tools}
            cursor = page.next_cursor
            if not cursor or len(found) > MOST_TOOLS:
                break
        if cursor or len(found) > MOST_TOOLS:
            self.watch.note(f"it offers more than {MOST_TOOLS} tools, or more than {MOST_PAGES} pages of them")
        return dict(list(found.items())[:MOST_TOOLS])

    def _offered(self, tool: Tool) -> OfferedTool:
        hints = tool.annotations
        return OfferedTool(
            server=self.watch.name,
            name=self._masks.text(tool.name),
            description=self._masks.text(tool.description or ""),
            input_schema=self._masks.data(tool.input_schema),
            read_only=hints.read_only_hint if hints else None,
            destructive=hints.destructive_hint if hints else None,
        )

    def _failed(self, reason: str, began: float) -> ToolAnswer:
        text = self._masks.text(f"The MCP server {self.watch.name} did not answer: {reason}")
        return ToolAnswer(text, error=True, seconds=time.monotonic() - began)
