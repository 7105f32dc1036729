"""A whole task whose models Bedrock or Vertex serves: the runner speaks to the App's gateway as ever."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from tests.agent import providers
from tests.agent.providers import Asked, Cloud
from tests.scenarios.project import add_notes, add_test, implement, judge, mend_code, triage
from tests.scenarios.universe import MODEL_KEY, Repository, Snapshot, Universe

Answer = tuple[int, dict[str, str], bytes]
PRICE = "3/15/0.3"
NANO = 10**9
"""The database counts in billionths of a dollar."""


class Playing(Cloud):
    """What a cloud was asked, if it was asked as it wants to be, is what the universe's model is asked."""

    model_url = ""

    def answer(self, asked: Asked) -> Answer:
        refused = super().answer(asked)
        return refused if asked.path == "/token" or refused[0] != 200 else self._played(asked)

    def _played(self, asked: Asked) -> Answer:
        body = asked.document
        body["model"] = model_of(asked)
        betas = asked.headers.get("anthropic-beta", ",".join(body.pop("anthropic_beta", [])))
        headers = {"x-api-key": MODEL_KEY, "anthropic-version": body.pop("anthropic_version"), "anthropic-beta": betas}
        said = httpx2.post(f"{self.model_url}/v1/messages", json=body | {"stream": True}, headers=headers, timeout=30)
        if said.status_code != 200:
            return said.status_code, {"content-type": "application/json"}, said.content
        if not asked.path.startswith("/model/"):
            return 200, {"content-type": "text/event-stream"}, said.content
        events = [json.loads(line[5:]) for line in said.text.splitlines() if line.startswith("data:")]
        return 200, {"content-type": "application/vnd.amazon.eventstream"}, b"".join(map(providers.frame, events))


def model_of(asked: Asked) -> str:
    """`/model/NAME/invoke-with-response-stream`; `/projects/.../models/NAME:streamRawPredict`."""
    path = unquote(asked.path)
    return path.split("/")[2] if path.startswith("/model/") else path.rpartition("/")[2].partition(":")[0]


def a_task(universe: Universe) -> Repository:
    repository = universe.repository()
    universe.play(triage(), implement(mend_code(), add_test(), add_notes()), judge())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    return repository


def asked_of(served: Cloud) -> dict[str, Any]:
    """How all requests were alike."""
    [path] = {unquote(asked.path) for asked in served.requests}
    [effort] = {asked.document["output_config"]["effort"] for asked in served.requests}
    return {"path": path, "effort": effort, "times": len(served.requests)}


def paid(universe: Universe, repository: Repository) -> tuple[set[str], Decimal, Decimal]:
    """The models, what the gateway metered, and what the receipt says."""
    mine = universe.ann.repo(repository.name)["id"]
    [(task, capability)] = universe.rows("select id, capability from tasks where repository_id = ?", mine)
    rows = universe.rows("select model, usd from spend where task_id = ?", task)
    page = httpx2.get(f"{universe.app.url}/tasks/{capability}", headers={"accept": "application/json"}).json()
    told = sum((Decimal(line["usd"]) for line in page["receipt"]["lines"]), Decimal(0))
    return {model for model, _ in rows}, sum((Decimal(usd) for _, usd in rows), Decimal(0)) / NANO, told


def test_bedrock_behind_the_gateway(universe: Universe, snapshot: Snapshot) -> None:
    model = "global.anthropic.claude-sonnet-5-5"
    universe.secrets["the AWS secret"] = providers.SECRET_KEY
    with providers.cloud(Playing) as served:
        served.model_url = universe.model.url
        settings = {
            "MINION_MODEL_PROVIDER": "bedrock",
            "ANTHROPIC_BASE_URL": None,
            "ANTHROPIC_API_KEY": None,
            "ANTHROPIC_BEDROCK_BASE_URL": served.url,
            "AWS_REGION": providers.REGION,
            "AWS_ACCESS_KEY_ID": providers.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": providers.SECRET_KEY,
            "MINION_MODELS": f"cheap={model},strong={model}",
            "MINION_PRICES": f"{model}={PRICE}",
        }
        with universe.changed(settings):
            repository = a_task(universe)
            models, metered, told = paid(universe, repository)
            snapshot(repository)
    assert asked_of(served) == {"path": f"/model/{model}/invoke-with-response-stream", "effort": "high", "times": 6}
    assert models == {model}
    assert metered == told > 0


@pytest.mark.thorough
def test_vertex_behind_the_gateway(universe: Universe, snapshot: Snapshot, tmp_path: Path) -> None:
    model = "claude-sonnet-5-5"
    universe.secrets["the access token of Google"] = providers.TOKEN
    with providers.cloud(Playing) as served:
        served.model_url = universe.model.url
        settings = {
            "MINION_MODEL_PROVIDER": "vertex",
            "ANTHROPIC_BASE_URL": None,
            "ANTHROPIC_API_KEY": None,
            "ANTHROPIC_VERTEX_BASE_URL": served.url,
            "CLOUD_ML_REGION": "global",
            "ANTHROPIC_VERTEX_PROJECT_ID": providers.PROJECT,
            "GOOGLE_APPLICATION_CREDENTIALS": str(providers.service_account(served, tmp_path)),
            "MINION_MODELS": f"cheap={model},strong={model}",
            "MINION_PRICES": f"{model}={PRICE}",
        }
        with universe.changed(settings):
            repository = a_task(universe)
            models, metered, told = paid(universe, repository)
            snapshot(repository)
    place = f"/projects/{providers.PROJECT}/locations/global/publishers/anthropic/models"
    assert asked_of(served) == {"path": f"{place}/{model}:streamRawPredict", "effort": "high", "times": 6}
    assert models == {model}
    assert metered == told > 0
