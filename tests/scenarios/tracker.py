"""A small MCP server without an SDK: a program that speaks on its standard streams, or a server of this process that
speaks HTTP (https://modelcontextprotocol.io/specification/2025-06-18/basic/transports)."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
SCHEMA: Json = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
TICKETS = {
    "get_ticket": "Reads a ticket of the tracker.",
    "close_ticket": "Closes a ticket.",
    "move_ticket": "Gives a ticket to another project.",
}
STYLE = {"style": "Says how the house writes notes.", "announce": "Tells everybody."}
SPEAKS: Json = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}


def answered(message: Json, tools: dict[str, str], said: str) -> Json | None:
    """The answer to a message; None to a notification. Every tool says the same."""
    match message.get("method"):
        case "initialize":
            result = SPEAKS | {"serverInfo": {"name": "tracker", "version": "1"}}
        case "tools/list":
            result = {"tools": [{"name": n, "description": d, "inputSchema": SCHEMA} for n, d in tools.items()]}
        case "tools/call":
            result = {"content": [{"type": "text", "text": said}]}
        case _ if "id" in message:
            return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "unknown"}}
        case _:
            return None
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


@dataclass
class Web:
    """Answers nobody who does not show the token."""

    token: str
    said: str
    url: str = ""
    calls: list[Json] = field(default_factory=list)


@contextmanager
def served(token: str, said: str) -> Iterator[Web]:
    web = Web(token, said)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.headers.get("authorization") != f"Bearer {web.token}":
                self._send(401, b"")
                return
            if message.get("method") == "tools/call":
                web.calls.append(message["params"])
            answer = answered(message, STYLE, web.said)
            self._send(202 if answer is None else 200, b"" if answer is None else json.dumps(answer).encode())

        def do_GET(self) -> None:
            self._send(405, b"")

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}/mcp"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    token = os.environ["TOKEN"]  # noqa: TID251 -- a program of its own
    said = f"Ticket 7: the note has to read `- add() adds (T-7).` (seen as {token})"
    for line in sys.stdin:
        answer = answered(json.loads(line), TICKETS, said)
        if answer is not None:
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
