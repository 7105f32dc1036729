"""`minion serve` as a process: it says when it answers, and ends when it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SECRET = "hook-secret"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    path = tmp_path_factory.mktemp("key") / "app.pem"
    path.write_bytes(made.private_bytes(encoding, form, serialization.NoEncryption()))
    return path


def environment(key: Path, folder: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "GITHUB_API_URL": "http://127.0.0.1:9/api/v3",
        "GITHUB_SERVER_URL": "http://127.0.0.1:9",
        "MINION_APP_ID": "7",
        "MINION_PRIVATE_KEY": str(key),
        "MINION_WEBHOOK_SECRET": SECRET,
        "MINION_PUBLIC_URL": "http://127.0.0.1:8080",
        "MINION_DATABASE_URL": f"sqlite:///{folder}/minion.db",
        "ANTHROPIC_API_KEY": "sk-test",
    }


@contextmanager
def served(env: dict[str, str], *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "minion", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        ready, _, _ = select.select([process.stdout], [], [], 30)
        line = process.stdout.readline() if ready else ""
        found = re.fullmatch(r"minion listening on (http://\S+)\n", line)
        assert found, (line, process.stderr.read() if ready else "still starting")
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def test_it_answers_takes_a_webhook_and_ends_on_a_signal(key: Path, tmp_path: Path) -> None:
    with served(environment(key, tmp_path)) as (process, url):
        assert httpx2.get(f"{url}/healthz").status_code == 200
        assert httpx2.get(f"{url}/readyz").status_code == 200
        body = json.dumps({"zen": "x"}).encode()
        signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d1", "Content-Type": "application/json"}
        post = {"X-Hub-Signature-256": signature}
        assert httpx2.post(f"{url}/webhook", content=body, headers=headers | post).status_code == 202
        assert httpx2.post(f"{url}/webhook", content=body, headers=headers).status_code == 401
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == ""
    assert "Traceback" not in err


def test_it_starts_again_on_the_same_database(key: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with served(environment(key, tmp_path)) as (process, url):
            assert httpx2.get(f"{url}/readyz").status_code == 200
            process.kill()


def test_a_taken_port_is_wrong_usage(key: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        command = [sys.executable, "-m", "minion", "serve", "--port", str(other.getsockname()[1])]
        done = subprocess.run(
            command, env=environment(key, tmp_path), capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 2
    assert "Choose another --port" in done.stderr


def test_a_model_without_a_price_is_wrong_usage(key: Path, tmp_path: Path) -> None:
    env = environment(key, tmp_path) | {"MINION_MODELS": "cheap=unheard-of"}
    command = [sys.executable, "-m", "minion", "serve", "--port", "0"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "MINION_PRICES" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_database_of_another_kind_is_wrong_usage(key: Path, tmp_path: Path) -> None:
    env = environment(key, tmp_path) | {"MINION_DATABASE_URL": "mysql://localhost/minion"}
    command = [sys.executable, "-m", "minion", "serve", "--port", "0"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "MINION_DATABASE_URL" in done.stderr
