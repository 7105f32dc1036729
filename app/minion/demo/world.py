"""What stands on the hub before the demo begins: people, an organisation, repositories, the App."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from ruamel.yaml import YAML

from minion.demo import releases
from minion.demo.changes import Tree
from minion.shipped import folder, manifest

ORGANISATION = "acme"
MAINTAINER = "ann"
PERSON = "Ann Example"


@dataclass(frozen=True)
class World:
    """Names and credentials of what was made. `maintainer_token` is a person's, `app_key` a PEM text."""

    repository: str
    maintainer_token: str
    app_id: int
    app_slug: str
    app_key: str
    webhook_secret: str


class Hub:
    """The hub's control API (`POST /_hub/<method>`) and REST as a person."""

    def __init__(self, url: str, control_token: str) -> None:
        self.url = url
        self.api = f"{url}/api/v3"
        self._client = httpx2.Client(timeout=60, trust_env=False)
        self._control_token = control_token

    def control(self, method: str, **arguments: Any) -> Any:
        return self._send("POST", f"{self.url}/_hub/{method}", self._control_token, arguments)

    def rest(self, token: str, method: str, path: str, **body: Any) -> Any:
        return self._send(method, f"{self.api}{path}", token, body or None)

    def _send(self, method: str, url: str, token: str, body: Any) -> Any:
        answer = self._client.request(method, url, headers={"Authorization": f"Bearer {token}"}, json=body)
        if answer.is_error:
            raise RuntimeError(f"{method} {url} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None


def build_world(hub: Hub, name: str, tree: Tree, executables: frozenset[str], webhook_url: str) -> World:
    token = str(hub.control("create_user", login=MAINTAINER, name=PERSON)["token"])
    hub.control("create_org", login=ORGANISATION, owners=[MAINTAINER])
    hub.control("create_org", login="minion-bot", owners=[MAINTAINER])
    _publish_action(hub, token)
    _runner_repository(hub)
    secret = secrets.token_hex(20)
    app = _register_app(hub, webhook_url, secret)
    hub.control("install", slug=app["slug"], account=ORGANISATION, by=MAINTAINER)
    repository = f"{ORGANISATION}/{name}"
    _repository(hub, repository, tree, executables)
    return World(repository, token, app["id"], app["slug"], app["private_key"], secret)


def _publish_action(hub: Hub, token: str) -> None:
    """The action that this install ships, as the repository and tag that workflows name."""
    tree = {f"action/{path.name}": path.read_bytes() for path in folder("action").iterdir() if path.is_file()}
    _repository(hub, "minion-bot/minion", tree, frozenset())
    head = hub.rest(token, "GET", "/repos/minion-bot/minion/git/ref/heads/main")["object"]["sha"]
    hub.rest(token, "POST", "/repos/minion-bot/minion/git/refs", ref="refs/tags/v1", sha=head)


def _runner_repository(hub: Hub) -> None:
    workflow = (folder("action") / "runner-workflow.yml").read_bytes()
    tree = {".github/workflows/minion.yml": workflow}
    _repository(hub, f"{ORGANISATION}/minion-runner", tree, frozenset(), private=True)


def _repository(hub: Hub, full_name: str, tree: Tree, executables: frozenset[str], *, private: bool = False) -> None:
    with tempfile.TemporaryDirectory(prefix="minion-seed-") as scratch:
        releases.write_tree(tree, Path(scratch))
        for path in executables:
            (Path(scratch) / path).chmod(0o755)
        _commit_all(Path(scratch))
        hub.control("create_repository", full_name=full_name, source=scratch, pusher=MAINTAINER, private=private)


def _commit_all(tree: Path) -> None:
    """As a person's first commit; files that the project's own .gitignore names are part of the release, too."""
    who = ["-c", f"user.name={PERSON}", "-c", f"user.email={MAINTAINER}@example.com"]
    git = ["git", "-C", str(tree), *who]
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "--all", "--force"],
        ["commit", "-q", "-m", "Initial commit"],
    ):
        subprocess.run([*git, *arguments], check=True)


def _register_app(hub: Hub, webhook_url: str, secret: str) -> Any:
    """As a person would from manifest.yml (https://docs.github.com/en/apps/sharing-github-apps)."""
    shipped = YAML(typ="safe", pure=True).load(manifest())
    registration = {
        "slug": shipped["name"],
        "name": shipped["name"],
        "owner": ORGANISATION,
        "webhook_url": webhook_url,
        "webhook_secret": secret,
        "permissions": shipped["default_permissions"],
        "events": shipped["default_events"],
    }
    return hub.control("create_app", registration=registration)
