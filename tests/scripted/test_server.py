"""The scripted Messages API: its answers, its strictness, its cache, its faults."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from minion.scripted import Script, ScriptInvalid, load_script

from .conftest import HEADERS, TOOL, Wire, result, user

Open = Callable[..., Wire]
CALL = {"calls": [{"name": "look", "input": {"path": "a"}}]}
MARK = {"type": "ephemeral"}


def error(answer: httpx2.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert body["type"] == "error"
    return answer.status_code, body["error"]["type"], body["error"]["message"]


# --- answers


def test_a_plain_answer_is_a_whole_message(wire: Open) -> None:
    body = wire({"thinking": "hm", "text": "hello", **CALL}).ask(tools=[TOOL]).json()
    assert [block["type"] for block in body["content"]] == ["thinking", "text", "tool_use"]
    assert (body["role"], body["stop_reason"], body["stop_sequence"]) == ("assistant", "tool_use", None)
    assert body["usage"]["input_tokens"] > 0


def test_a_streamed_answer_has_the_documented_sequence_of_events(wire: Open) -> None:
    events = wire({"thinking": "hm", "text": "hello", **CALL}).events(tools=[TOOL])
    assert [event["type"] for event in events] == [
        *("message_start", "ping"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    deltas = [event["delta"]["type"] for event in events if event["type"] == "content_block_delta"]
    assert deltas == ["thinking_delta", "signature_delta", "text_delta", "input_json_delta", "input_json_delta"]
    raw = "".join(event["delta"].get("partial_json", "") for event in events if event["type"] == "content_block_delta")
    assert json.loads(raw) == {"path": "a"}


def test_the_turn_is_counted_by_the_assistant_messages(wire: Open) -> None:
    at = wire(CALL, {"text": "done"})
    first = at.ask(tools=[TOOL]).json()
    messages = [user("go"), {"role": "assistant", "content": first["content"]}, user(result(first["content"][0]))]
    assert at.ask(messages, tools=[TOOL]).json()["content"] == [{"type": "text", "text": "done"}]
    assert at.ask(tools=[TOOL]).json()["content"] == first["content"]  # the same question, the same answer


def test_the_first_conversation_that_fits_plays(wire: Open) -> None:
    script = Script.of(
        {
            "conversations": [
                {"name": "a", "match": {"tool": "verdict"}, "turns": [{"text": "judged"}]},
                {"name": "b", "match": {"contains": ["mend", "calc"], "lacks": "skip"}, "turns": [{"text": "mended"}]},
                {"name": "c", "match": {"model": "claude-haiku-5-5"}, "turns": [{"text": "cheap"}]},
            ]
        }
    )
    at = wire(script)

    def says(text: str, **fields: Any) -> str:
        return str(at.ask([user(text)], **fields).json()["content"][0]["text"])

    assert says("x", tools=[{**TOOL, "name": "verdict"}]) == "judged"
    assert says("mend it", system="in calc") == "mended"
    assert says("mend calc, skip", model="claude-haiku-5-5") == "cheap"
    assert error(at.ask([user("other")]))[2].startswith("No conversation of the script fits")


def test_what_tools_have_answered_may_decide(wire: Open) -> None:
    """The first turn asks what the work is; from the answer on another conversation fits, at its second turn."""
    other = {"name": "b", "match": {"served": ["b.py"]}, "turns": [CALL, {"text": "mended b.py"}]}
    at = wire(Script.of({"conversations": [other, {"name": "a", "turns": [CALL, {"text": "mended another"}]}]}))
    opening = user("go, but not to b.py")
    first = at.ask([opening], tools=[TOOL]).json()["content"]

    def says(text: Any) -> str:
        messages = [opening, {"role": "assistant", "content": first}, user(result(first[0], text))]
        return str(at.ask(messages, tools=[TOOL]).json()["content"][0]["text"])

    assert says("the file b.py") == "mended b.py"
    assert says([{"type": "text", "text": "b.py"}]) == "mended b.py"
    assert says("a.py") == "mended another"


def test_after_the_last_turn_it_repeats_or_refuses(wire: Open) -> None:
    later = [user("go"), {"role": "assistant", "content": "hi"}, user("on")]
    assert "has no turn 1" in error(wire({"text": "hi"}).ask(later))[2]
    repeating = Script.of({"conversations": [{"name": "r", "turns": [{"text": "again"}], "last": "repeat"}]})
    assert wire(repeating).ask(later).json()["content"][0]["text"] == "again"


def test_an_answer_longer_than_max_tokens_is_cut(wire: Open) -> None:
    body = wire({"text": "long " * 1000}).ask(max_tokens=50).json()
    assert (body["stop_reason"], body["usage"]["output_tokens"]) == ("max_tokens", 50)
    assert len(body["content"][0]["text"]) < 5000


def test_tokens_are_counted_and_models_are_listed(wire: Open) -> None:
    at = wire()
    counted = at.http.post(
        "/v1/messages/count_tokens", json={"model": "m", "messages": [user("x" * 400)]}, headers=HEADERS
    )
    assert 100 <= counted.json()["input_tokens"] <= 130
    models = at.http.get("/v1/models", headers=HEADERS).json()
    assert "claude-opus-5-5" in [model["id"] for model in models["data"]]


# --- strictness


def test_without_a_key_or_with_a_wrong_one_nobody_is_let_in(wire: Open) -> None:
    at = wire(api_key="right")
    version = {"anthropic-version": "2023-06-01"}
    assert error(at.ask(headers=version))[:2] == (401, "authentication_error")
    assert error(at.ask(headers={**version, "x-api-key": "wrong"}))[0] == 401
    assert at.ask(headers={**version, "authorization": "Bearer right"}).status_code == 200


def test_the_version_header_is_required_and_has_to_be_one_that_is_there(wire: Open) -> None:
    assert "anthropic-version" in error(wire().ask(headers={"x-api-key": "key"}))[2]
    assert "valid version" in error(wire().ask(headers={"x-api-key": "key", "anthropic-version": "2024-10-22"}))[2]


def test_the_newest_version_takes_no_sampling_parameters(wire: Open) -> None:
    now = {**HEADERS, "anthropic-version": "2026-10-21"}
    assert "temperature" in error(wire().ask(headers=now, temperature=1.0))[2]
    assert (
        wire({"text": "fine"}).ask(headers=now).status_code
        == wire({"text": "fine"}).ask(temperature=1.0).status_code
        == 200
    )


ASSISTANT = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}]}
ANSWER = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": "5"}, "valid integer"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"context_management": {"edits": []}}, "context_management: Extra inputs"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 'first message must use the "user" role'),
        ({"messages": [{"role": "system", "content": "x"}]}, "Input should be 'user' or 'assistant'"),
        ({"messages": [user("a"), user("b")]}, "roles must alternate"),
        ({"messages": [user("  ")]}, "non-whitespace"),
        ({"messages": [{"role": "user", "content": []}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "expected tags"),
        ({"messages": [user("a"), ASSISTANT]}, "without `tool_result` blocks after them"),
        ({"messages": [user("a"), ASSISTANT, user("b")]}, "without `tool_result` blocks immediately after: t1"),
        ({"messages": [user("a", ANSWER)]}, "unexpected `tool_use_id`"),
        ({"messages": [user("a"), ASSISTANT, user("b", ANSWER)]}, "must come first"),
        ({"messages": [user("a"), ASSISTANT, user(ANSWER, ANSWER)]}, "single result"),
        (
            {"messages": [user("a"), {"role": "assistant", "content": "so"}]},
            "does not support assistant message prefill",
        ),
        (
            {"system": [{"type": "text", "text": str(n), "cache_control": MARK} for n in range(5)]},
            "maximum of 4 blocks",
        ),
        ({"tools": [TOOL, TOOL]}, "names must be unique"),
        ({"tool_choice": {"type": "any"}}, "forces tool use"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
    ],
)
def test_what_the_api_refuses_is_refused(wire: Open, fields: dict[str, Any], message: str) -> None:
    script = Script.of({"conversations": [{"name": "r", "turns": [{"text": "hi"}], "last": "repeat"}]})
    status, kind, said = error(wire(script).ask(**fields))
    assert (status, kind) == (400, "invalid_request_error")
    assert message in said


def test_a_beta_field_needs_its_header(wire: Open) -> None:
    edits = {"edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 40_000}}]}
    headers = {**HEADERS, "anthropic-beta": "compact-2026-01-12"}
    at = wire()
    assert "at least 50000" in error(at.ask(context_management=edits, headers=headers))[2]
    edits["edits"][0]["trigger"] = {"type": "input_tokens", "value": 60_000}
    assert at.ask(context_management=edits, headers=headers).status_code == 200


@pytest.mark.parametrize("change", ["thinking", "earlier", "system", "tools", "dropped"])
def test_a_history_that_was_rewritten_is_refused(wire: Open, change: str) -> None:
    at = wire({"thinking": "hm", **CALL}, {"text": "done"})
    content = at.ask(tools=[TOOL], system="s").json()["content"]
    system, tools, opening = "s", [TOOL], user("go")
    match change:
        case "thinking":
            content[0]["thinking"] = "changed"
        case "earlier":
            opening = user("went")
        case "system":
            system = "t"
        case "tools":
            tools = [{**TOOL, "description": "Another."}]
        case _:
            opening["content"][0]["cache_control"] = MARK  # no change: marks are not part of the prompt
    messages = [opening, {"role": "assistant", "content": content}, user(result(content[1]))]
    answer = at.ask(messages, tools=tools, system=system)
    assert (answer.status_code == 200) is (change == "dropped")


# --- cache


def test_a_prefix_is_written_once_and_read_afterwards(wire: Open) -> None:
    at = wire()
    system = [{"type": "text", "text": "s" * 4000, "cache_control": MARK}]
    first, second = (at.ask(system=system).json()["usage"] for _ in range(2))
    assert (first["cache_read_input_tokens"], second["cache_creation_input_tokens"]) == (0, 0)
    assert first["cache_creation_input_tokens"] == second["cache_read_input_tokens"] >= 1000
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] == first["cache_creation_input_tokens"]
    other = at.ask(system=system, model="claude-opus-5-5").json()["usage"]
    assert other["cache_read_input_tokens"] == 0


def test_a_short_prefix_is_not_cached(wire: Open) -> None:
    at = wire()
    system = [{"type": "text", "text": "s" * 400, "cache_control": MARK}]
    for _ in range(2):
        usage = at.ask(system=system).json()["usage"]
        assert usage["cache_read_input_tokens"] == usage["cache_creation_input_tokens"] == 0


def test_a_breakpoint_looks_back_over_twenty_blocks_only(wire: Open) -> None:
    at = wire()
    blocks = [{"type": "text", "text": f"{n} " + "x" * 4000} for n in range(41)]
    at.ask([{"role": "user", "content": [*blocks[:10], {**blocks[10], "cache_control": MARK}]}])
    near = [*blocks[:29], {**blocks[29], "cache_control": MARK}]
    far = [*blocks[:40], {**blocks[40], "cache_control": MARK}]
    assert at.ask([{"role": "user", "content": near}]).json()["usage"]["cache_read_input_tokens"] > 10_000
    fresh = wire()
    fresh.ask([{"role": "user", "content": [*blocks[:10], {**blocks[10], "cache_control": MARK}]}])
    assert fresh.ask([{"role": "user", "content": far}]).json()["usage"]["cache_read_input_tokens"] == 0


# --- faults and records


def test_errors_come_so_many_times_with_the_api_s_types(wire: Open) -> None:
    faults = [{"status": 529}, {"status": 429, "retry_after": 7}, {"status": 402, "type": "budget_exhausted"}]
    at = wire({"text": "hi", "errors": faults})
    assert error(at.ask())[:2] == (529, "overloaded_error")
    limited = at.ask()
    assert error(limited)[:2] == (429, "rate_limit_error")
    assert limited.headers["retry-after"] == "7"
    assert error(at.ask())[:2] == (402, "budget_exhausted")
    assert at.ask().status_code == 200


def test_a_stream_dies_where_the_script_says(wire: Open) -> None:
    at = wire({"text": "hello " * 200, "cut_after_bytes": 700})
    with pytest.raises(httpx2.RemoteProtocolError):
        at.ask(stream=True)
    assert at.ask(stream=True).status_code == 200


def test_an_error_inside_a_stream_is_an_event(wire: Open) -> None:
    events = wire({"text": "hi", "errors": [{"status": 529, "in_stream": True}]}).events()
    assert [event["type"] for event in events] == ["message_start", "error"]
    assert events[1]["error"]["type"] == "overloaded_error"


def test_requests_are_listed_without_their_key(wire: Open) -> None:
    at = wire()
    at.ask()
    [seen] = at.http.get("/_script/requests").json()["requests"]
    assert seen["body"]["messages"] == [user("go")]
    assert seen["api_key_sha256"] == hashlib.sha256(b"key").hexdigest()
    assert '"key"' not in json.dumps(seen)


# --- the script


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"conversation": []}, "unknown key 'conversation'"),
        ({"conversations": [{"name": "a", "turns": [{"txt": "x"}]}]}, "conversations[0].turns[0]: unknown key 'txt'"),
        ({"conversations": [{"name": "a", "turns": "x"}]}, "expected a list"),
        ({"conversations": [{"name": "a", "turns": [], "last": "stop"}]}, "expected `repeat` or `error`"),
        ({"conversations": [{"name": "a", "turns": [{"calls": [{"nam": "x"}]}]}]}, "calls[0]: unknown key 'nam'"),
    ],
)
def test_a_script_of_another_form_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ScriptInvalid, match=re.escape(message)):
        Script.of(document)


def test_a_script_file_that_cannot_be_read_names_itself(tmp_path: Path) -> None:
    for text in ("- 1\n", "conversations: [\n", "conversations: 3\n"):
        path = tmp_path / "s.yml"
        path.write_text(text)
        with pytest.raises(ScriptInvalid, match=r"s\.yml"):
            load_script(path)


def test_it_serves_as_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "s.yml"
    path.write_text("conversations:\n  - name: a\n    turns: [{text: hello}]\n")
    code = f"from pathlib import Path; from minion.scripted import serve; serve(Path({str(path)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert line.startswith("scripted model listening on http://")
            url = line.rsplit(" ", 1)[1]
            body = {"model": "m", "max_tokens": 10, "messages": [user("go")]}
            answer = httpx2.post(f"{url}/v1/messages", json=body, headers=HEADERS)
            assert answer.json()["content"][0]["text"] == "hello"
        finally:
            process.terminate()
