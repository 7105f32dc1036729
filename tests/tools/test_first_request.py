"""What the first request of the shipped `implement` costs, as it goes over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.bench import project
from tests.bench.steps import into_implement

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.workspace import copy_of_checkout
from minion.bootstrap.local import configuration_of
from minion.bootstrap.place import Place
from minion.bootstrap.prices import priced
from minion.bootstrap.site import Task, Workshop
from minion.domain.secret import Secret
from minion.domain.spec import Scope
from minion.nodes.registry import execute
from minion.runner.journal import Journal
from minion.scripted import Script, ScriptedModel

MOST_BYTES = 6_000
MOST_TOKENS = 4_000


@pytest.fixture
def first_body(tmp_path: Path) -> dict[str, Any]:
    place = Place.under(tmp_path)
    workspace = copy_of_checkout(project.make(tmp_path / "project"), place.work, place.private).workspace
    with ScriptedModel(Script.playing({"stop_reason": "refusal", "text": "no"})) as scripted:
        model = AnthropicModel(scripted.url, Credential(Secret("key")))
        shop = Workshop(model=model, prices=priced({}, ()), sandbox_mode="bubblewrap", tool_cache=None)
        task = Task(configuration_of(workspace), Scope(), base_sha=workspace.head_sha)
        site = shop.open(workspace, place, task, Journal([lambda _: None]), lambda: None)
        execute(into_implement(site, "Count the rounds in calc.py"), site.bench)
        model.close()
        workspace.close()
        body: dict[str, Any] = scripted.requests[0]["body"]
        return body


def test_the_first_request_is_small(first_body: dict[str, Any]) -> None:
    wire = json.dumps(first_body, separators=(",", ":"), ensure_ascii=False).encode()
    assert len(wire) <= MOST_BYTES
    prefix = json.dumps([first_body["system"], first_body["tools"]], separators=(",", ":"), ensure_ascii=False).encode()
    assert len(prefix) / 4 < MOST_TOKENS
    assert {tool["name"] for tool in first_body["tools"]} >= {"edit", "read", "search", "shell", "write", "verify"}
