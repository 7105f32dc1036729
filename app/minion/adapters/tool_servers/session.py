"""The servers of one node: an event loop in a thread of its own, for as long as the node runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any, Final

from mcp import MCPError
from mcp_types import CONNECTION_CLOSED
from pydantic import ValidationError

from minion.adapters.tool_servers.connection import Connection
from minion.adapters.tool_servers.masking import Masks
from minion.ports.tool_servers import OfferedTool, ToolAnswer

OPEN_S: Final = 120.0
"""Beyond what each server may take to start: only if one of them could not be stopped."""
CLOSE_S: Final = 15.0
_SLACK_S: Final = 10.0
_LONGEST: Final = 400


class McpSession:
    """Implements `ports.tool_servers.ToolSession`. `given` are problems that there were before any server ran."""

    def __init__(self, connections: Sequence[Connection], masks: Masks, given: Sequence[str]) -> None:
        self._connections = {connection.watch.name: connection for connection in connections}
        self._masks = masks
        self._given = tuple(given)
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._closed = False
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mcp", daemon=True)
        self._thread.start()
        self._started.wait(OPEN_S)

    def offered(self) -> Sequence[OfferedTool]:
        return [tool for connection in self._connections.values() for tool in list(connection.offered.values())]

    def call(self, tool: OfferedTool, arguments: Mapping[str, Any], timeout_s: float) -> ToolAnswer:
        connection = self._connections[tool.server]
        if self._closed or not self._thread.is_alive():
            return ToolAnswer(f"The MCP server {tool.server} has been ended.", error=True)
        asked = asyncio.run_coroutine_threadsafe(connection.call(tool, arguments, timeout_s), self._loop)
        try:
            met = asked.exception(timeout_s + _SLACK_S)
        except (TimeoutError, CancelledError) as late:
            asked.cancel()
            met = late
        if met is None:
            return asked.result()
        said = connection.watch.broken or reason(met)
        own_words = isinstance(met, MCPError) and met.code != CONNECTION_CLOSED
        if not connection.watch.broken and not own_words and not self._closed:
            connection.watch.note(f"{tool.name}: {said}")
        return ToolAnswer(self._masks.text(f"The MCP server {tool.server} failed: {said}"), error=True)

    def problems(self) -> Sequence[str]:
        met = [text for connection in self._connections.values() for text in list(connection.watch.problems)]
        return [self._masks.text(text) for text in (*self._given, *met)]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.call_soon_threadsafe(self._stop)
            self._thread.join(CLOSE_S)

    # --- in the thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._started.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _live(self) -> None:
        lives = [asyncio.create_task(_lived(connection)) for connection in self._connections.values()]
        for connection in self._connections.values():
            await connection.ready.wait()
        self._started.set()
        await self._ending.wait()
        await asyncio.gather(*lives)

    def _stop(self) -> None:
        self._ending.set()
        for connection in self._connections.values():
            connection.stop.set()


async def _lived(connection: Connection) -> None:
    """Its exception is looked at rather than raised: whatever a server brings about ends that server only."""
    life = asyncio.create_task(connection.live())
    await asyncio.wait([life])
    met = life.exception()
    if met is not None and not connection.stop.is_set() and not connection.watch.broken:
        connection.watch.end(reason(met))
    connection.ready.set()


def reason(met: BaseException) -> str:
    """In one line; of a group the first that it was made of."""
    while isinstance(met, BaseExceptionGroup):
        met = met.exceptions[0]
    if isinstance(met, ValidationError):
        return f"what it sends does not fit the protocol ({met.title})"
    said = met.message if isinstance(met, MCPError) else str(met).strip() or type(met).__name__
    line = " ".join(said.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
