"""On the wire: what a model is offered of MCP servers, what it can call, and what people are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.nodes.conftest import PYTEST, Build, agent, call, finish
from tests.nodes.conftest import place as place  # noqa: PLC0414 -- the fixture

from minion.adapters.tool_servers import McpServers
from minion.adapters.tool_servers.servers import Server
from minion.domain.config import Mcp, RepositoryConfiguration, ReviewedTool

from .conftest import ENVIRONMENT, NO_TREE, TOKEN, rogue, script

READ = ReviewedTool(risk="read")
Serve = Callable[..., dict[str, Any]]


@pytest.fixture
def served(tmp_path: Path) -> Serve:
    """What a bench is made of when the repository declares these servers and reviews these tools."""

    def build(servers: Sequence[Server], **reviews: ReviewedTool) -> dict[str, Any]:
        tools = {name.replace("__", "."): review for name, review in reviews.items()}
        declared = {server.name: server for server in servers}
        return {
            "configuration": RepositoryConfiguration(commands=PYTEST, mcp=Mcp(tools=tools)),
            "tool_servers": McpServers(declared, (), tmp_path / "servers", ENVIRONMENT, (TOKEN,), NO_TREE),
        }

    return build


def test_the_model_sees_what_is_listed_and_reviewed_and_nothing_else(place: Build, served: Serve) -> None:
    at = place(
        {"calls": [{"name": "mcp__shop__find", "input": {"name": "tea"}}, call("mcp__shop__story", lines=2)]},
        {"calls": [call("mcp__shop__order", article="tea")]},
        {"calls": [finish()]},
        **served(
            [script("shop", "shop.py"), rogue("dies-at-start")],
            shop__find=READ,
            shop__story=READ,
            shop__burn=READ,
            shop__order=ReviewedTool(risk="destructive"),
            shop__gone=READ,
            rogue__echo=READ,
        ),
    )
    listed = ("shop.find", "shop.burn", "shop.order", "shop.gone", "shop.environment", "rogue.echo")
    report = at.visit(agent(tools=("read",), mcp=listed))
    assert report.result.outcome == "ok", at.texts(-1)
    names = [tool["name"] for tool in at.bodies[0]["tools"]]
    assert names == ["mcp__shop__find", "read", "finish"]
    assert "5 articles called tea" in at.texts(1)
    assert "There is no tool 'mcp__shop__story'" in at.texts(1)
    assert "There is no tool 'mcp__shop__order'" in at.texts(2)
    calls = [data for kind, _, _, data in at.events if kind == "mcp.call"]
    assert [(data["server"], data["tool"], data["ok"]) for data in calls] == [("shop", "find", True)]
    assert set(report.notes) == {
        "MCP tool shop.environment is not used: mcp.tools of .github/minion.yml has no review of it",
        "MCP tool shop.order is not used: it is reviewed as destructive, and nobody watches here",
        "MCP tool shop.burn is not used: its server calls it destructive, its review says read",
        "MCP tool shop.gone is not used: its server does not offer it",
        "MCP tool rogue.echo is not used: its server is not there",
        "MCP server rogue: it ended with exit code 1, saying: no licence: ***",
    }
    assert TOKEN not in json.dumps(at.bodies) + repr(at.events) + repr(report)


def test_a_review_may_give_a_tool_to_nodes_by_their_name(place: Build, served: Serve) -> None:
    review = ReviewedTool(risk="read", nodes=("implement",), description="Repeats what it is told.")
    at = place({"calls": [finish()]}, **served([rogue("none")], rogue__echo=review))
    at.visit(agent(tools=()))
    [tool, _] = at.bodies[0]["tools"]
    assert tool["description"].startswith("Repeats what it is told.\nIt only reads.")
    assert tool["input_schema"] == {"type": "object", "properties": {"text": {"type": "string"}}}


def test_without_mcp_tools_no_server_starts(place: Build, served: Serve, tmp_path: Path) -> None:
    at = place({"calls": [finish()]}, **served([rogue("hangs-at-start")], rogue__echo=READ))
    assert at.visit(agent()).notes == ()
    assert not (tmp_path / "servers").exists()


def test_a_server_that_dies_in_a_call_leaves_the_node_going_on(place: Build, served: Serve) -> None:
    at = place(
        {"calls": [call("mcp__rogue__echo", text="hi")]},
        {"calls": [call("mcp__rogue__echo", text="hi, again")]},
        {"calls": [finish()]},
        **served([rogue("dies")], rogue__echo=READ),
    )
    report = at.visit(agent(tools=(), mcp=("rogue.echo",)))
    assert report.result.outcome == "ok"
    [result] = at.bodies[1]["messages"][-1]["content"]
    assert result["is_error"]
    assert "it ended with exit code 9" in result["content"]
    assert report.notes == ("MCP server rogue: it ended with exit code 9",)
    calls = [data for kind, _, _, data in at.events if kind == "mcp.call"]
    assert [data["ok"] for data in calls] == [False, False]


def test_arguments_are_checked_before_they_go_to_the_server(place: Build, served: Serve) -> None:
    at = place(
        {"calls": [call("mcp__rogue__echo", text=7)]},
        {"calls": [finish()]},
        **served([rogue("none")], rogue__echo=READ),
    )
    at.visit(agent(tools=(), mcp=("rogue.echo",)))
    assert "does not fit its schema" in at.texts(1)
    assert not [kind for kind, *_ in at.events if kind == "mcp.call"]


def test_for_a_destructive_tool_no_server_is_even_started(place: Build, served: Serve, tmp_path: Path) -> None:
    at = place({"calls": [finish()]}, **served([rogue("none")], rogue__echo=ReviewedTool(risk="destructive")))
    [note] = at.visit(agent(mcp=("rogue.echo",))).notes
    assert "reviewed as destructive" in note
    assert not (tmp_path / "servers").exists()
