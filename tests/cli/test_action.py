"""The composite action, the runner's workflow and the manifest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.cli.conftest import DONE, EDIT, READ, environment, script

from minion.domain.config import Environment
from minion.scripted import ScriptedModel

ROOT = Path(__file__).resolve().parents[2]


def load(path: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((ROOT / path).read_text())
    return found


def check_schema(schema: str, *paths: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *(str(ROOT / p) for p in paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-actions", ("action/action.yml",)),
        ("vendor.github-workflows", ("action/runner-workflow.yml", ".github/workflows/ci.yml")),
        ("vendor.dependabot", (".github/dependabot.yml",)),
    ],
)
def test_files_for_github_fit_its_schemas(schema: str, paths: tuple[str, ...]) -> None:
    result = check_schema(schema, *paths)
    assert result.returncode == 0, result.stdout


def test_few_inputs_and_no_value_is_spliced_into_a_script() -> None:
    action = load("action/action.yml")
    assert len(action["inputs"]) <= 12
    assert all("${{" not in step["run"] for step in action["runs"]["steps"])


def test_the_runner_can_only_read_and_prove_who_it_is() -> None:
    workflow = load("action/runner-workflow.yml")
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    assert "permissions" not in workflow["jobs"]["round"]
    assert workflow["run-name"] == "minion ${{ inputs.nonce }}"
    assert workflow["jobs"]["round"]["runs-on"] == "${{ inputs.runner }}"
    runner = workflow["on"]["workflow_dispatch"]["inputs"]["runner"]
    assert runner["default"] == Environment().runs_on
    assert not runner.get("required")
    given = workflow["jobs"]["round"]["steps"][0]["with"]
    assert set(given) <= set(load("action/action.yml")["inputs"])


def test_workflows_of_this_repository_are_pinned() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use) for use in uses)


def test_the_manifest_asks_for_what_is_used_and_no_more() -> None:
    manifest = load("manifest.yml")
    assert manifest["default_permissions"] == {
        "metadata": "read",
        "contents": "write",
        "pull_requests": "write",
        "issues": "write",
        "checks": "write",
        "actions": "write",
        "statuses": "read",
    }


def test_the_manifest_hears_what_is_handled() -> None:
    from minion.webhooks import HANDLED_EVENTS

    unasked = {
        "installation",
        "installation_repositories",
    }  # every App gets them; a manifest that names them is refused
    assert set(load("manifest.yml")["default_events"]) == set(HANDLED_EVENTS) - unasked


def test_the_action_locks_what_the_runner_needs_as_the_main_lock_does(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / ".ci" / "runner_lock.py", tmp_path], check=True)
    for name in ("requirements.lock", "installer.lock"):
        assert (ROOT / "action" / name).read_text() == (tmp_path / name).read_text(), "make lock"
    locked = re.findall(r"^([\w.-]+)==", (tmp_path / "requirements.lock").read_text(), re.MULTILINE)
    assert {"hatchling", "httpx2", "pydantic", "rich", "mcp", "cryptography"} <= set(locked)
    assert not {"anthropic", "fastapi", "githubkit", "pytest"} & set(locked)


@pytest.mark.thorough
def test_what_the_action_installs_carries_out_a_task(project: Path, tmp_path: Path) -> None:
    """From the package index; uv is fetched where it is not there."""
    place = {"ACTION_PATH": ROOT / "action", "RUNNER_TEMP": tmp_path, "GITHUB_OUTPUT": tmp_path / "output"}
    settings = {**place, "SANDBOX": "auto", "PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin"}
    told = [f"{name}={value}" for name, value in settings.items()]
    subprocess.run(["env", *told, "bash", ROOT / "action" / "install.sh"], check=True)
    minion = tmp_path / "minion-venv" / "bin" / "minion"
    assert (tmp_path / "output").read_text() == f"minion={minion}\n"
    with ScriptedModel(script(READ, EDIT, DONE)) as model:
        command = [minion, "run", "Make double() double", "--repo", project]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(model))
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("minion-venv/lib/*/site-packages/anthropic"))
