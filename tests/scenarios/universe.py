"""One hub, one App, one scripted model; a fresh repository for each scenario."""

from __future__ import annotations

import itertools
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tests.scenarios.project import FILES

from minion.demo.processes import Service, free_port
from minion.hub.client import HubClient
from minion.hub.server import Hub, HubOptions
from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel
from minion.settings import machine_environment
from minion.shipped import folder, manifest

ORGANISATION = "acme"
MODEL_KEY = "sk-ant-scenario-not-a-real-key"
SECRET = "scenario-webhook-secret"
Json = dict[str, Any]
Snapshot = Callable[["Repository"], None]
"""The fixture `snapshot`: compares a repository's whole conversation with the one kept for the test."""


PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


@contextmanager
def started(place: Path) -> Iterator[Universe]:
    """A universe that lives in `place`, with what its processes need of this machine's environment."""
    made = Universe(place, {name: value for name, value in machine_environment().items() if name in PASSED_ON})
    made.start()
    yield made
    made.stop()


@dataclass
class Universe:
    place: Path
    environment: Mapping[str, str]
    opened: list[Repository] = field(default_factory=list)
    """Repositories that no scenario has answered for yet."""
    secrets: dict[str, str] = field(default_factory=dict)
    """By name: what scenarios have given to jobs, and may be found nowhere."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def start(self) -> None:
        self.hub = Hub(HubOptions(self.place / "hub", runner_path=[Path(sys.executable).parent])).start()
        self.model = ScriptedModel(Script.of({"conversations": []}), api_key=MODEL_KEY).start()
        self.port = free_port()
        self._people()
        self._app(f"http://127.0.0.1:{self.port}")

    def stop(self) -> None:
        self.app.stop()
        self.model.stop()
        self.hub.stop()

    def _people(self) -> None:
        for login in ("ann", "bob", "mallory"):
            self.hub.create_user(login)
        self.hub.create_org(ORGANISATION, owners=["ann"])
        self.hub.create_org("minion-bot", owners=["ann"])
        self.ann = self.hub.user("ann")
        self.bob = self.hub.user("bob")
        self.mallory = self.hub.user("mallory")
        action = self.place / "action"
        (action / "action").mkdir(parents=True)
        for path in folder("action").iterdir():
            (action / "action" / path.name).write_bytes(path.read_bytes())
        self.hub.create_repository("minion-bot/minion", action, "ann")
        head = self.ann.call("GET", "/repos/minion-bot/minion/git/ref/heads/main")["object"]["sha"]
        self.ann.call("POST", "/repos/minion-bot/minion/git/refs", {"ref": "refs/tags/v1", "sha": head})
        runner = self.place / "runner" / ".github" / "workflows"
        runner.mkdir(parents=True)
        (runner / "minion.yml").write_bytes((folder("action") / "runner-workflow.yml").read_bytes())
        self.hub.create_repository(f"{ORGANISATION}/minion-runner", self.place / "runner", "ann", private=True)

    def _app(self, url: str) -> None:
        shipped = YAML(typ="safe", pure=True).load(manifest())
        registered = self.hub.create_app(
            {
                "slug": "minion",
                "owner": ORGANISATION,
                "webhook_url": f"{url}/webhook",
                "webhook_secret": SECRET,
                "permissions": shipped["default_permissions"],
                "events": shipped["default_events"],
            }
        )
        self.hub.install("minion", ORGANISATION, by="ann")
        environment = {
            **self.environment,
            "GITHUB_API_URL": self.hub.api_url,
            "GITHUB_SERVER_URL": self.hub.url,
            "MINION_APP_ID": str(registered["id"]),
            "MINION_PRIVATE_KEY": registered["private_key"].replace("\n", "\\n"),
            "MINION_WEBHOOK_SECRET": SECRET,
            "MINION_PUBLIC_URL": url,
            "MINION_DATABASE_URL": f"sqlite:///{self.place / 'minion.db'}",
            "MINION_OIDC_ISSUER": f"{self.hub.url}/_services/token",
            "ANTHROPIC_BASE_URL": self.model.url,
            "ANTHROPIC_API_KEY": MODEL_KEY,
        }
        self.key = registered["private_key"]
        self.settings = environment
        self._start({})

    def _start(self, changed: Mapping[str, str | None]) -> None:
        wanted = {name: value for name, value in {**self.settings, **changed}.items() if value is not None}
        self.app = Service("the App", ["serve", f"--port={self.port}"], wanted, self.place / "app.log")
        self.app.start()

    @contextmanager
    def changed(self, settings: Mapping[str, str | None]) -> Iterator[None]:
        """The App is restarted with other settings for a while; None: without that variable."""
        self.app.stop()
        self._start(settings)
        try:
            yield
        finally:
            self.app.stop()
            self._start({})

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """From the App's database, read-only."""
        with closing(sqlite3.connect(f"file:{self.place / 'minion.db'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def play(self, *conversations: Json) -> None:
        """What the model says from now on."""
        self.model.play(Script.of({"conversations": list(conversations)}))

    def repository(self, changed: Mapping[str, str | None] | None = None) -> Repository:
        """The tiny project with some files changed; bob may write, mallory may read."""
        name = f"calc{next(self._numbers)}"
        tree = self.place / name
        for path, text in {**FILES, **(changed or {})}.items():
            if text is not None:
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                (tree / path).write_text(text)
        full_name = f"{ORGANISATION}/{name}"
        self.hub.create_repository(full_name, tree, "ann")
        self.hub.set_collaborator(full_name, "bob", "write")
        repository = Repository(self, full_name)
        self.opened.append(repository)
        repository.await_runs()
        return repository


@dataclass
class Repository:
    universe: Universe
    name: str
    read: set[tuple[int, str]] = field(default_factory=set)
    """The comments (id, text) that a snapshot holds."""

    def await_runs(self) -> None:
        """Its workflows have ended."""
        wait(lambda: all(run["status"] == "completed" for run in self.runs()), "the workflows to end")

    def runs(self) -> list[Json]:
        found: list[Json] = self.universe.ann.call("GET", f"/repos/{self.name}/actions/runs")["workflow_runs"]
        return found

    def issue(
        self, title: str = "add() subtracts", body: str = "add(2, 3) should be 5.", by: HubClient | None = None
    ) -> int:
        return int((by or self.universe.ann).open_issue(self.name, title, body)["number"])

    def numbers(self) -> list[int]:
        """Of its issues and pull requests."""
        found: list[Json] = self.universe.ann.call(
            "GET", f"/repos/{self.name}/issues", params={"state": "all", "per_page": 100}
        )
        return sorted(item["number"] for item in found)

    def labels(self, number: int) -> set[str]:
        return {label["name"] for label in self.universe.ann.issue(self.name, number)["labels"]}

    def ask(self, number: int, by: HubClient | None = None) -> None:
        (by or self.universe.ann).label(self.name, number, "minion")

    def ended(self, number: int, seconds: float = 90) -> str:
        """Waits for the terminal label: `minion-done` or `minion-needs-human`."""
        terminal = {"minion-done", "minion-needs-human"}
        wait(lambda: bool(self.labels(number) & terminal), f"an end of {self.name}#{number}", seconds)
        return next(iter(self.labels(number) & terminal))

    def tasks(self) -> list[str]:
        """The status of each of its tasks, oldest first."""
        query = "select status from tasks where repository_id = ? order by created_at"
        return [status for (status,) in self.universe.rows(query, self.universe.ann.repo(self.name)["id"])]

    def said_all(self) -> bool:
        """No ended task owes its last words: labels and comments are as they will stay."""
        ended = "('succeeded', 'handed_off', 'declined', 'cancelled', 'failed')"
        query = f"select id from tasks where repository_id = ? and due_at is not null and status in {ended}"  # noqa: S608
        return not self.universe.rows(query, self.universe.ann.repo(self.name)["id"])

    def bot_comments(self, number: int) -> list[str]:
        return [c["body"] for c in self.universe.ann.comments(self.name, number) if c["user"]["type"] == "Bot"]

    def await_comment(self, number: int, text: str, seconds: float = 60) -> str:
        """The bot's comment that contains the text."""
        wait(lambda: any(text in body for body in self.bot_comments(number)), f"a comment with {text!r}", seconds)
        return next(body for body in self.bot_comments(number) if text in body)

    def pulls(self) -> list[Json]:
        return [self.universe.ann.pr(self.name, pull["number"]) for pull in self.universe.ann.prs(self.name, "all")]

    def pushes(self, branch: str) -> list[Json]:
        return [push for push in self.universe.hub.pushes(self.name) if push["ref"] == f"refs/heads/{branch}"]

    def rounds_dispatched(self) -> int:
        """How many runner jobs there were for this repository's tasks is not visible; count all of the runner's."""
        runs = self.universe.ann.call("GET", f"/repos/{ORGANISATION}/minion-runner/actions/runs")
        return int(runs["total_count"])

    def conclusions(self, sha: str) -> dict[str, str | None]:
        return {run["name"]: run["conclusion"] for run in self.jobs(sha)}

    def jobs(self, sha: str) -> list[Json]:
        """The check runs of Actions: two workflows may have jobs of one name."""
        runs: Sequence[Json] = self.universe.ann.check_runs(self.name, sha)
        return [run for run in runs if run["app"]["slug"] == "github-actions"]


ENDED = frozenset({"succeeded", "handed_off", "declined", "cancelled", "failed"})


def wait(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Polls until the condition holds, ever more seldom; fails with what was waited for."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)
