"""The seam to Actions: what starts workflows, where, and what the checks say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from githubkit.webhooks import parse

from minion.hub.actions.service import Actions
from minion.hub.server import Hub, HubOptions

from .conftest import REPO, Listener, World, build_world

CI = """\
name: CI
on:
  push:
    branches: [main]
  pull_request:
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "$GITHUB_REF $GITHUB_SHA" && test "$GITHUB_EVENT_NAME" = pull_request
"""
TALK = """\
name: Talk
on: issue_comment
permissions:
  issues: write
  contents: write
jobs:
  answer:
    runs-on: ubuntu-latest
    env:
      TOKEN: ${{ github.token }}
      SHA: ${{ github.sha }}
    steps:
      - run: >-
          python3 -c 'import json, os, urllib.request as r;
          base = os.environ["GITHUB_API_URL"] + "/repos/" + os.environ["GITHUB_REPOSITORY"];
          post = lambda path, body: r.urlopen(r.Request(base + path, json.dumps(body).encode(),
          {"Authorization": "Bearer " + os.environ["TOKEN"], "User-Agent": "job"}));
          post("/issues/1/comments", {"body": "from a job"});
          post("/git/refs", {"ref": "refs/heads/by-job", "sha": os.environ["SHA"]})'
"""


@pytest.fixture
def live(tmp_path: Path, listener: Listener, source: Path) -> Iterator[World]:
    """A world whose repository has workflows, on a hub with Actions."""
    (source / ".github" / "workflows").mkdir(parents=True)
    (source / ".github" / "workflows" / "ci.yml").write_text(CI)
    (source / ".github" / "workflows" / "talk.yml").write_text(TALK)
    with Hub(HubOptions(tmp_path / "hub")) as hub:
        world = build_world(hub, listener, source)
        assert hub.settle(30)
        yield world
    assert hub.unknown_requests == []
    assert hub.crashes == []


def runs(world: World) -> list[tuple[str, str, str]]:
    found = world.call("GET", f"/repos/{REPO}/actions/runs", world.token()).json()["workflow_runs"]
    return [(run["name"], run["event"], run["conclusion"]) for run in found]


def test_a_pull_request_of_the_app_runs_ci_at_its_merge_commit(live: World) -> None:
    assert runs(live) == [("CI", "push", "failure")]
    token, git = live.token(), f"/repos/{REPO}/git"
    head = live.call("GET", f"{git}/ref/heads/main", token).json()["object"]["sha"]
    entry = {"path": "new.py", "mode": "100644", "type": "blob", "content": "x"}
    tree = live.call("POST", f"{git}/trees", token, {"base_tree": head, "tree": [entry]}).json()["sha"]
    commit = live.call("POST", f"{git}/commits", token, {"message": "x", "tree": tree, "parents": [head]}).json()["sha"]
    live.call("POST", f"{git}/refs", token, {"ref": "refs/heads/minion/1-x", "sha": commit})
    body = {"title": "x", "head": "minion/1-x", "base": "main"}
    pull = live.call("POST", f"/repos/{REPO}/pulls", token, body).json()
    assert live.hub.settle(30)
    assert runs(live)[0] == ("CI", "pull_request", "success")
    checks = live.call("GET", f"/repos/{REPO}/commits/{commit}/check-runs", token).json()["check_runs"]
    assert [(c["name"], c["app"]["slug"], c["conclusion"]) for c in checks] == [("build", "github-actions", "success")]
    assert checks[0]["pull_requests"][0]["number"] == pull["number"]
    log = live.call("GET", f"/repos/{REPO}/actions/jobs/{checks[0]['id']}/logs", token)
    text = httpx2.get(log.headers["Location"]).text
    assert f"refs/pull/{pull['number']}/merge {pull['merge_commit_sha']}" in text
    for one in live.listener.received:
        parse(one.event, one.raw)
    heard = {"check_run.completed", "check_suite.completed", "workflow_run.completed", "workflow_job.completed"}
    assert heard <= set(live.listener.names())
    page = httpx2.get(checks[0]["details_url"])
    assert (page.status_code, "refs/pull/" in page.text) == (200, True)


def test_a_conflicted_pull_request_runs_nothing(live: World) -> None:
    bob, ann = live.hub.user("bob"), live.hub.user("ann")
    bob.commit(REPO, "topic", {"src/app.py": "one\n2\nthree\n"}, "Mine")
    ann.commit(REPO, "main", {"src/app.py": "one\nzwei\nthree\n"}, "Theirs")
    bob.open_pr(REPO, "topic", "main", "Conflict")
    assert live.hub.settle(30)
    assert [event for _, event, _ in runs(live)] == ["push", "push"]


def test_what_a_job_does_starts_no_workflow(live: World) -> None:
    ann = live.hub.user("ann")
    ann.open_issue(REPO, "A bug")
    ann.comment(REPO, 1, "hello")
    assert live.hub.settle(30)
    assert [c["user"]["login"] for c in ann.comments(REPO, 1)] == ["ann", "github-actions[bot]"]
    assert [name for name, _, _ in runs(live)] == ["Talk", "CI"]
    assert runs(live)[0] == ("Talk", "issue_comment", "success")
    assert live.hub.pushes(REPO)[-1]["actor"] == "github-actions[bot]"


def test_repositories_without_actions_start_nothing(live: World) -> None:
    live.hub.set_settings(REPO, actions_enabled=False)
    live.hub.user("ann").open_issue(REPO, "A bug")
    live.hub.user("ann").comment(REPO, 1, "hello")
    assert live.hub.settle(30)
    assert [name for name, _, _ in runs(live)] == ["CI"]


def test_runs_can_be_told_never_to_start(live: World) -> None:
    live.hub.set_actions_knobs(runs_never_start=True)
    live.hub.user("ann").open_issue(REPO, "A bug")
    live.hub.user("ann").comment(REPO, 1, "hello")

    def newest() -> Any:
        return runs(live)[0]

    from .conftest import wait_for

    wait_for(lambda: newest()[0] == "Talk")
    assert newest() == ("Talk", "issue_comment", None)


def test_the_verdict_tells_what_went_wrong_in_actions_too(live: World) -> None:
    actions = live.hub.core.actions
    assert isinstance(actions, Actions)
    assert live.hub.verdict()["crashes"] == []
    actions.errors.append(ValueError("a bug of its own"))
    assert ["a bug of its own" in crash for crash in live.hub.verdict()["crashes"]] == [True]
