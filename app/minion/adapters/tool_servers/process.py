"""A server as a process: newline-delimited JSON-RPC on its standard streams
(https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio).

The SDK's own transport reads lines of any length; this one ends a server that sends too much.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from minion.adapters.tool_servers.watch import LONGEST, Watch

LAUNCHER: Final = Path(__file__).with_name("launch.py")
GRACE_S: Final = 1.0
"""Given twice: after its input is closed, and after SIGTERM."""
_CHUNK: Final = 65_536
_LAST_WORDS: Final = 2_000


@dataclass(frozen=True)
class Start:
    """`env` is all of its environment."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str


@asynccontextmanager
async def process_streams(start: Start, watch: Watch) -> AsyncIterator[TransportStreams]:
    """Raises `OSError` where it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        *start.argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(start.env),
        cwd=start.cwd,
        start_new_session=True,
    )
    said, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, to_say = anyio.create_memory_object_stream[SessionMessage](0)
    tasks = [
        asyncio.create_task(_listen(process, said, watch)),
        asyncio.create_task(_talk(process, to_say)),
    ]
    try:
        yield read, write
    finally:
        with anyio.CancelScope(shield=True):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for stream in (read, write, said, to_say):
                stream.close()
            await _end(process)


async def _listen(
    process: asyncio.subprocess.Process, said: MemoryObjectSendStream[SessionMessage | Exception], watch: Watch
) -> None:
    """Closing `said` tells the SDK that the connection has ended."""
    words = asyncio.create_task(_last_words(process))
    try:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await _lines(process, said, watch)
            if not watch.broken:
                watch.end(await _obituary(process, words))
    finally:
        words.cancel()
        said.close()


async def _lines(
    process: asyncio.subprocess.Process, said: MemoryObjectSendStream[SessionMessage | Exception], watch: Watch
) -> None:
    out = process.stdout
    rest = bytearray()
    while out is not None and (chunk := await out.read(_CHUNK)):
        if not watch.take(len(chunk)):
            return
        first, *others = chunk.split(b"\n")
        rest += first
        for other in others:
            await said.send(_message(bytes(rest)))
            rest = bytearray(other)
        if len(rest) > LONGEST:
            watch.end(f"it sent a message of more than {LONGEST // 1_000_000} MB")
            return


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _talk(process: asyncio.subprocess.Process, to_say: MemoryObjectReceiveStream[SessionMessage]) -> None:
    into = process.stdin
    with contextlib.suppress(OSError):
        async for item in to_say:
            if into is not None:
                into.write(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                await into.drain()


async def _last_words(process: asyncio.subprocess.Process) -> bytes:
    """The end of what it wrote to its standard error, which is read to its end so that it never waits."""
    kept = bytearray()
    out = process.stderr
    while out is not None and (chunk := await out.read(_CHUNK)):
        kept = (kept + chunk)[-_LAST_WORDS:]
    return bytes(kept)


async def _obituary(process: asyncio.subprocess.Process, words: asyncio.Task[bytes]) -> str:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GRACE_S)
    done, _ = await asyncio.wait([words], timeout=GRACE_S)
    text = words.result().decode(errors="replace").strip() if done else ""
    code = process.returncode
    how = "it closed its output" if code is None else f"it ended with exit code {code}"
    return f"{how}, saying: {text}" if text else how


async def _end(process: asyncio.subprocess.Process) -> None:
    """Its input is closed, then SIGTERM, then SIGKILL, the latter two to all that it has started
    (https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#shutdown)."""
    if process.stdin is not None:
        process.stdin.close()
    if not await _gone(process):
        _signal(process, signal.SIGTERM)
        await _gone(process)
    _signal(process, signal.SIGKILL)
    await _gone(process)
    with contextlib.suppress(AttributeError):
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 -- pipes that a grandchild holds open


async def _gone(process: asyncio.subprocess.Process) -> bool:
    """Not `wait`: that waits for the pipes too, which others may hold."""
    until = asyncio.get_running_loop().time() + GRACE_S
    while process.returncode is None and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 -- as it says
        await asyncio.sleep(0.01)
    return process.returncode is not None


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """To the process group, which lives on for as long as any of it does."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
