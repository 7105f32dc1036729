"""`.mcp.json`, the keys of `.github/minion.yml`, and the variables in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from minion.blueprint.library import assemble
from minion.domain.config import Mcp, McpServer
from minion.tasks.configuration import Broken, read_configuration
from minion.tasks.tool_servers import CommandServer, Unusable, WebServer, allowed_variables, declared, resolve


def file(**servers: Any) -> bytes:
    return json.dumps({"mcpServers": servers}).encode()


def test_both_places_are_read_and_ours_wins() -> None:
    text = file(one={"command": "a", "disabled": False}, two={"type": "http", "url": "https://x.example"})
    found = declared(text, Mcp(servers={"one": McpServer(command="b")}))
    assert found.problems == ()
    assert found.servers["one"].command == "b"
    assert found.servers["two"].url == "https://x.example"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", ".mcp.json: not readable as JSON"),
        (b"[" * 60_000, ".mcp.json: not readable as JSON"),
        (b"[]", ".mcp.json: `mcpServers` has to be an object"),
        (b'{"mcpServers": 3}', ".mcp.json: `mcpServers` has to be an object"),
        (b" " * 70_000, ".mcp.json: larger than 65536 bytes"),
        (file(a=3), ".mcp.json: 'a': "),
        (file(a={"command": ["x"]}), ".mcp.json: 'a': command: "),
        (file(**{"a b": {"command": "x"}}), ".mcp.json: 'a b': "),
        (file(a={"type": "carrier-pigeon"}), ".mcp.json: 'a': type: "),
    ],
)
def test_a_broken_file_is_a_problem_with_a_name(text: bytes, said: str) -> None:
    found = declared(text, Mcp())
    assert not found.servers
    [problem] = found.problems
    assert problem.startswith(said)


ENVIRONMENT = {"TOKEN": "s3cret", "OTHER": "o", "MINION_NONCE": "n", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t", "EMPTY": ""}


@pytest.mark.parametrize(
    ("named", "allowed", "given"),
    [
        (("TOKEN",), ("TOKEN",), {"TOKEN": "s3cret"}),
        (("TOKEN",), (), {}),
        ((), ("TOKEN",), {}),
        (("TOKEN", "OTHER"), ("OTHER",), {"OTHER": "o"}),
        (("MINION_NONCE", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"), ("MINION_NONCE", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"), {}),
        (("EMPTY", "ABSENT"), ("EMPTY", "ABSENT"), {}),
    ],
)
def test_a_variable_needs_both_consents(
    named: tuple[str, ...], allowed: tuple[str, ...], given: dict[str, str]
) -> None:
    assert allowed_variables(Mcp(secrets=named), allowed, ENVIRONMENT) == given


def test_variables_are_put_in_once() -> None:
    server = McpServer(
        command="run", args=("--token=${TOKEN}", "${NONE:-d}", "$TOKEN", "${TOKEN:-x}"), env={"A": "${TOKEN}"}
    )
    assert resolve("a", server, {"TOKEN": "${OTHER}"}) == CommandServer(
        "a", ("run", "--token=${OTHER}", "d", "$TOKEN", "${OTHER}"), {"A": "${OTHER}"}
    )


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (McpServer(command="a", args=("${TOKEN}",)), "${TOKEN} is not set, or not in both"),
        (McpServer(), "either a `command` or an `url`"),
        (McpServer(command="a", url="https://x.example"), "either a `command` or an `url`"),
        (McpServer(command="a", type="http"), "either a `command` or an `url`"),
        (McpServer(url="https://x.example", type="stdio"), "either a `command` or an `url`"),
        (McpServer(url="http://x.example"), "begin with https://"),
        (McpServer(url="file:///etc/passwd"), "begin with https://"),
        (McpServer(url="https://[x"), "cannot be read"),
        (McpServer(url="https://x.example", headers={"A": "b\r\nC: d"}), "line break"),
        (McpServer(command="a", env={"LD_PRELOAD": "x.so"}), "LD_PRELOAD"),
        (McpServer(command="a\0b"), "characters"),
    ],
)
def test_a_server_that_cannot_be_used_says_why(server: McpServer, said: str) -> None:
    found = resolve("a", server, {})
    assert isinstance(found, Unusable)
    assert said in found.reason


def test_addresses() -> None:
    sse = McpServer(type="sse", url="http://127.0.0.1:8/sse", headers={"A": "${T}"})
    assert resolve("a", sse, {"T": "x"}) == WebServer("a", "http://127.0.0.1:8/sse", {"A": "x"}, sse=True)
    assert resolve("a", McpServer(url="https://x.example/mcp"), {}) == WebServer("a", "https://x.example/mcp", {})


def test_the_keys_of_the_configuration() -> None:
    read = read_configuration(b"""
mcp:
  secrets: [SHOP_TOKEN]
  servers:
    shop: {command: npx, args: [-y, shop@1.2.3], env: {TOKEN: "${SHOP_TOKEN}"}}
  tools:
    shop.find: {risk: read, nodes: [implement], timeout: 30}
""")
    assert not isinstance(read, Broken)
    assert read.mcp.tools["shop.find"].nodes == ("implement",)
    assert type(read).model_validate_json(read.model_dump_json()) == read, "it travels to the runner"


@pytest.mark.parametrize(
    "text",
    [
        "mcp: {tools: {find: {risk: read}}}",
        "mcp: {tools: {shop.find: {risk: harmless}}}",
        "mcp: {tools: {shop.find: {}}}",
        "mcp: {tools: {shop.find: {risk: read, digest: abc}}}",
        "mcp: {tools: {shop.find: {risk: read, timeout: 6000}}}",
        "mcp: {tools: {shop.find: {risk: read, trusted: true}}}",
        "mcp: {secrets: ['A B']}",
        "mcp: {servers: {'a b': {command: x}}}",
    ],
)
def test_a_broken_review_is_an_error_with_its_line(text: str) -> None:
    read = read_configuration(text.encode())
    assert isinstance(read, Broken)
    assert all(problem.startswith(".github/minion.yml:1: `mcp.") for problem in read.problems)


BLUEPRINT = """
apiVersion: minion/v1
kind: Blueprint
name: look
description: Looks something up.
defaults: {{fail: handoff}}
start: find
nodes:
  find: {{type: agent, goal: Find it., tools: [read], mcp: [{mcp}], limits: {{visits: 1}}, next: done}}
  done: {{type: end, status: success}}
  handoff: {{type: action, uses: handoff, next: over}}
  over: {{type: end, status: handed_off}}
"""


@pytest.mark.parametrize(
    ("mcp", "said"),
    [
        ("shop.find, wiki.search/all", ""),
        ("find", "`find` names no tool of an MCP server"),
        ("shop.*", "`shop.*` names no tool of an MCP server"),
        ("shop.find, shop.find", "`shop.find` is listed twice"),
        (", ".join(f"shop.t{number}" for number in range(21)), "21 tools of MCP servers"),
    ],
)
def test_a_node_lists_tools_of_servers(mcp: str, said: str) -> None:
    found = assemble({"look": BLUEPRINT.format(mcp=mcp)})
    problems = [] if isinstance(found, dict) else [str(problem) for problem in found]
    assert any(said in problem for problem in problems) if said else problems == []
