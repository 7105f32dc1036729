"""The scripted model in a process of its own, with a tap: when each request was there whole, when its answer ended.

`python tests/bench/tapped_model.py SCRIPT.json`; `GET /_tap` lists {came, ended, bytes, system_and_tools}: the first
two in seconds of CLOCK_MONOTONIC, which all processes of a machine share (clock_gettime(2)).
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minion.scripted.script import load_script
from minion.scripted.server import ScriptedApi


class Tap:
    """ASGI middleware around the model's API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.seen: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/_tap":
            await _answer(send, self.seen)
        elif scope["path"] == "/v1/messages":
            await self._watched(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        entry: dict[str, Any] = {"bytes": 0}
        self.seen.append(entry)

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                entry["bytes"] += len(message.get("body", b""))
                if not message.get("more_body", False):
                    entry.setdefault("came", time.monotonic())
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.body":  # before the bytes leave: the client cannot be earlier
                entry["ended"] = time.monotonic()
            await send(message)

        await self._app(scope, received, sent)


async def _answer(send: Send, document: Any) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})


def main() -> None:
    app = Tap(ScriptedApi(load_script(Path(sys.argv[1]))).application())
    with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
        print(f"listening on http://127.0.0.1:{door.getsockname()[1]}", flush=True)  # noqa: T201
        config = uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off")
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main()
