"""`minion doctor` for a whole deployment, with the hub as GitHub."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from minion.hub.server import Hub, HubOptions
from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = "http://127.0.0.1:9"


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an App that is registered from the manifest, with a runner repository beside it."""
    manifest = YAML(typ="safe").load((ROOT / "manifest.yml").read_text())
    workflow = tmp_path / "runner" / ".github" / "workflows" / "minion.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text((ROOT / "action" / "runner-workflow.yml").read_text())
    with Hub(HubOptions(tmp_path / "hub")) as hub, ScriptedModel(Script.playing()) as model:
        hub.create_user("ann")
        hub.create_org("acme", owners=["ann"])
        hub.create_repository("acme/minion-runner", tmp_path / "runner", "ann", private=True)
        registration = {
            "slug": "minion",
            "owner": "acme",
            "webhook_url": f"{PUBLIC}/webhook",
            "webhook_secret": "s",
            "permissions": manifest["default_permissions"],
            "events": manifest["default_events"],
        }
        app = hub.create_app(registration)
        hub.install("minion", "acme", by="ann")
        yield {
            "PATH": "/usr/bin:/bin",
            "GITHUB_API_URL": hub.api_url,
            "GITHUB_SERVER_URL": hub.url,
            "MINION_APP_ID": str(app["id"]),
            "MINION_PRIVATE_KEY": app["private_key"],
            "MINION_WEBHOOK_SECRET": "s",
            "MINION_PUBLIC_URL": PUBLIC,
            "MINION_DATABASE_URL": f"sqlite:///{tmp_path}/minion.db",
            "MINION_RUNNER_REPOSITORY": "acme/minion-runner",
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": "k",
        }


def doctor(env: dict[str, str], folder: Path) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "minion", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=folder, timeout=60)
    return done.returncode, {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_a_sound_deployment(deployment: dict[str, str], tmp_path: Path) -> None:
    code, found = doctor(deployment, tmp_path)
    assert {name: finding["state"] for name, finding in found.items()} == dict.fromkeys(found, "ok")
    assert found.keys() >= {"private key", "GitHub API", "webhook", "runner", "database", "model", "sandbox", "git"}
    assert code == 0


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"MINION_RUNNER_REPOSITORY": "acme/nothing"}, "runner", "not installed on acme/nothing"),
        ({"MINION_RUNNER_WORKFLOW": "other.yml"}, "runner", "has no workflow other.yml"),
        ({"MINION_PUBLIC_URL": "https://elsewhere.example"}, "webhook", "not to https://elsewhere.example/webhook"),
        ({"MINION_APP_ID": "999999"}, "GitHub API", "refuses the App's token"),
        ({"MINION_WEBHOOK_SECRET": ""}, "MINION_WEBHOOK_SECRET", "is not set"),
        ({"MINION_DATABASE_URL": "sqlite:////proc/none/minion.db"}, "database", "/proc/none"),
    ],
)
def test_what_is_wrong_is_found(
    deployment: dict[str, str], tmp_path: Path, change: dict[str, str], name: str, words: str
) -> None:
    code, found = doctor(deployment | change, tmp_path)
    assert (code, found[name]["state"]) == (2, "missing")
    assert words in found[name]["text"]
    assert found[name]["mend"]
