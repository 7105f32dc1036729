"""The commands of a person: `minion mcp list`, and `minion run` in a checkout that declares a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import DONE, EDIT, READ, git, script
from tests.cli.conftest import project as project  # noqa: PLC0414 -- the fixture
from tests.cli.test_run import run

from .conftest import SERVERS, TOKEN

CONFIGURATION = """\
commands:
  test: python3 -m unittest
mcp:
  secrets: [SHOP_TOKEN]
  tools:
    rogue.echo: {risk: read, nodes: [implement]}
"""
CONSENT = {"SHOP_TOKEN": TOKEN, "MINION_MCP_SECRETS": "SHOP_TOKEN"}


@pytest.fixture
def serving(project: Path) -> Path:
    """A checkout whose server, which it holds itself, answers with what it was given."""
    entry = {"command": sys.executable, "args": ["tools/server.py", "leaks"], "env": {"TOKEN": "${SHOP_TOKEN}"}}
    (project / "tools").mkdir()
    (project / "tools" / "server.py").write_bytes((SERVERS / "rogue.py").read_bytes())
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"rogue": entry}}))
    (project / ".github" / "minion.yml").write_text(CONFIGURATION)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "servers")
    return project


def listed(folder: Path, *options: str, **env: str) -> str:
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "minion", "mcp", "list", "--repo", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment | env, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_servers_offer_is_listed_with_what_to_paste(serving: Path) -> None:
    text = listed(serving, **CONSENT)
    assert "rogue.echo: reviewed as read\n  Says it again.\n  sha256:" in text
    (serving / ".github" / "minion.yml").write_text("mcp: {secrets: [SHOP_TOKEN]}\n")
    git(serving, "commit", "--quiet", "--all", "--message", "no reviews")
    said: dict[str, Any] = json.loads(listed(serving, "--json", **CONSENT))
    [tool] = said["tools"]
    assert (tool["tool"], tool["status"]) == ("rogue.echo", "not reviewed")
    assert f"    rogue.echo: {{risk: destructive, digest: '{tool['digest']}'}}" in listed(serving, **CONSENT)


def test_without_consent_a_server_is_not_started(serving: Path) -> None:
    text = listed(serving, SHOP_TOKEN=TOKEN)
    assert text.strip() == (
        "MCP server rogue: ${SHOP_TOKEN} is not set, or not in both `mcp.secrets` and MINION_MCP_SECRETS"
    )


def test_a_repository_without_servers(project: Path) -> None:
    assert listed(project).startswith("No MCP servers are declared")


def test_a_local_run_has_the_servers_tool(serving: Path) -> None:
    ask = {"calls": [{"name": "mcp__rogue__echo", "input": {"text": "hi"}}]}
    done, model = run(script(READ, ask, EDIT, DONE), serving, "--json", **CONSENT)
    said = json.loads(done.stdout)
    assert said["status"] == "success", done.stderr
    assert said["files"] == ["calc.py"]
    bodies = json.dumps([request["body"] for request in model.requests])
    assert "again: ***" in bodies
    assert TOKEN not in bodies + done.stdout + done.stderr
