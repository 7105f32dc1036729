"""The adapter against the scripted API: retries inside the deadline, and what is never asked again."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import anthropic
import pytest
from tests.certificates import self_signed

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.message_stream import MessageStream
from minion.domain.errors import Outage
from minion.domain.secret import Secret
from minion.ports.model import BudgetExhausted, ModelRejected, ModelRequest
from minion.scripted import Script, ScriptedModel

Asked = tuple[str, dict[str, str], Any]
"""Path, headers and body of a request."""
HELLO: dict[str, Any] = {"text": "hello " * 200}


def request(**changes: Any) -> ModelRequest:
    messages = [{"role": "user", "content": [{"type": "text", "text": "go " * 1000}]}]
    fields: dict[str, Any] = {"system": [{"type": "text", "text": "s"}], "tools": [], "messages": messages}
    return ModelRequest(model="claude-sonnet-5-5", max_tokens=1000, **{**fields, **changes})


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


def ask(turn: dict[str, Any], clock: Clock | None = None, **changes: Any) -> tuple[Any, list[dict[str, Any]], Clock]:
    clock = clock or Clock()
    with ScriptedModel(Script.playing(turn)) as model:
        client = AnthropicModel(model.url, Credential(Secret("key")), sleep=clock.sleep, monotonic=clock.monotonic)
        try:
            return client.complete(request(**changes)), model.requests, clock
        finally:
            client.close()


def test_overloaded_then_answered() -> None:
    turn, requests, clock = ask({**HELLO, "errors": [{"status": 529, "times": 2}, {"status": 500}]})
    assert (turn.attempts, len(requests), len(clock.slept)) == (4, 4, 3)
    assert turn.content[0]["text"] == HELLO["text"]


def test_retry_after_is_kept_to() -> None:
    _, _, clock = ask({**HELLO, "errors": [{"status": 429, "retry_after": 17}]})
    assert clock.slept == [17.0]


def test_a_broken_stream_is_asked_again_whole_and_what_it_cost_is_counted() -> None:
    whole, _, _ = ask(HELLO)
    turn, requests, _ = ask({**HELLO, "cut_after_bytes": 900})
    assert len(requests) == 2
    assert requests[0]["body"] == requests[1]["body"]
    assert turn.content == whole.content
    assert turn.tokens.input == 2 * whole.tokens.input
    assert turn.context_tokens == whole.context_tokens


def test_an_error_inside_a_stream_is_judged_by_its_type() -> None:
    turn, _, _ = ask({**HELLO, "errors": [{"status": 529, "in_stream": True}]})
    assert turn.attempts == 2
    with pytest.raises(ModelRejected, match="invalid_request_error"):
        ask({**HELLO, "errors": [{"status": 400, "in_stream": True}]})


def test_the_deadline_ends_the_retries() -> None:
    clock = Clock()
    with pytest.raises(Outage, match="529 overloaded_error"):
        ask({**HELLO, "errors": [{"status": 529, "times": 999}]}, clock, deadline_s=30.0)
    assert clock.now < 30.0


def test_a_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    clock = Clock()
    with pytest.raises(Outage):
        ask({**HELLO, "errors": [{"status": 429, "retry_after": 3600}]}, clock, deadline_s=30.0)
    assert clock.slept == []


@pytest.mark.parametrize("status", [402, 429])
def test_the_gateway_s_budget_is_no_outage(status: int) -> None:
    clock = Clock()
    with pytest.raises(BudgetExhausted):
        ask({**HELLO, "errors": [{"status": status, "type": "budget_exhausted"}]}, clock)
    assert clock.slept == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_is_refused_for_good_is_asked_once(status: int) -> None:
    clock = Clock()
    with pytest.raises(ModelRejected, match=str(status)):
        ask({**HELLO, "errors": [{"status": status, "times": 9}]}, clock)
    assert clock.slept == []


def test_an_endpoint_that_is_not_there_is_an_outage() -> None:
    clock = Clock()
    with ScriptedModel(Script.playing(HELLO)) as model:
        url = model.url
    client = AnthropicModel(url, Credential(Secret("key")), sleep=clock.sleep, monotonic=clock.monotonic)
    with pytest.raises(Outage, match="did not answer"):
        client.complete(request(deadline_s=90.0))
    client.close()
    assert len(clock.slept) > 20, "a server that restarts is found again soon"


def test_a_run_token_goes_as_bearer_and_nothing_else() -> None:
    with ScriptedModel(Script.playing(HELLO), api_key="run-token") as model:
        client = AnthropicModel(model.url, Credential(Secret("run-token"), bearer=True))
        assert client.complete(request()).stop_reason == "end_turn"
        client.close()


@contextmanager
def refusing(status: int, text: str, pem: Path | None = None) -> Iterator[tuple[str, list[Asked]]]:
    """A server that answers all with `text`, and what it was asked."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("bearer", [False, True])
