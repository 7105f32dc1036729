"""Recording a model and replaying it: whole processes for a whole run, and the format by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cli.conftest import DONE, EDIT, READ, script
from tests.cli.conftest import project as project  # noqa: PLC0414 -- the fixture
from tests.cli.test_run import TASK, environment

from minion.scripted.cassette import CassetteInvalid, Tape, difference, exchange, read_cassette
from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel
from minion.tasks.leaks import Redactor

KEY = "sk-ant-" + "a1B2" * 8
CALL: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Say hello"}],
}
HEADERS = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """`minion model` with these options; its address."""
    command = [sys.executable, "-m", "minion", "model", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin"})
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def post(url: str, call: dict[str, Any]) -> httpx2.Response:
    return httpx2.post(f"{url}/v1/messages", json=call, headers=HEADERS, timeout=30)


def test_what_was_recorded_is_replayed_without_the_model(tmp_path: Path) -> None:
    cassette = tmp_path / "hello.jsonl"
    turns = [{"text": "Hello"}, {"text": "Hello again"}]
    with (
        ScriptedModel(Script.playing(*turns)) as model,
        serving("--record", str(cassette), "--upstream", model.url) as url,
    ):
        whole, streamed = post(url, CALL), post(url, CALL | {"stream": True})
    assert whole.json()["content"] == [{"type": "text", "text": "Hello"}]
    assert KEY not in cassette.read_text()
    assert cassette.stat().st_mode & 0o077 == 0
    lines = [json.loads(line) for line in cassette.read_text().splitlines()]
    assert [line["usage"]["output_tokens"] > 0 for line in lines] == [True, True]
    with serving("--replay", str(cassette)) as url:
        assert post(url, CALL | {"stream": True}).text.split("\n\n")[:-1] == streamed.text.split("\n\n")[:-1]
        assert post(url, CALL).json() == whole.json()
        again = post(url, CALL)
    assert again.status_code == 404
    assert "was recorded 1 times, and asked once more" in again.json()["error"]["message"]


def test_another_request_is_told_the_first_difference(tmp_path: Path) -> None:
    cassette = tmp_path / "hello.jsonl"
    cassette.write_text(recorded(CALL).line())
    changed = CALL | {"messages": [{"role": "user", "content": "Say goodbye"}]}
    with serving("--replay", str(cassette)) as url:
        refused = post(url, changed)
    assert refused.status_code == 404
    said = refused.json()["error"]["message"]
    assert "exchange 1 would be next, and differs at messages[0].content" in said
    assert '"Say hello"' in said
    assert '"Say goodbye"' in said
    with serving("--replay", str(cassette), "--loose") as url:
        assert post(url, changed).status_code == 200


def test_a_whole_run_is_replayed_to_the_same_change(project: Path, tmp_path: Path) -> None:
    cassette = tmp_path / "run.jsonl"
    with (
        ScriptedModel(script(READ, EDIT, DONE)) as model,
        serving("--record", str(cassette), "--upstream", model.url) as url,
    ):
        first = run(project, url, model)
    assert first["status"] == "success"
    with serving("--replay", str(cassette)) as url:
        second = run(project, url, model)
    assert second["status"] == "success"
    assert second["receipt"]["usd"] == first["receipt"]["usd"]
    assert (second["files"], second["diffstat"]) == (first["files"], first["diffstat"])


def run(project: Path, url: str, model: ScriptedModel) -> dict[str, Any]:
    command = [sys.executable, "-m", "minion", "run", TASK, "--repo", str(project), "--json"]
    env = environment(model, ANTHROPIC_BASE_URL=url)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def recorded(call: dict[str, Any], *texts: str) -> Any:
    delta = {"type": "content_block_delta", "index": 0}
    events = [{**delta, "delta": {"type": "text_delta", "text": text}} for text in texts or ("Hello",)]
    text = "".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in events)
    return exchange("/v1/messages", call, (200, {"content-type": "text/event-stream"}, text), Redactor())


def test_secrets_are_taken_out_also_where_the_stream_cuts_them() -> None:
    made = recorded(CALL | {"system": f"the key is {KEY}"}, "the key is " + KEY[:9], KEY[9:])
    line = made.line()
    assert KEY not in line
    assert KEY[9:] not in line
    assert "the key is [redacted]" in line
    found = Tape([made], Redactor()).answer("/v1/messages", CALL | {"system": f"the key is {KEY}"})
    assert found is made, "a request loses the same as its recording did"


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({"a": 1}, {"a": 2}, "a: recorded 1, asked 2"),
        ({"a": 1}, {}, "a: not asked"),
        ({}, {"b": 1}, "b: not recorded"),
        ({"a": [1, 2]}, {"a": [1]}, "a: 2 were recorded, 1 asked"),
        ({"a": [{"b": "x" * 90 + "1"}]}, {"a": [{"b": "x" * 90 + "2"}]}, "a[0].b: recorded"),
    ],
)
def test_the_first_difference(one: Any, other: Any, words: str) -> None:
    said = difference(one, other)
    assert said.startswith(words)
    assert len(said) < 200


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"path": 1, "more": 2}', "[]"])
def test_what_is_no_recording_is_said(text: str) -> None:
    with pytest.raises(CassetteInvalid):
        read_cassette(text)


def test_a_recording_is_not_written_over(tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("x")
    for options, words in (
        (("--record", str(there)), "exists"),
        (("--replay", str(there)), "no recorded exchange"),
        ((), "Give one of"),
    ):
        command = [sys.executable, "-m", "minion", "model", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
