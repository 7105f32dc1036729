"""The model that plays transcripts to clients of all makes, and what the watch counts."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bench.child import ENVIRONMENT, serving
from tests.bench.peers import floor, play, watch
from tests.bench.peers.measure import SERVER, over_floor, typical
from tests.bench.peers.play import Took
from tests.bench.peers.server import Run

TOOL = {"name": "bash", "description": "", "input_schema": {"type": "object"}}
USER = {"role": "user", "content": "go"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving([sys.executable, SERVER], ENVIRONMENT) as url:
        yield url


def ask(url: str, **body: Any) -> Any:
    whole = {"model": "m", "max_tokens": 9, "messages": [USER], **body}
    request = urllib.request.Request(f"{url}/v1/messages", json.dumps(whole).encode(), method="POST")  # noqa: S310 -- loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def test_a_turn_is_played_by_the_number_of_answers_in_the_history(server: str) -> None:
    url = f"{server}/a-run"
    turns = [{"calls": [{"name": "bash", "input": {"command": "ls"}}]}, {"text": "done"}]
    play.post(f"{url}/_play", [{"tool": "verdict", "turns": [{"text": "fine"}]}, {"turns": turns}])
    first = ask(url, tools=[TOOL])
    assert (first["stop_reason"], first["content"][0]["input"]) == ("tool_use", {"command": "ls"})
    history = [USER, {"role": "assistant", "content": first["content"]}, USER]
    assert ask(url, tools=[TOOL], messages=history)["content"] == [{"type": "text", "text": "done"}]
    assert ask(url, tools=[{**TOOL, "name": "verdict"}])["content"][0]["text"] == "fine"
    assert ask(url)["content"][0]["text"] == "ok"  # a title, say: no part of the transcript
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(url, tools=[TOOL], messages=[*history, *history[1:]])
    seen = play.get(f"{url}/_seen")
    assert [entry["tools"] for entry in seen] == [1, 1, 1, 0, 1]
    assert all(entry["came"] <= entry["ended"] for entry in seen)


def test_runs_do_not_know_of_each_other(server: str) -> None:
    play.post(f"{server}/one/_play", [{"turns": [{"text": "one"}]}])
    play.post(f"{server}/two/_play", [{"turns": [{"text": "two"}]}])
    assert ask(f"{server}/one", tools=[TOOL])["content"][0]["text"] == "one"
    assert ask(f"{server}/two", tools=[TOOL])["content"][0]["text"] == "two"


def test_text_of_a_result_costs_the_same_as_a_string_and_with_a_breakpoint_inside() -> None:
    text, mark = "x" * 20_000, {"cache_control": {"type": "ephemeral"}}

    def request(content: Any, **more: Any) -> dict[str, Any]:
        result = {"type": "tool_result", "tool_use_id": "t", "content": content, **more}
        return {"model": "m", "tools": [TOOL], "messages": [{"role": "user", "content": [result]}]}

    block = {"type": "text", "text": text}
    for first in (request([block], **mark), request([{**block, **mark}])):
        run, written, read = Run([{"turns": []}]), dict[str, Any](), dict[str, Any]()
        run.answer(first, written)
        run.answer(request(text, **mark), read)
        assert written["cost"]["1024"] > 6000
        assert read["cost"]["1024"] < 600


def test_a_prompt_below_the_least_cacheable_size_is_paid_in_full_each_time() -> None:
    body = {"role": "user", "content": [{"type": "text", "text": "x" * 10_000, "cache_control": {"type": "ephemeral"}}]}
    run, entry = Run([{"turns": []}]), dict[str, Any]()
    for _ in range(2):
        run.answer({"model": "m", "tools": [TOOL], "messages": [body]}, entry)
    assert entry["cost"]["1024"] < entry["cost"]["4096"] / 5


def test_the_floor_carries_a_transcript_out(server: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    calls = [
        {"name": "edit", "input": {"path": "a.txt", "old": "one", "new": "two"}},
        {"name": "shell", "input": {"command": "cat a.txt > b.txt"}},
        {"name": "read", "input": {"path": "b.txt", "first": 1, "last": 9}},
    ]
    url = f"{server}/floor"
    play.post(f"{url}/_play", [{"turns": [*({"calls": [one]} for one in calls), {"text": "done"}]}])
    subprocess.run([sys.executable, floor.__file__, url, "go"], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "b.txt").read_text() == "two\n"
    assert len(play.get(f"{url}/_seen")) == 4


def test_the_watch_counts_what_an_orphan_uses(tmp_path: Path) -> None:
    busy = "import time; held = bytearray(60 << 20)\nwhile time.process_time() < 0.3: pass"
    orphan = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {busy!r}]); time.sleep(1)"
    out = tmp_path / "out.json"
    subprocess.run(
        [sys.executable, watch.__file__, out, "30", "--", sys.executable, "-c", orphan],
        check=True,
        timeout=60,
        env=ENVIRONMENT,
    )
    told = json.loads(out.read_text())
    assert told["code"] == 0
    assert told["cpu_s"] > 0.3 or told["left"] == 1  # on a busy machine it is ended before it is done
    assert told["peak_mb"] > 60


def test_the_watch_ends_what_takes_too_long(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    subprocess.run(
        [sys.executable, watch.__file__, out, "0.2", "--", "sh", "-c", "sleep 60 & sleep 60"], check=True, timeout=30
    )
    assert json.loads(out.read_text())["code"] is None


def took(**values: float) -> Took:
    fields = dict.fromkeys(Took.__dataclass_fields__, 0.0)
    return Took(**(fields | values))  # type: ignore[arg-type]


def test_figures_are_the_mean_of_the_tasks_of_the_medians_of_their_runs() -> None:
    tasks = {"a": [took(whole_ms=1), took(whole_ms=2), took(whole_ms=90)], "b": [took(whole_ms=4)]}
    assert typical(tasks, lambda one: one.whole_ms) == 3


def test_what_a_step_takes_over_the_floor() -> None:
    runs = {"floor": {"a": [took(span_ms=100, requests=11)]}, "other": {"a": [took(span_ms=300, requests=14)]}}
    assert over_floor(runs, "other") == 20