def test_the_sdk_sends_the_same_request(bearer: bool) -> None:
    edits = {"edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 60_000}}]}
    sent = request(effort="high", thinking={"type": "adaptive"}, tool_choice={"type": "auto"}, context_management=edits)
    with refusing(418, "") as (url, asked):
        ours = AnthropicModel(url, Credential(Secret("shown"), bearer=bearer))
        with pytest.raises(ModelRejected, match="418"):
            ours.complete(sent)
        ours.close()
        shown = {"auth_token": "shown"} if bearer else {"api_key": "shown"}
        with anthropic.Anthropic(base_url=url, max_retries=0, **shown) as sdk, pytest.raises(anthropic.APIStatusError):
            sdk.beta.messages.create(
                model=sent.model,
                max_tokens=sent.max_tokens,
                messages=sent.messages,
                system=sent.system,
                stream=True,
                thinking=sent.thinking,
                tool_choice=sent.tool_choice,
                context_management=sent.context_management,
                output_config={"effort": sent.effort},
                betas=["compact-2026-01-12"],
            )
    (path, headers, body), (sdk_path, sdk_headers, sdk_body) = asked
    told = ("anthropic-version", "anthropic-beta", "content-type")
    assert [headers.get(name) for name in told] == [sdk_headers.get(name) for name in told]
    assert sdk_headers["authorization"] == "Bearer shown"  # since 2.0 for keys too; the API reads either
    assert headers["authorization" if bearer else "x-api-key"] == ("Bearer shown" if bearer else "shown")
    assert body == sdk_body
    assert sdk_path in {path, f"{path}?beta=true"}


@pytest.mark.parametrize("text", ["", "<h1>Bad  gateway</h1>", '["no"]', '{"error": "no"}'])
def test_an_answer_in_no_form_of_the_api_s_is_judged_by_its_status(text: str) -> None:
    clock = Clock()
    with refusing(502, text) as (url, asked):
        client = AnthropicModel(url, Credential(Secret("key")), sleep=clock.sleep, monotonic=clock.monotonic)
        with pytest.raises(Outage, match="502"):
            client.complete(request(deadline_s=5.0))
        client.close()
    assert len(asked) > 1
    with refusing(451, text) as (url, asked):
        client = AnthropicModel(url, Credential(Secret("key")))
        with pytest.raises(ModelRejected, match="451"):
            client.complete(request())
        client.close()
    assert len(asked) == 1


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_a_server_that_nobody_vouches_for_is_told_nothing(scheme: str, tmp_path: Path) -> None:
    clock = Clock()
    with refusing(400, "", self_signed(tmp_path, "localhost")) as (url, asked):
        there = url.replace("http://127.0.0.1", f"{scheme}://localhost")
        client = AnthropicModel(there, Credential(Secret("key")), sleep=clock.sleep, monotonic=clock.monotonic)
        with pytest.raises(Outage, match=r"(?i)certificate"):
            client.complete(request(deadline_s=5.0))
        client.close()
    assert asked == []


def test_texts_are_told_as_they_come() -> None:
    pieces: list[str] = []
    with ScriptedModel(Script.playing(HELLO)) as model:
        client = AnthropicModel(model.url, Credential(Secret("key")))
        client.complete(request(), pieces.append)
        client.close()
    assert len(pieces) > 1
    assert "".join(pieces) == HELLO["text"]


def test_betas_are_asked_for_only_where_they_are_used() -> None:
    edits = {"edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 60_000}}]}
    _, plain, _ = ask(HELLO)
    _, compacting, _ = ask(HELLO, context_management=edits)
    assert plain[0]["anthropic_beta"] is None
    assert compacting[0]["anthropic_beta"] == "compact-2026-01-12"


def test_compactions_are_counted_though_the_totals_leave_them_out() -> None:
    stream = MessageStream()
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "iterations": [
            {"type": "compaction", "input_tokens": 1000, "output_tokens": 100},
            {"type": "message", "input_tokens": 10, "output_tokens": 5},
        ],
    }
    stream.add({"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 10}}})
    stream.add({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage})
    stream.add({"type": "message_stop"})
    assert (stream.tokens.input, stream.tokens.output) == (1010, 105)
    assert stream.context_tokens == 15


def test_blocks_of_unknown_kinds_are_kept_as_they_came() -> None:
    stream = MessageStream()
    block = {"type": "something_new", "payload": {"a": 1}}
    stream.add({"type": "message_start", "message": {"model": "m"}})
    stream.add({"type": "content_block_start", "index": 0, "content_block": block})
    stream.add({"type": "content_block_delta", "index": 0, "delta": {"type": "payload_delta", "more": 2}})
    assert stream.content() == [{**block, "more": 2}]
