"""What the base commit declares, ready to be started: on the machine, in a folder of its own, with what it is given."""

from __future__ import annotations

import posixpath
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from minion.adapters.host import ALLOWED
from minion.adapters.tool_servers.masking import Masks
from minion.ports.tool_servers import ToolSession
from minion.tasks.tool_servers import CommandServer, Unusable, WebServer

if TYPE_CHECKING:
    from minion.adapters.tool_servers.watch import Watch

START_S: Final = 60.0
_NOT_GIVEN: Final = frozenset({"HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "RUNNER_TEMP", "PATH"})
_USUAL_PATH: Final = "/usr/local/bin:/usr/bin:/bin"

Server = CommandServer | WebServer | Unusable


@dataclass(frozen=True)
class BaseTree:
    """The commit where the task began. `root` is the workspace, where an agent writes: nothing is run from there."""

    root: str
    paths: Callable[[], Collection[str]]
    read: Callable[[str], bytes | None]

    def names(self, argument: str) -> bool:
        """Whether it is a file or folder of the tree."""
        path = posixpath.normpath(argument)
        paths = self.paths()
        return path in paths or any(one.startswith(f"{path}/") for one in paths)

    def copy(self, folder: Path) -> None:
        """Files that begin with `#!` can be executed; links and submodules are left out by what `read` gives."""
        for path in self.paths():
            data = self.read(path)
            if data is not None:
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                target.chmod(0o555 if data.startswith((b"#!", b"\x7fELF")) else 0o444)


@dataclass(frozen=True)
class McpServers:
    """Implements `ports.tool_servers.ToolServers`. `folder` is never seen by the box; `environment` is the machine's,
    of which servers are given what set-up commands are; `secrets` are the values of variables that were put in."""

    declared: Mapping[str, Server]
    problems: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    secrets: Collection[str]
    tree: BaseTree
    start_s: float = START_S

    def open(self, names: Collection[str]) -> ToolSession:
        from minion.adapters.tool_servers.connection import Connection
        from minion.adapters.tool_servers.session import McpSession

        masks = Masks(self.secrets)
        problems = list(self.problems)
        connections = []
        for name in sorted(names):
            streams = self._streams(name)
            if isinstance(streams, Unusable):
                problems.append(f"MCP server {name}: {streams.reason}")
            else:
                connections.append(Connection(name, streams, masks, self.start_s))
        return McpSession(connections, masks, problems)

    def _streams(self, name: str) -> Callable[[Watch], AbstractAsyncContextManager[Any]] | Unusable:
        match self.declared.get(name):
            case CommandServer() as server:
                return self._process(server)
            case WebServer() as server:
                return self._web(server)
            case Unusable() as unusable:
                return unusable
            case None:
                return Unusable(name, "neither .mcp.json nor .github/minion.yml declares it")

    def _web(self, server: WebServer) -> Callable[[Watch], AbstractAsyncContextManager[Any]]:
        from minion.adapters.tool_servers.web import proxy_for, web_streams

        proxy = proxy_for(server.url, self.environment)
        return lambda watch: web_streams(server, watch, proxy)

    def _process(self, server: CommandServer) -> Callable[[Watch], AbstractAsyncContextManager[Any]] | Unusable:
        from minion.adapters.tool_servers.process import Start, process_streams

        refused = self._from_elsewhere(server)
        if refused is not None:
            return refused
        home = self.folder / server.name
        place = home / ("tree" if any(self.tree.names(one) for one in server.argv) else "empty")
        if not place.exists():
            (home / "tmp").mkdir(parents=True, exist_ok=True)
            place.mkdir()
            if place.name == "tree":
                self.tree.copy(place)
        start = Start(server.argv, self._environment(home) | dict(server.env), str(place))
        return lambda watch: process_streams(start, watch)

    def _from_elsewhere(self, server: CommandServer) -> Unusable | None:
        """A program of the repository is the base commit's, never the one that an agent may have written."""
        inside = next((one for one in server.argv if self._in_workspace(one)), None)
        if inside is not None:
            return Unusable(server.name, "it runs from the working copy, where the agent writes: name it by its path")
        program = server.argv[0]
        if "/" in program and not program.startswith("/") and not self.tree.names(program):
            return Unusable(server.name, f"{program} is not in the commit that the task began from")
        return None

    def _in_workspace(self, argument: str) -> bool:
        path = posixpath.normpath(argument.rpartition("=")[2])
        return path == self.tree.root or path.startswith(f"{self.tree.root}/")

    def _environment(self, home: Path) -> dict[str, str]:
        given = {name: value for name, value in self.environment.items() if name in ALLOWED - _NOT_GIVEN}
        places = self.environment.get("PATH", _USUAL_PATH).split(":")
        path = ":".join(one for one in places if one.startswith("/") and not self._in_workspace(one))
        return given | {"PATH": path, "HOME": str(home), "TMPDIR": str(home / "tmp")}


def preload() -> None:
    """Imports the SDK in the background, while the workspace is prepared."""
    threading.Thread(target=_load, name="mcp-import", daemon=True).start()


def _load() -> None:
    import minion.adapters.tool_servers.session
    import minion.adapters.tool_servers.web  # noqa: F401
