"""A well-behaved server, written with the SDK; over standard streams, or over HTTP when it is given a port."""

from __future__ import annotations

import base64
import os
import sys
import time
from pathlib import Path

from mcp.server.mcpserver import Image, MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("shop")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@server.tool(description="Finds articles by their name.")
def find(name: str, most: int = 5) -> str:
    return f"{most} articles called {name}"


@server.tool(description="Orders an article.")
def order(article: str) -> str:
    return f"ordered {article}"


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def burn() -> str:
    """Burns the shop down."""
    return "burnt"


@server.tool()
def environment() -> str:
    """All of its environment."""
    return "\n".join(f"{name}={value}" for name, value in sorted(os.environ.items()))  # noqa: TID251 -- a program of its own


@server.tool()
def place() -> str:
    """Where it runs."""
    return "\n".join([str(Path.cwd()), *sorted(path.name for path in Path.cwd().iterdir())])


@server.tool()
def picture() -> Image:
    """A pixel."""
    return Image(data=PIXEL, format="png")


@server.tool()
def story(lines: int) -> str:
    """A long text."""
    return "\n".join(f"line {number}" for number in range(lines))


@server.tool()
def sleep(seconds: float) -> str:
    """Takes its time."""
    time.sleep(seconds)
    return "awake"


@server.tool()
def broken() -> str:
    """Fails."""
    raise ValueError("out of stock")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        server.run(sys.argv[1], host="127.0.0.1", port=int(sys.argv[2]))
    else:
        server.run("stdio")
