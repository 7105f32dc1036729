"""git over HTTP: who may read and push, what a push sets off, and what it may not touch."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import REPO, World

ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Bob",
    "GIT_AUTHOR_EMAIL": "bob@example.com",
    "GIT_COMMITTER_NAME": "Bob",
    "GIT_COMMITTER_EMAIL": "bob@example.com",
}


def git(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=where, env=ENV, capture_output=True, text=True, check=False)


def address(world: World, password: str) -> str:
    return world.hub.url.replace("http://", f"http://x-access-token:{password}@") + f"/{REPO}.git"


class Clone:
    def __init__(self, world: World, password: str, folder: Path) -> None:
        self.folder = folder
        self.url = address(world, password)
        done = git(folder.parent, "clone", "-q", self.url, str(folder))
        assert done.returncode == 0, done.stderr

    def commit(self, path: str, text: str, branch: str = "") -> str:
        if branch:
            git(self.folder, "switch", "-q", "-c", branch)
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        git(self.folder, "add", "-A")
        assert git(self.folder, "commit", "-q", "-m", f"Change {path}").returncode == 0
        return git(self.folder, "rev-parse", "HEAD").stdout.strip()

    def push(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return git(self.folder, "push", *arguments)


def test_a_person_pushes_and_it_is_told(world: World, tmp_path: Path) -> None:
    clone = Clone(world, world.hub.token_of("bob"), tmp_path / "work")
    sha = clone.commit("src/app.py", "1\n", "topic")
    assert clone.push("origin", "topic").returncode == 0
    assert world.hub.pushes(REPO)[-1] | {"at": ""} == {
        "ref": "refs/heads/topic",
        "before": "0" * 40,
        "after": sha,
        "actor": "bob",
        "via": "git",
        "at": "",
    }
    assert world.hub.settle(10)
    body = world.listener.of("push")[-1].body
    assert (body["ref"], body["created"], body["pusher"]["name"]) == ("refs/heads/topic", True, "bob")
    assert body["commits"][0]["modified"] == ["src/app.py"]
    suites = world.call("GET", f"/repos/{REPO}/commits/{sha}/check-suites", world.token()).json()["check_suites"]
    assert [(s["app"]["slug"], s["status"], s["latest_check_runs_count"]) for s in suites] == [("minion", "queued", 0)]


def test_reading_needs_a_credential_and_writing_a_permission(world: World, tmp_path: Path) -> None:
    assert git(tmp_path, "ls-remote", f"{world.hub.url}/{REPO}.git").returncode != 0
    assert git(tmp_path, "ls-remote", address(world, "ghp_wrong")).returncode != 0
    assert git(tmp_path, "ls-remote", address(world, world.hub.token_of("eve"))).returncode != 0
    reader = world.token(permissions={"contents": "read"})
    clone = Clone(world, reader, tmp_path / "work")
    clone.commit("a", "b", "topic")
    refused = clone.push("origin", "topic")
    assert refused.returncode != 0
    assert "403" in refused.stderr
    assert git(clone.folder, "push", address(world, world.token()), "topic").returncode == 0


def test_a_token_of_another_repository_does_not_reach_it(world: World, tmp_path: Path) -> None:
    world.hub.create_repository("acme/other", private=True)
    token = world.token(repositories=["other"])
    assert git(tmp_path, "ls-remote", address(world, token)).returncode != 0


@pytest.mark.parametrize("path", [".github/workflows/ci.yml", ".github/workflows/deep/x.yml"])
def test_an_app_may_not_push_workflow_files(world: World, tmp_path: Path, path: str) -> None:
    clone = Clone(world, world.token(), tmp_path / "work")
    clone.commit(path, "on: push\n", "topic")
    clone.commit("fine", "text")
    refused = clone.push("origin", "topic")
    assert refused.returncode != 0
    assert "without `workflows` permission" in refused.stderr
    assert git(clone.folder, "push", address(world, world.hub.token_of("bob")), "topic").returncode == 0


def test_an_app_may_push_on_top_of_workflow_files_that_are_there(world: World, tmp_path: Path) -> None:
    bob = world.hub.user("bob")
    bob.commit(REPO, "main", {".github/workflows/ci.yml": "on: push\n"}, "CI")
    clone = Clone(world, world.token(), tmp_path / "work")
    clone.commit("src/app.py", "x", "topic")
    assert clone.push("origin", "topic").returncode == 0
    git(clone.folder, "rm", "-q", ".github/workflows/ci.yml")
    git(clone.folder, "commit", "-q", "-m", "Remove")
    assert "without `workflows` permission" in clone.push("origin", "topic").stderr


def test_the_same_rule_holds_for_the_api(world: World) -> None:
    token, git_api = world.token(), f"/repos/{REPO}/git"
    head = world.call("GET", f"{git_api}/ref/heads/main", token).json()["object"]["sha"]
    entry = {"path": ".github/workflows/x.yml", "mode": "100644", "type": "blob", "content": "on: push"}
    tree = world.call("POST", f"{git_api}/trees", token, {"base_tree": head, "tree": [entry]}).json()["sha"]
    commit = {"message": "x", "tree": tree, "parents": [head]}
    sha = world.call("POST", f"{git_api}/commits", token, commit).json()["sha"]
    refused = world.call("POST", f"{git_api}/refs", token, {"ref": "refs/heads/x", "sha": sha})
    assert refused.status_code == 403
    assert "workflows" in refused.json()["message"]
    bob = world.hub.token_of("bob")
    assert world.call("POST", f"{git_api}/refs", bob, {"ref": "refs/heads/x", "sha": sha}).status_code == 201


def test_a_protected_branch_is_moved_by_pull_requests_alone(world: World, tmp_path: Path) -> None:
    world.hub.protect(REPO, "main", [{"context": "build"}])
    clone = Clone(world, world.hub.token_of("ann"), tmp_path / "work")
    clone.commit("src/app.py", "x")
    refused = clone.push("origin", "main")
    assert refused.returncode != 0
    assert "GH006" in refused.stderr
    head = git(clone.folder, "rev-parse", "origin/main").stdout.strip()
    path = f"/repos/{REPO}/git/refs/heads/main"
    assert world.call("PATCH", path, world.hub.token_of("ann"), {"sha": head}).status_code == 422


def test_pull_refs_are_readable_and_not_writable(world: World, tmp_path: Path) -> None:
    bob = world.hub.user("bob")
    sha = bob.commit(REPO, "topic", {"a": "b"}, "A")
    bob.open_pr(REPO, "topic", "main", "A")
    clone = Clone(world, world.hub.token_of("bob"), tmp_path / "work")
    assert git(clone.folder, "fetch", "-q", "origin", "refs/pull/1/head").returncode == 0
    assert git(clone.folder, "rev-parse", "FETCH_HEAD").stdout.strip() == sha
    assert "hidden ref" in clone.push("origin", "+HEAD:refs/pull/1/head").stderr


def test_a_moved_head_refuses_the_compare_and_swap(world: World) -> None:
    bob, token = world.hub.user("bob"), world.token()
    first = bob.commit(REPO, "topic", {"a": "1"}, "One")
    mine = world.call("GET", f"/repos/{REPO}/git/commits/{first}", token).json()
    bob.commit(REPO, "topic", {"a": "2"}, "Two")
    commit = {"message": "Mine", "tree": mine["tree"]["sha"], "parents": [first]}
    sha = world.call("POST", f"/repos/{REPO}/git/commits", token, commit).json()["sha"]
    path = f"/repos/{REPO}/git/refs/heads/topic"
    refused = world.call("PATCH", path, token, {"sha": sha, "force": False})
    assert (refused.status_code, refused.json()["message"]) == (422, "Update is not a fast forward")
    assert world.call("PATCH", path, token, {"sha": sha, "force": True}).status_code == 200
