"""Where working copies come from, and where work goes in a person's repository."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.workspace.conftest import Repository

from minion.adapters.workspace import (
    BranchRefused,
    BranchUpdated,
    CloneSource,
    clone,
    commit_to_branch,
    copy_of_checkout,
)
from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.errors import AccessLost, UsageError
from minion.domain.ids import CommitSha
from minion.domain.secret import Secret


class Refusing(BaseHTTPRequestHandler):
    """A git server that lets nobody in, and remembers what it was told."""

    seen: list[str | None]

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization"))
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[tuple[str, list[str | None]]]:
    handler = type("Handler", (Refusing,), {"seen": []})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/o/r.git", handler.seen
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_the_token_goes_to_the_server_and_nowhere_else(server: tuple[str, list[str | None]], tmp_path: Path) -> None:
    url, seen = server
    source = CloneSource(url=url, sha="a" * 40, token=Secret("hunter2-token"))
    with pytest.raises(AccessLost) as refused:
        clone(source, tmp_path / "work", tmp_path / "private")
    assert seen[0] is not None
    assert seen[0].startswith("Basic ")
    assert "hunter2" not in str(refused.value)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(b"hunter2" in data or seen[0][6:].encode() in data for data in written)


def test_a_commit_that_is_no_branch_s_head(repository: Repository, tmp_path: Path) -> None:
    sha = repository.git("rev-parse", "HEAD")
    repository.write("later.txt", "later\n")
    repository.commit()
    workspace = clone(CloneSource(url=f"file://{repository.path}", sha=sha), tmp_path / "work", tmp_path / "private")
    assert workspace.head_sha == sha
    assert not (tmp_path / "work/later.txt").exists()


def test_a_commit_that_does_not_exist(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(AccessLost, match="has no commit"):
        clone(CloneSource(url=f"file://{repository.path}", sha="b" * 40), tmp_path / "work", tmp_path / "private")


def test_a_copy_of_a_checkout_leaves_uncommitted_work_out_and_names_it(repository: Repository, tmp_path: Path) -> None:
    repository.write("README.md", "not committed\n")
    repository.write("notes.txt", "new\n")
    copy = copy_of_checkout(repository.path / "src", tmp_path / "work", tmp_path / "private")
    assert copy.uncommitted == ("README.md", "notes.txt")
    assert (tmp_path / "work/README.md").read_text() == "# Widget\n"
    assert copy.workspace.head_sha == repository.git("rev-parse", "HEAD")


def test_a_linked_worktree_is_a_checkout_too(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    copy = copy_of_checkout(tmp_path / "side", tmp_path / "work", tmp_path / "private")
    assert (tmp_path / "work/README.md").exists()
    change = ChangeSet(base_sha=CommitSha(copy.workspace.head_sha), files=(ChangedFile.of("new.txt", b"x"),))
    assert isinstance(commit_to_branch(tmp_path / "side", "side", change, "m"), BranchRefused)
    assert isinstance(commit_to_branch(tmp_path / "side", "minion/x", change, "m"), BranchUpdated)
    assert repository.git("show", "minion/x:new.txt") == "x"


@pytest.mark.parametrize("made", [False, True])
def test_no_checkout_or_no_commit_is_a_usage_error(tmp_path: Path, made: bool) -> None:
    if made:
        Repository(tmp_path / "empty")
    (tmp_path / "empty").mkdir(exist_ok=True)
    with pytest.raises(UsageError):
        copy_of_checkout(tmp_path / "empty", tmp_path / "work", tmp_path / "private")


def test_a_branch_is_made_and_moved_without_touching_the_checkout(repository: Repository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hook = repository.path / ".git/hooks/reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    repository.write("README.md", "not committed\n")
    base = CommitSha(repository.git("rev-parse", "HEAD"))
    canary.unlink(missing_ok=True)
    first = ChangeSet(base_sha=base, files=(ChangedFile.of("src/new.py", b"x = 1\n"), ChangedFile(path="bin/run")))
    made = commit_to_branch(
        repository.path, "minion/task", first, "Add x\n\nMinion-Task: t1\n", ("Minion", "m@example.org")
    )
    assert isinstance(made, BranchUpdated)
    assert made.parent == base
    assert repository.git("log", "-1", "--format=%an <%ae> %s", "minion/task") == "Minion <m@example.org> Add x"
    assert repository.git("diff", "--name-status", base, "minion/task") == "D\tbin/run\nA\tsrc/new.py"
    second = first.model_copy(update={"files": (ChangedFile.of("src/new.py", b"x = 2\n"),)})
    moved = commit_to_branch(repository.path, "minion/task", second, "More")
    assert isinstance(moved, BranchUpdated)
    assert moved.parent == made.sha
    assert repository.git("diff", "--name-status", base, "minion/task") == "A\tsrc/new.py"
    assert not canary.exists()
    assert repository.git("status", "--porcelain").splitlines() == ["M README.md"]


def test_branches_that_are_refused(repository: Repository) -> None:
    base = CommitSha(repository.git("rev-parse", "HEAD"))
    change = ChangeSet(base_sha=base, files=(ChangedFile.of("a", b"a"),))
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("unrelated")
    repository.git("checkout", "--quiet", "main")
    for branch, part in (("main", "checked out"), ("a..b", "not a branch name"), ("other", "not built on")):
        refused = commit_to_branch(repository.path, branch, change, "m")
        assert isinstance(refused, BranchRefused)
        assert part in refused.reason
    nowhere = change.model_copy(update={"base_sha": CommitSha("c" * 40)})
    assert isinstance(commit_to_branch(repository.path, "minion/x", nowhere, "m"), BranchRefused)
