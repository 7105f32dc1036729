"""The gateway in front of Bedrock and Vertex: what goes in and comes out is the Messages API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from tests.agent.providers import ACCESS_KEY, EVENTS, PROJECT, REGION, SECRET_KEY, Cloud, cloud, service_account

from minion.bootstrap.models import transport_of
from minion.domain.receipt import Tokens
from minion.settings import Model
from minion.web.metering import StreamMeter, body_tokens

CALL: dict[str, Any] = {
    "model": "eu.anthropic.claude-sonnet-5-5",
    "max_tokens": 1000,
    "stream": True,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": "hi"}],
}


@pytest.fixture
def served() -> Iterator[Cloud]:
    with cloud() as running:
        yield running


@pytest.fixture
def settings(served: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Model]:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(served, tmp_path)))
    given = {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "ANTHROPIC_BEDROCK_BASE_URL": served.url,
        "CLOUD_ML_REGION": "global",
        "ANTHROPIC_VERTEX_PROJECT_ID": PROJECT,
        "ANTHROPIC_VERTEX_BASE_URL": served.url,
    }
    return lambda provider: Model.read(given | {"MINION_MODEL_PROVIDER": provider})


def post(settings: Model, path: str = "/v1/messages", **changes: Any) -> httpx2.Response:
    async def send() -> httpx2.Response:
        transport = transport_of(settings)
        assert transport is not None
        async with httpx2.AsyncClient(transport=transport) as client:
            call = CALL | changes
            headers = {"anthropic-beta": "context-management-2025-06-27", "x-api-key": "not for others"}
            request = client.build_request("POST", f"https://api.anthropic.com{path}", json=call, headers=headers)
            answer = await client.send(request, stream=True)
            await answer.aread()
            await answer.aclose()
            return answer

    return anyio.run(send)


@pytest.mark.parametrize("provider", ["bedrock", "vertex"])
def test_a_stream_comes_back_as_the_messages_api_streams(
    served: Cloud, settings: Callable[[str], Model], provider: str
) -> None:
    answer = post(settings(provider))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line[5:] for line in answer.text.splitlines() if line.startswith("data:")]
    assert [json.loads(line) for line in lines] == EVENTS
    meter = StreamMeter()
    meter.feed(answer.content)
    assert (meter.complete, meter.tokens) == (True, Tokens(input=1000, output=500))
    (asked,) = served.requests
    assert asked.document["system"] == CALL["system"]
    assert asked.document["messages"] == CALL["messages"]
    assert "not for others" not in str(asked)
    assert "context-management-2025-06-27" in str(asked)


@pytest.mark.parametrize(("provider", "verb"), [("bedrock", "/invoke"), ("vertex", ":rawPredict")])
def test_a_whole_answer_passes(served: Cloud, settings: Callable[[str], Model], provider: str, verb: str) -> None:
    whole = {"type": "message", "usage": {"input_tokens": 3, "output_tokens": 2}}
    served.queued.append((200, {"content-type": "application/json"}, json.dumps(whole).encode()))
    answer = post(settings(provider), stream=False)
    assert answer.json() == whole
    assert body_tokens(answer.content) == Tokens(input=3, output=2)
    assert served.requests[0].path.endswith(verb)


@pytest.mark.parametrize("provider", ["bedrock", "vertex"])
def test_refusals_have_the_form_of_the_api(served: Cloud, settings: Callable[[str], Model], provider: str) -> None:
    headers = {"content-type": "application/json", "retry-after": "7"}
    served.queued.append((429, headers, json.dumps({"message": "Too many tokens"}).encode()))
    answer = post(settings(provider))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {"type": "error", "error": {"type": "rate_limit_error", "message": "Too many tokens"}}


def test_what_bedrock_does_not_have_is_not_found(served: Cloud, settings: Callable[[str], Model]) -> None:
    answer = post(settings("bedrock"), "/v1/messages/count_tokens")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


def test_an_endpoint_that_is_down_is_a_connection_error(served: Cloud, settings: Callable[[str], Model]) -> None:
    down = settings("bedrock").model_copy(update={"bedrock_base_url": "http://127.0.0.1:9"})
    with pytest.raises(httpx2.ConnectError):
        post(down)


def test_with_the_api_itself_http_is_the_way() -> None:
    assert transport_of(Model.read({"ANTHROPIC_API_KEY": "k"})) is None
