"""The adapter against the hub: real HTTP, real tokens, real git behind it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from minion.adapters.github import ClientOptions, GitHubApp
from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.secret import Secret
from minion.hub.client import HubClient
from minion.hub.server import Hub, HubOptions
from minion.ports.github import GitHub

REPO = "acme/widgets"
PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "actions": "write",
    "statuses": "read",
}
CI = """
name: CI
on:
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo "preparing"
      - name: Run the tests
        run: |
          echo "E  assert 1 == 2"
          exit 1
  lint:
    runs-on: ubuntu-latest
    steps:
      - run: echo "clean"
"""


class Wall:
    """A clock that tests may move."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class World:
    hub: Hub
    app: dict[str, Any]
    gate: GitHubApp
    github: GitHub
    repo: RepositoryRef
    clock: Wall
    ann: HubClient
    """Has write permission."""

    @property
    def main(self) -> CommitSha:
        head = self.github.branch_head(self.repo, "main")
        assert head is not None
        return head


@pytest.fixture
def files() -> dict[str, str]:
    """The repository's first commit."""
    return {"README.md": "# Widgets\n", "src/app.py": "x = 1\n", "docs/old.md": "old\n"}


@pytest.fixture
def actions() -> bool:
    return False


@pytest.fixture
def make_gate() -> Iterator[Callable[..., GitHubApp]]:
    """Gates with quick retries, closed at the end."""
    made: list[GitHubApp] = []

    def make(hub: Hub, app: dict[str, Any], clock: Wall, **options: Any) -> GitHubApp:
        chosen = {"timeout_s": 5.0, "pause_s": 0.01} | options
        gate = GitHubApp(app["id"], Secret(app["private_key"]), ClientOptions(hub.api_url, **chosen), clock)
        made.append(gate)
        return gate

    yield make
    for gate in made:
        gate.close()


@pytest.fixture
def world(tmp_path: Path, files: dict[str, str], actions: bool, make_gate: Callable[..., GitHubApp]) -> Iterator[World]:
    source = tmp_path / "source"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    with Hub(HubOptions(tmp_path / "hub", actions=actions)) as hub:
        for login in ("ann", "rob", "eve"):
            hub.create_user(login)
        hub.create_org("acme", owners=["ann"])
        hub.create_repository(REPO, source, "ann")
        hub.set_collaborator(REPO, "rob", "maintain")
        registration = {
            "slug": "minion",
            "owner": "acme",
            "webhook_url": "http://127.0.0.1:9/webhook",
            "webhook_secret": "s",
            "permissions": PERMISSIONS,
            "events": ["issues", "issue_comment", "pull_request"],
        }
        app = hub.create_app(registration)
        installation = hub.install("minion", "acme", by="ann")
        clock = Wall()
        gate = make_gate(hub, app, clock)
        github = gate.installation(installation["id"])
        facts = github.repository("acme", "widgets")
        assert facts is not None
        ann = hub.user("ann")
        yield World(hub, app, gate, github, facts.ref, clock, ann)
        ann.close()
        assert hub.unknown_requests == []
