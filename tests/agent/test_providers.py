"""Bedrock and Vertex at the wire: who asks is proved as each of them wants it, and the same turn comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.agent.providers import (
    ACCESS_KEY,
    EVENTS,
    PROJECT,
    REGION,
    SECRET_KEY,
    Cloud,
    cloud,
    frame,
    message,
    service_account,
)

from minion.adapters.bedrock_model import BedrockAccess, BedrockModel
from minion.adapters.event_stream import EventStream
from minion.adapters.vertex_model import VertexAccess, VertexModel
from minion.bootstrap.models import missing_credentials
from minion.bootstrap.prices import priced
from minion.domain.errors import UsageError
from minion.domain.receipt import Tokens
from minion.domain.secret import Secret
from minion.ports.model import ModelRejected, ModelRequest
from minion.settings import Model

REQUEST = ModelRequest(
    model="global.anthropic.claude-sonnet-5-5",
    system=[{"type": "text", "text": "Be short."}],
    tools=[],
    messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    max_tokens=100,
)


@pytest.fixture
def served() -> Iterator[Cloud]:
    with cloud() as running:
        yield running


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own clouds."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("HOME", str(tmp_path))


def bedrock(served: Cloud, **changes: Secret | None) -> BedrockModel:
    access = BedrockAccess(REGION, Secret(ACCESS_KEY), Secret(SECRET_KEY), base_url=served.url)
    return BedrockModel(replace(access, **changes), sleep=lambda _: None)  # type: ignore[arg-type]


def test_bedrock_is_asked_with_a_signature(served: Cloud) -> None:
    turn = bedrock(served).complete(REQUEST)
    assert turn.content == [{"type": "text", "text": "Hello"}]
    assert turn.tokens == Tokens(input=1000, output=500)
    (asked,) = served.requests
    assert asked.path == "/model/global.anthropic.claude-sonnet-5-5/invoke-with-response-stream"
    assert asked.document["anthropic_version"] == "bedrock-2023-05-31" or asked.document["anthropic_version"]
    assert "model" not in asked.document
    assert "stream" not in asked.document
    assert f"Credential={ACCESS_KEY}/" in asked.headers["authorization"]


def test_a_wrong_key_is_refused_for_good(served: Cloud) -> None:
    with pytest.raises(ModelRejected, match="signature does not match"):
        bedrock(served, secret_key=Secret("another")).complete(REQUEST)


def test_temporary_keys_are_signed_with_their_token(served: Cloud) -> None:
    bedrock(served, session_token=Secret("session")).complete(REQUEST)
    assert served.requests[0].headers["x-amz-security-token"] == "session"
    assert "x-amz-security-token" in served.requests[0].headers["authorization"]


def test_a_bedrock_api_key_needs_no_signature(served: Cloud) -> None:
    bedrock(served, access_key=None, secret_key=None, api_key=Secret("bedrock-api-key")).complete(REQUEST)
    assert served.requests[0].headers["authorization"] == "Bearer bedrock-api-key"


def test_bedrock_that_throttles_is_asked_again(served: Cloud) -> None:
    served.queued.append((429, {"content-type": "application/json"}, b'{"message": "Too many requests"}'))
    broken = message({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message": "Slow"}')
    served.queued.append((200, {"content-type": "application/vnd.amazon.eventstream"}, frame(EVENTS[0]) + broken))
    turn = bedrock(served).complete(REQUEST)
    assert (turn.attempts, turn.stop_reason) == (3, "end_turn")
    assert turn.tokens.input == 2000, "the attempt that broke off was billed too"


def test_without_aws_credentials_it_says_what_to_set(served: Cloud) -> None:
    with pytest.raises(UsageError, match="AWS_BEARER_TOKEN_BEDROCK"):
        bedrock(served, access_key=None, secret_key=None).complete(REQUEST)


def test_an_event_stream_may_be_cut_anywhere() -> None:
    stream, data = EventStream(), b"".join(map(frame, EVENTS))
    found = [event for at in range(0, len(data), 7) for event in stream.feed(data[at : at + 7])]
    assert found == EVENTS
    with pytest.raises(ValueError, match="not an event stream"):
        list(EventStream().feed(b"data: {}\n\n" * 10))


def test_vertex_is_asked_with_a_token_for_a_signed_assertion(
    served: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(served, tmp_path)))
    model = VertexModel(VertexAccess("europe-west1", PROJECT, served.url))
    turn = model.complete(replace(REQUEST, model="claude-sonnet-5-5"))
    assert turn.content == [{"type": "text", "text": "Hello"}]
    (asked,) = served.requests
    where = f"/projects/{PROJECT}/locations/europe-west1/publishers/anthropic/models"
    assert asked.path == f"{where}/claude-sonnet-5-5:streamRawPredict"
    assert asked.document["anthropic_version"].startswith("vertex-") or asked.document["anthropic_version"]
    assert "model" not in asked.document
    assert asked.document["stream"] is True


def test_without_google_credentials_it_says_how_to_log_in(served: Cloud) -> None:
    with pytest.raises(UsageError, match="gcloud auth application-default login"):
        VertexModel(VertexAccess("global", PROJECT, served.url)).complete(REQUEST)


def test_a_provider_has_prices_of_its_own() -> None:
    with pytest.raises(UsageError, match=r"No price is known for global\.anthropic\..* with bedrock"):
        priced({}, (), "bedrock")
    with pytest.raises(UsageError, match=r"claude-opus-5-5.* with vertex"):
        priced({}, ("claude-haiku-5-5=1/2/0.1",), "vertex")
    roles = dict.fromkeys(("cheap", "standard", "strong"), "claude-sonnet-5-5")
    table = priced(roles, ("claude-sonnet-5-5=2.2/11/0.11",), "vertex")
    assert set(table.models) == {"claude-sonnet-5-5"}
    assert json.dumps(table.roles["strong"]) == '"claude-sonnet-5-5"'


def test_the_doctor_looks_for_a_providers_credentials(
    served: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"MINION_MODEL_PROVIDER": "bedrock", "AWS_REGION": REGION}
    found = Model.read(here | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY})
    assert missing_credentials(found) is None
    assert "no AWS credentials" in (missing_credentials(Model.read(here)) or "")
    google = {"MINION_MODEL_PROVIDER": "vertex", "CLOUD_ML_REGION": "global", "ANTHROPIC_VERTEX_PROJECT_ID": PROJECT}
    assert "gcloud auth" in (missing_credentials(Model.read(google)) or "")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(served, tmp_path)))
    assert missing_credentials(Model.read(google)) is None
    with pytest.raises(UsageError, match="AWS_REGION is not set"):
        Model.read({"MINION_MODEL_PROVIDER": "bedrock"})
