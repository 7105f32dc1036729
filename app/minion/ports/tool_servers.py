"""Tools that MCP servers offer (https://modelcontextprotocol.io/specification/2025-11-25/server/tools).

What a server says of itself, its tools and its results is other people's text. What comes through this port holds none
of the secrets that the server was given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class OfferedTool:
    """A tool as its server describes it. `read_only` and `destructive` are its hints; None: it gave none."""

    server: str
    name: str
    description: str = ""
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    read_only: bool | None = None
    destructive: bool | None = None

    @property
    def key(self) -> str:
        """As configuration and blueprints name it."""
        return f"{self.server}.{self.name}"

    @property
    def digest(self) -> str:
        """`sha256:` and the SHA-256 (hex) of name, description and input schema as canonical JSON."""
        said = {"name": self.name, "description": self.description, "inputSchema": self.input_schema}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


@dataclass(frozen=True)
class Picture:
    """An image, base64-encoded."""

    media_type: str
    data: str


@dataclass(frozen=True)
class ToolAnswer:
    """What a call came to. `size` is in bytes, as the server sent it; `error`: the tool or the connection says so."""

    text: str
    pictures: tuple[Picture, ...] = ()
    error: bool = False
    size: int = 0
    seconds: float = 0.0


class ToolSession(Protocol):
    """Servers that were started for one node."""

    def offered(self) -> Sequence[OfferedTool]:
        """Of all servers that could be started."""
        ...

    def call(self, tool: OfferedTool, arguments: Mapping[str, Any], timeout_s: float) -> ToolAnswer:
        """From any thread. A server that hangs, dies or talks nonsense is an answer with `error`."""
        ...

    def problems(self) -> Sequence[str]:
        """What went wrong with servers so far, each once, named."""
        ...

    def close(self) -> None:
        """Ends every server, with what it has started."""
        ...


class ToolServers(Protocol):
    """The servers that the base commit declares."""

    def open(self, names: Collection[str]) -> ToolSession:
        """Starts the named servers at the same time. A server that does not start is a problem of the session."""
        ...
