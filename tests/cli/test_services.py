"""`minion hub` and `minion model` as processes: one line when they answer, an end when they are told to."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

SCRIPT = {"conversations": [{"name": "only", "turns": [{"text": "hello"}]}]}


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "minion", *arguments, "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"listening on (http://\S+)", line)
    assert found, line
    return process, found[1]


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=20)
    finally:
        process.kill()


def test_the_scripted_model_speaks_the_messages_api(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT))
    process, url = started("model", "--script", str(tmp_path / "script.json"))
    body = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
    try:
        answer = httpx2.post(f"{url}/v1/messages", json=body, headers=headers).json()
    finally:
        stop(process)
    assert answer["content"][0]["text"] == "hello"


@pytest.mark.parametrize("text", ["conversations: [{bogus: 1}]", "a: [", "- x"])
def test_a_broken_script_is_wrong_usage(tmp_path: Path, text: str) -> None:
    (tmp_path / "script.yml").write_text(text)
    command = [sys.executable, "-m", "minion", "model", "--script", str(tmp_path / "script.yml"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "script.yml" in done.stderr


def test_the_hub_keeps_its_data_where_it_is_told(tmp_path: Path) -> None:
    process, url = started("hub", "--data", str(tmp_path / "hub"))
    try:
        assert httpx2.get(f"{url}/api/v3/repos/o/r").status_code in {401, 404}
    finally:
        stop(process)
    assert (tmp_path / "hub" / "control-token").exists()
