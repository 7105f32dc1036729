"""An endpoint whose answers are given event by event, to be broken off anywhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass
class Reply:
    """`cut`: the connection breaks after the events, without the end of the body."""

    events: Sequence[Json] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Json | None = None
    cut: bool = False


NOTHING_LEFT = Reply(status=400, error={"type": "invalid_request_error", "message": "no reply is left"})


@dataclass
class Endpoint:
    replies: list[Reply]
    url: str = ""
    bodies: list[Json] = field(default_factory=list)


def message(*blocks: Json, stop: str = "tool_use", output: int = 50) -> list[Json]:
    """The events of a whole answer."""
    usage = {"input_tokens": 100, "output_tokens": 1}
    events: list[Json] = [{"type": "message_start", "message": {"model": "claude-sonnet-5-5", "usage": usage}}]
    for index, block in enumerate(blocks):
        opened, deltas = _parts(block)
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": output}})
    return [*events, {"type": "message_stop"}]


def _parts(block: Json) -> tuple[Json, list[Json]]:
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""}, [
                {"type": "text_delta", "text": part} for part in _halves(block["text"])
            ]
        case "thinking":
            deltas: list[Json] = [{"type": "thinking_delta", "thinking": part} for part in _halves(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
        case "tool_use":
            halves = _halves(json.dumps(block["input"]))
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in halves]
        case _:
            return block, []


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


@contextmanager
def endpoint(*replies: Reply) -> Iterator[Endpoint]:
    here = Endpoint(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            here.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            reply = here.replies.pop(0) if here.replies else NOTHING_LEFT
            kind = "text/event-stream" if reply.status == 200 else "application/json"
            body = b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in reply.events)
            if reply.status != 200:
                body = json.dumps({"type": "error", "error": reply.error}).encode()
            self.send_response(reply.status)
            for name, value in {"content-type": kind, "connection": "close", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body) + 100 * reply.cut))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
