"""The doctor: what it finds is what is there."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from minion.doctor.app import AppFacts, examine_app
from minion.doctor.endpoints import examine_model
from minion.doctor.exposure import examine_exposure
from minion.doctor.report import Finding, State, exit_code
from minion.domain.secret import Secret

PERMISSIONS = {"contents": "write", "statuses": "read"}


@pytest.fixture(scope="module")
def private_key() -> Secret:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return Secret(key.private_bytes(encoding, form, serialization.NoEncryption()).decode())


class GitHubStub:
    """Answers the three addresses from `answers`, as (status, JSON)."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.get(self.path, (404, {}))
                if not self.headers.get("Authorization") and not self.headers.get("x-api-key"):
                    status, body = 401, {}
                payload = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name that the base class has
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def github() -> Iterator[GitHubStub]:
    stub = GitHubStub()
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.02,))
    thread.start()
    yield stub
    stub.server.shutdown()
    thread.join()
    stub.server.server_close()


def facts(github: GitHubStub, key: Secret) -> AppFacts:
    return AppFacts(github.url, 7, key, "https://m.example", PERMISSIONS, frozenset({"issues", "installation"}))


def states(findings: list[Finding]) -> dict[str, State]:
    return {finding.name: finding.state for finding in findings}


def test_a_working_app(github: GitHubStub, private_key: Secret) -> None:
    github.answers["/app"] = (200, {"slug": "minion", "permissions": PERMISSIONS, "events": ["issues"]})
    github.answers["/app/hook/config"] = (200, {"url": "https://m.example/webhook"})
    found = examine_app(facts(github, private_key))
    assert {finding.state for finding in found} == {State.OK}
    assert states(found).keys() == {"private key", "GitHub API", "webhook"}


def test_an_app_that_lacks_things_is_told_which(github: GitHubStub, private_key: Secret) -> None:
    given = {"contents": "read", "statuses": "read", "administration": "write"}
    github.answers["/app"] = (200, {"slug": "minion", "permissions": given, "events": []})
    github.answers["/app/hook/config"] = (200, {"url": "https://elsewhere.example/"})
    found = examine_app(facts(github, private_key))
    assert {finding.name for finding in found if finding.state is State.MISSING} == {"permissions", "events", "webhook"}
    texts = " ".join(finding.text for finding in found)
    assert "lacks contents" in texts
    assert "more than it uses: administration" in texts
    assert "does not hear issues" in texts


def test_a_refused_token_and_a_broken_key(github: GitHubStub, private_key: Secret) -> None:
    github.answers["/app"] = (401, {})
    assert states(examine_app(facts(github, private_key)))["GitHub API"] is State.MISSING
    assert states(examine_app(facts(github, Secret("nonsense")))) == {"private key": State.MISSING}


def test_the_model_endpoint(github: GitHubStub) -> None:
    github.answers["/v1/models"] = (200, {"data": []})
    assert examine_model(github.url, Secret("k"), None).state is State.OK
    assert examine_model(github.url, None, None).state is State.MISSING
    assert examine_model("http://127.0.0.1:9", Secret("k"), None).state is State.MISSING


WORKFLOWS = {
    "push.yml": ("on: push\njobs: {a: {env: {K: '${{ secrets.DEPLOY_KEY }}'}}}", "DEPLOY_KEY"),
    "pull.yaml": ("on: [pull_request]\npermissions: {id-token: write}", "OIDC"),
    "main.yml": ("on: {push: {branches: [main]}}\nenv: {K: '${{ secrets.MAIN_ONLY }}'}", None),
    "ours.yml": ("on: {push: {branches: ['minion/**']}}\nenv: {K: \"${{ secrets['OURS'] }}\"}", "OURS"),
    "tags.yml": ("on: {push: {tags: ['v*']}}\nenv: {K: '${{ secrets.RELEASE }}'}", None),
    "plain.yml": ("on: {pull_request: {}}\nenv: {T: '${{ secrets.GITHUB_TOKEN }}'}", ""),
    "broken.yml": ("on: [", "not readable"),
}


def test_what_ci_gives_to_the_bots_branches(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for name, (text, _) in WORKFLOWS.items():
        (folder / name).write_text(text)
    found = {finding.name: finding for finding in examine_exposure(tmp_path)}
    for name, (_, word) in WORKFLOWS.items():
        if word is None:
            assert name not in found
        else:
            assert word in found[name].text
            assert found[name].state is (State.WARNING if word else State.OK)


def test_only_missing_things_are_an_error() -> None:
    def with_state(state: State) -> Finding:
        return Finding("a", "b", state, "c")

    assert exit_code([with_state(State.OK), with_state(State.WARNING), with_state(State.UNUSED)]) == 0
    assert exit_code([with_state(State.MISSING)]) == 2


def test_the_command_prints_one_object_and_ends_with_2_without_a_key(tmp_path: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "minion", "doctor", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    found = {finding["name"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert result.returncode == 2
    assert found["ANTHROPIC_API_KEY"]["state"] == "missing"
    assert "console.anthropic.com" in found["ANTHROPIC_API_KEY"]["mend"]
    assert found["sandbox"]["state"] == "ok"
