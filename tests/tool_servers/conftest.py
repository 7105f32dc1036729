"""Real servers: written with the SDK, over standard streams and HTTP, and raw ones that misbehave."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from minion.adapters.tool_servers import BaseTree, McpServers
from minion.adapters.tool_servers.servers import Server
from minion.ports.tool_servers import OfferedTool, ToolAnswer, ToolSession
from minion.tasks.tool_servers import CommandServer

SERVERS = Path(__file__).parent / "servers"
TOKEN = "canary-9c41e7f2"
NO_TREE = BaseTree("/nowhere", list, lambda _: None)
TRACKED = {"RUNNER_TRACKING_ID": "github_7"}
"""Actions ends every process that has it when the job ends."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/root", "MINION_NONCE": "n0nce", "API_KEY": "k3y"}
ENVIRONMENT |= TRACKED


def script(name: str, file: str, *arguments: str, **env: str) -> CommandServer:
    return CommandServer(name, (sys.executable, str(SERVERS / file), *arguments), env)


def rogue(wrong: str) -> CommandServer:
    return script("rogue", "rogue.py", wrong, TOKEN=TOKEN)


class Opened:
    """A session, with its tools by name."""

    def __init__(self, session: ToolSession) -> None:
        self.session = session

    @property
    def tools(self) -> dict[str, OfferedTool]:
        return {tool.key: tool for tool in self.session.offered()}

    def call(self, key: str, timeout_s: float = 20.0, **arguments: object) -> ToolAnswer:
        return self.session.call(self.tools[key], arguments, timeout_s)

    def close(self) -> list[str]:
        self.session.close()
        return list(self.session.problems())


Open = Callable[..., Opened]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """`opened(server, ...)`: started, and ended when the test is over."""
    stack = ExitStack()

    def build(*servers: Server, start_s: float = 60.0, tree: BaseTree = NO_TREE) -> Opened:
        declared = {server.name: server for server in servers}
        found = McpServers(declared, (), tmp_path / "servers", ENVIRONMENT, (TOKEN,), tree, start_s)
        session = found.open(declared.keys())
        stack.callback(session.close)
        return Opened(session)

    with stack:
        yield build


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def shop_at(tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """`shop_at("streamable-http")`: the port where the shop answers."""
    stack = ExitStack()

    def start(transport: str) -> int:
        port = free_port()
        log = stack.enter_context((tmp_path / "shop.log").open("wb"))
        arguments = [sys.executable, str(SERVERS / "shop.py"), transport, str(port)]
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        stack.callback(process.wait)
        stack.callback(process.kill)
        wait_for(lambda: _answers(port))
        return port

    with stack:
        yield start


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
