"""Watches the hub as a person would: what is new on the issue, the PR and the runs, as it appears."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape

from minion.demo.world import ORGANISATION, Hub, World

Say = Callable[[str], None]

ENDED = {"minion-done": "success", "minion-needs-human": "handoff"}


@dataclass(frozen=True)
class Sight:
    """One new thing. `key` makes it appear once."""

    key: str
    text: str


@dataclass
class Watch:
    hub: Hub
    world: World
    issue: int
    say: Say
    seen: set[str] = field(default_factory=set)
    pull: dict[str, Any] | None = None

    def until_ended(self, seconds: float) -> str | None:
        """`success`, `handoff`, or None when it did not end in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self.look()
            if ended is not None:
                return ended
            time.sleep(0.25)
        return None

    def look(self) -> str | None:
        for sight in self._sights():
            if sight.key not in self.seen:
                self.seen.add(sight.key)
                self.say(escape(sight.text))
        labels = {label["name"] for label in self._get(f"/issues/{self.issue}")["labels"]}
        return next((ended for label, ended in ENDED.items() if label in labels), None)

    def _get(self, path: str, repository: str = "") -> Any:
        return self.hub.rest(self.world.maintainer_token, "GET", f"/repos/{repository or self.world.repository}{path}")

    def _sights(self) -> Iterator[Sight]:
        yield from self._deliveries()
        yield from self._conversation()
        yield from self._rounds()
        yield from self._pulls()
        if self.pull is not None:
            yield from self._checks(self.pull)

    def _deliveries(self) -> Iterator[Sight]:
        for delivery in self.hub.control("list_deliveries", slug=self.world.app_slug):
            if delivery["event"] == "issues" and delivery["action"] == "labeled" and delivery["status_code"] == 202:
                yield Sight("webhook", "signed webhook `issues.labeled` → 202")

    def _conversation(self) -> Iterator[Sight]:
        for reaction in self._get(f"/issues/{self.issue}/reactions"):
            if reaction["content"] == "eyes":
                yield Sight("eyes", f"👀 by {reaction['user']['login']}")
        for comment in self._get(f"/issues/{self.issue}/comments"):
            if comment["user"]["type"] == "Bot":
                yield Sight(
                    f"comment {comment['id']}", f"comment by {comment['user']['login']}: {_first(comment['body'])}"
                )

    def _rounds(self) -> Iterator[Sight]:
        runs = self._get("/actions/runs", f"{ORGANISATION}/minion-runner")["workflow_runs"]
        for number, run in enumerate(sorted(runs, key=lambda item: item["id"]), 1):
            yield Sight(f"run {run['id']}", f"workflow dispatched: run {number} of {ORGANISATION}/minion-runner")
            if run["status"] == "completed":
                yield Sight(f"run {run['id']} done", f"run {number} ended: {run['conclusion']}")

    def _pulls(self) -> Iterator[Sight]:
        for pull in self._get("/pulls?state=all"):
            self.pull = pull
            number = pull["number"]
            draft = "draft PR" if pull["draft"] else "PR"
            yield Sight(f"pull {number}", f"{draft} #{number} by {pull['user']['login']}: {pull['title']}")
            yield Sight(f"head {pull['head']['sha']}", f"push: {pull['head']['ref']} is at {pull['head']['sha'][:10]}")
            if not pull["draft"]:
                yield Sight(f"ready {number}", f"PR #{number} is ready for review")
            for person in pull["requested_reviewers"]:
                yield Sight(f"review {person['login']}", f"review requested from {person['login']}")

    def _checks(self, pull: dict[str, Any]) -> Iterator[Sight]:
        sha = pull["head"]["sha"]
        for run in self._get(f"/commits/{sha}/check-runs")["check_runs"]:
            if run["status"] == "completed" and run["app"]["slug"] == "github-actions":
                mark = "✓" if run["conclusion"] == "success" else "✗"
                yield Sight(f"check {run['id']}", f"CI {mark} {run['name']} on {sha[:10]}: {run['conclusion']}")


def _first(text: str) -> str:
    lines = [line.strip("#* ") for line in text.splitlines() if line.strip() and not line.startswith("<!--")]
    return lines[0][:100] if lines else ""
