"""Which MCP servers a repository declares, and what becomes of the variables in their declarations.

`.mcp.json` is the format that other agents read too (https://docs.claude.com/en/docs/claude-code/mcp): `mcpServers`,
each with `command`, `args`, `env`, or `type`, `url`, `headers`; `${NAME}` and `${NAME:-default}` in their values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from minion.domain.config import Mcp, McpServer, ServerName

PATH: Final = ".mcp.json"
LIMIT: Final = 64 * 1024
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_OWN: Final = ("MINION_", "ACTIONS_", "RUNNER_", "GITHUB_", "ANTHROPIC_", "CLAUDE_")
_NAME: Final = TypeAdapter(ServerName)
_KEYS: Final = frozenset(McpServer.model_fields)


@dataclass(frozen=True)
class Declared:
    """`problems` are for the people of the repository."""

    servers: Mapping[str, McpServer] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommandServer:
    """A process that speaks on its standard streams. `argv[0]` is the program."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True)
class WebServer:
    """`sse` is the older of the two transports over HTTP."""

    name: str
    url: str
    headers: Mapping[str, str]
    sse: bool = False


@dataclass(frozen=True)
class Unusable:
    """The reason is for the people of the repository and repeats no value of a variable."""

    name: str
    reason: str


def declared(file: bytes | None, mcp: Mcp) -> Declared:
    """`file` is `.mcp.json` of the base commit. Of two servers with one name, that of `.github/minion.yml` counts."""
    servers: dict[str, McpServer] = {}
    problems: list[str] = []
    for name, read in _entries(file):
        if isinstance(read, McpServer):
            servers[name] = read
        else:
            problems.append(f"{PATH}: {name}: {read}" if name else f"{PATH}: {read}")
    return Declared(servers | dict(mcp.servers), tuple(problems))


def _entries(file: bytes | None) -> Iterator[tuple[str, McpServer | str]]:
    """Keys that other agents have of their own are not looked at."""
    found = _parsed(file)
    if isinstance(found, str):
        yield "", found
        return
    for name, entry in found.items():
        try:
            _NAME.validate_python(name)
            known = {key: value for key, value in entry.items() if key in _KEYS} if isinstance(entry, dict) else entry
            yield name, McpServer.model_validate(known)
        except ValidationError as error:
            yield repr(name)[:60], _said(error)


def _parsed(file: bytes | None) -> dict[str, Any] | str:
    if file is None:
        return {}
    if len(file) > LIMIT:
        return f"larger than {LIMIT} bytes"
    try:
        read = json.loads(file)
    except (ValueError, RecursionError):
        return "not readable as JSON"
    servers = read.get("mcpServers", {}) if isinstance(read, dict) else None
    return servers if isinstance(servers, dict) else "`mcpServers` has to be an object"


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the entry'}: {first['msg']}"


def allowed_variables(mcp: Mcp, allowed: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Named by the repository *and* by whoever owns the environment; what belongs to the runner itself never is."""
    names = [name for name in mcp.secrets if name in allowed and not name.upper().startswith(_OWN)]
    return {name: environment[name] for name in names if environment.get(name)}


def resolve(name: str, server: McpServer, variables: Mapping[str, str]) -> CommandServer | WebServer | Unusable:
    """With the variables put in; a variable that may not be used is what its default says, else the server is not."""
    texts = [server.command, server.url, *server.args, *server.env.values(), *server.headers.values()]
    missing = [one for text in texts if text for one in _missing(text, variables)]
    if missing:
        said = f"${{{missing[0]}}} is not set, or not in both `mcp.secrets` and MINION_MCP_SECRETS"
        return Unusable(name, said)
    if server.command and not server.url and server.type in {None, "stdio"}:
        return _command(name, server, variables)
    if server.url and not server.command and server.type != "stdio":
        return _web(name, server, variables)
    return Unusable(name, "it needs either a `command` or an `url`, and the `type` that goes with it")


def _command(name: str, server: McpServer, variables: Mapping[str, str]) -> CommandServer | Unusable:
    argv = tuple(_put_in(text, variables) for text in (server.command or "", *server.args))
    env = {key: _put_in(text, variables) for key, text in server.env.items()}
    if any("\0" in text for text in (*argv, *env.keys(), *env.values())) or any("=" in key for key in env):
        return Unusable(name, "its command or environment holds characters that no process can be given")
    loader = next((key for key in env if key.upper().startswith("LD_")), None)
    if loader is not None:
        return Unusable(name, f"`env.{loader}` would change how every program is loaded")
    return CommandServer(name, argv, env)


def _web(name: str, server: McpServer, variables: Mapping[str, str]) -> WebServer | Unusable:
    url = _put_in(server.url or "", variables)
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return Unusable(name, "its `url` cannot be read")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return Unusable(name, "its `url` has to begin with https://")
    headers = {key: _put_in(text, variables) for key, text in server.headers.items()}
    if any(mark in text for text in (*headers, *headers.values()) for mark in "\r\n\0"):
        return Unusable(name, "a header holds a line break")
    return WebServer(name, url, headers, sse=server.type == "sse")


def _missing(text: str, variables: Mapping[str, str]) -> Iterator[str]:
    for found in _VARIABLE.finditer(text):
        if found[1] not in variables and found[2] is None:
            yield found[1]


def _put_in(text: str, variables: Mapping[str, str]) -> str:
    """Once: a value that holds `${…}` itself is left as it is."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[2] or ""), text)
