"""The stage: the processes and the world of one demo, from the hub to the open issue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minion.demo.changes import Tree
from minion.demo.pair import Pair, PairFolder
from minion.demo.processes import Service, free_port
from minion.demo.project_files import repository_tree
from minion.demo.script import issue_body, script, title
from minion.demo.watch import Say
from minion.demo.world import Hub, World, build_world

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
"""What children see of this process's environment."""
MODEL_KEY = "sk-ant-demo-not-a-real-key"


@dataclass(frozen=True)
class Play:
    """The pair, its two trees, and whether the model mends what CI finds."""

    pair: Pair
    folder: PairFolder
    before: Tree
    after: Tree
    mended: bool


@dataclass(frozen=True)
class Stage:
    hub: Hub
    world: World
    app: Service
    issue: int

    def project(self, method: str, path: str, **body: Any) -> Any:
        """REST on the project's repository as its maintainer."""
        return self.hub.rest(self.world.maintainer_token, method, f"/repos/{self.world.repository}{path}", **body)


@contextmanager
def set_stage(play: Play, place: Path, environment: Mapping[str, str], say: Say) -> Iterator[Stage]:
    """Everything runs inside; all processes are ended on the way out."""
    base = {name: value for name, value in environment.items() if name in PASSED_ON}
    services: list[Service] = []
    try:
        hub = _hub(play, place, base, services)
        say(f"hub (GitHub in a box) on {hub.url}")
        model = _model(play, place, base, services)
        say(f"scripted model (Messages API) on {model.url}")
        port = free_port()
        tree, executables = repository_tree(play.pair, play.before)
        world = build_world(hub, play.pair.package, tree, executables, f"http://127.0.0.1:{port}/webhook")
        app = Service(
            "the App", ["serve", f"--port={port}"], _app(base, place, world, (hub, model, port)), place / "app.log"
        )
        services.append(app)
        say(f"App (minion serve) on {app.start()}")
        say(f"repository {world.repository}: {play.pair.package} {play.pair.before}; its CI: lint, test, package")
        yield Stage(hub, world, app, _issue(hub, world, play))
    finally:
        for service in reversed(services):
            service.stop()


def _hub(play: Play, place: Path, base: Mapping[str, str], services: list[Service]) -> Hub:
    offline = ["--runner-env=PIP_NO_INDEX=1", f"--runner-env=PIP_FIND_LINKS={play.folder.wheels}"]
    service = Service("the hub", ["hub", "--port=0", f"--data={place / 'hub'}", *offline], base, place / "hub.log")
    services.append(service)
    url = service.start()
    return Hub(url, (place / "hub" / "control-token").read_text().strip())


def _model(play: Play, place: Path, base: Mapping[str, str], services: list[Service]) -> Service:
    path = place / "script.json"
    path.write_text(json.dumps(script(play.pair, play.before, play.after, mended=play.mended), indent=1))
    arguments = ["model", "--port=0", f"--script={path}", f"--api-key={MODEL_KEY}"]
    service = Service("the model", arguments, base, place / "model.log")
    services.append(service)
    service.start()
    return service


def _app(base: Mapping[str, str], place: Path, world: World, peers: tuple[Hub, Service, int]) -> dict[str, str]:
    """What a deployment would set, and nothing else."""
    hub, model, port = peers
    key = place / "app.pem"
    key.touch(mode=0o600)
    key.write_text(world.app_key)
    return {
        **base,
        "GITHUB_API_URL": hub.api,
        "GITHUB_SERVER_URL": hub.url,
        "MINION_APP_ID": str(world.app_id),
        "MINION_PRIVATE_KEY": str(key),
        "MINION_WEBHOOK_SECRET": world.webhook_secret,
        "MINION_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MINION_DATABASE_URL": f"sqlite:///{place / 'minion.db'}",
        "MINION_OIDC_ISSUER": f"{hub.url}/_services/token",
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": MODEL_KEY,
    }


def _issue(hub: Hub, world: World, play: Play) -> int:
    heading = title(play.pair, play.before, play.after)
    path = f"/repos/{world.repository}/issues"
    issue = hub.rest(world.maintainer_token, "POST", path, title=heading, body=issue_body(play.pair))
    return int(issue["number"])
