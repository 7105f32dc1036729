"""Servers behind an address that do what they should not: raw HTTP on loopback."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import pytest

from minion.adapters.tool_servers.web import proxy_for
from minion.tasks.tool_servers import WebServer

from .conftest import TOKEN, Open, wait_for

Wrong = Literal[
    "floods",
    "compresses",
    "redirects",
    "is-html",
    "errors",
    "hangs-at-start",
    "hangs",
    "trickles",
    "breaks-off",
    "none",
]
TOOLS = [{"name": "echo", "description": "Echo.", "inputSchema": {"type": "object"}}]


class Rogue(ThreadingHTTPServer):
    """Speaks just enough of streamable HTTP; remembers what it was sent."""

    daemon_threads = True

    def __init__(self, wrong: Wrong, elsewhere: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wrong = wrong
        self.elsewhere = elsewhere
        self.seen: list[dict[str, str]] = []
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/mcp"

    def result(self, message: dict[str, Any]) -> dict[str, Any]:
        match message["method"]:
            case "initialize":
                info = {"name": "rogue", "version": "1"}
                return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
            case "tools/list":
                return {"tools": TOOLS}
            case _:
                return {"content": [{"type": "text", "text": "x" * (70_000_000 if self.wrong == "floods" else 5)}]}


class _Handler(BaseHTTPRequestHandler):
    server: Rogue

    def do_POST(self) -> None:
        self.server.seen.append(dict(self.headers))
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "id" not in message:
            return self.answer(202, b"")
        if message["method"] == "server/discover":
            return self.answer(200, json.dumps(self.refused(message)).encode())
        called = message["method"] == "tools/call"
        if self.server.wrong == "hangs-at-start" or (called and self.server.wrong == "hangs"):
            self.server.over.wait(60)
        if called and self.server.wrong in {"trickles", "breaks-off"}:
            return self.half()
        if self.server.wrong == "redirects":
            return self.answer(307, b"", location=self.server.elsewhere)
        if self.server.wrong == "errors":
            return self.answer(500, b"out of order")
        if self.server.wrong == "is-html":
            return self.answer(200, b"<html>Sign in</html>", kind="text/html")
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": self.server.result(message)}).encode()
        if self.server.wrong == "compresses":
            return self.answer(200, gzip.compress(body), coding="gzip")
        return self.answer(200, body)

    def half(self) -> None:
        """A stream that does not come to its message; comments keep it alive."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        try:
            while self.server.wrong == "trickles" and not self.server.over.wait(0.05):
                self.wfile.write(b": still there\n\n")
            self.wfile.write(b"event: message\ndata: {")
        except (BrokenPipeError, ConnectionResetError):
            return

    def do_GET(self) -> None:
        self.answer(405, b"")

    do_DELETE = do_GET  # noqa: N815

    @staticmethod
    def refused(message: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "unknown"}}

    def answer(
        self, status: int, body: bytes, kind: str = "application/json", location: str = "", coding: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in (("location", location), ("content-encoding", coding)):
            if value:
                self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            return

    def log_message(self, *_: object) -> None:
        return


Start = Callable[..., Rogue]


@pytest.fixture
def rogue_at() -> Iterator[Start]:
    stack = ExitStack()

    def start(wrong: Wrong, elsewhere: str = "") -> Rogue:
        server = Rogue(wrong, elsewhere)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        stack.callback(server.over.set)
        return server

    with stack:
        yield start


def web(server: Rogue) -> WebServer:
    return WebServer("rogue", server.url, {"Authorization": f"Bearer {TOKEN}"})


def test_one_that_behaves(opened: Open, rogue_at: Start) -> None:
    server = rogue_at("none")
    at = opened(web(server))
    assert at.call("rogue.echo").text == "xxxxx"
    assert at.close() == []
    sent = {key.lower(): value for key, value in server.seen[-1].items()}
    assert sent["authorization"] == f"Bearer {TOKEN}"
    assert sent["accept-encoding"] == "identity"


def test_an_answer_without_end(opened: Open, rogue_at: Start) -> None:
    at = opened(web(rogue_at("floods")))
    answer = at.call("rogue.echo", timeout_s=60.0)
    assert answer.error
    assert "MCP server rogue: it sent more than 64 MB" in at.close()


@pytest.mark.parametrize(
    ("wrong", "said"), [("compresses", "it compresses what it was asked not to"), ("is-html", ""), ("errors", "")]
)
def test_an_answer_that_cannot_be_read(opened: Open, rogue_at: Start, wrong: Wrong, said: str) -> None:
    at = opened(web(rogue_at(wrong)), start_s=20.0)
    assert at.tools == {}
    [problem, *_] = at.close()
    assert problem.startswith("MCP server rogue: ")
    assert said in problem


def test_one_that_hangs_at_its_start(opened: Open, rogue_at: Start) -> None:
    at = opened(web(rogue_at("hangs-at-start")), start_s=1.5)
    assert at.tools == {}
    assert at.close() == ["MCP server rogue: it was not ready within 2 s"]


@pytest.mark.parametrize(("wrong", "said"), [("hangs", "no answer within 1 s"), ("trickles", "no answer within 1 s")])
def test_a_call_that_hangs(opened: Open, rogue_at: Start, wrong: Wrong, said: str) -> None:
    at = opened(web(rogue_at(wrong)))
    answer = at.call("rogue.echo", timeout_s=1.0)
    assert answer.error
    assert said in answer.text
    assert at.close() == ["MCP server rogue: echo did not answer within 1 s"]


def test_an_answer_that_breaks_off(opened: Open, rogue_at: Start) -> None:
    at = opened(web(rogue_at("breaks-off")))
    answer = at.call("rogue.echo", timeout_s=5.0)
    assert answer.error
    assert at.close() == ["MCP server rogue: echo: SSE stream ended without a response"]


@pytest.mark.parametrize("wrong", ["hangs", "trickles"])
def test_the_end_does_not_wait_for_a_call(opened: Open, rogue_at: Start, wrong: Wrong) -> None:
    server = rogue_at(wrong)
    at = opened(web(server))
    sent = len(server.seen)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(at.call, "rogue.echo", 60.0)
        wait_for(lambda: len(server.seen) > sent)
        began = time.monotonic()
        at.close()
        assert asked.result(10).error
    assert time.monotonic() - began < 5


def test_a_redirect_takes_the_token_nowhere(opened: Open, rogue_at: Start) -> None:
    other = rogue_at("none")
    at = opened(web(rogue_at("redirects", other.url)), start_s=20.0)
    assert at.tools == {}
    assert at.close()
    assert other.seen == []


def test_the_machines_proxy() -> None:
    machine = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost, .corp.example"}
    assert proxy_for("https://mcp.example/x", machine) == "http://proxy:3128"
    assert proxy_for("https://mcp.corp.example/x", machine) is None
    assert proxy_for("http://127.0.0.1:9/x", machine) is None
    assert proxy_for("https://mcp.example/x", {}) is None
