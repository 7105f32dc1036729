"""Objects that we write ourselves, held against git's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.workspace.conftest import Repository

from minion.adapters.workspace import BranchUpdated, commit_to_branch, copy_of_checkout
from minion.adapters.workspace.objects import objects_of
from minion.adapters.workspace.raw import RawObject, write
from minion.domain.changeset import ChangedFile, ChangeSet, FileMode
from minion.domain.ids import CommitSha

NAMES = ("a", "a.b", "lib", "lib/a", "lib/a/deep", "lib.c", "lib/é", "lib0")
"""So that git's order matters (`lib.c` < `lib/` < `lib0`), and that files and folders take each other's place."""
FILES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([b"", b"1\n", b"2\n"]), max_size=6)


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_INDEX_FILE": str(folder / ".git/another-index")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, input=stdin, env=environment
    )
    return os.fsdecode(done.stdout).strip()


def fitting(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without files that others need for a folder."""
    return {path: data for path, data in files.items() if not any(other.startswith(f"{path}/") for other in files)}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=FILES, new=FILES)
def test_a_change_makes_the_tree_that_git_makes(
    tmp_path_factory: pytest.TempPathFactory, old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    repository = Repository(tmp_path_factory.mktemp("raw") / "project")
    odd = {os.fsdecode(b"odd/\xff"): b"its name is not UTF-8"}
    before, after = fitting(old) | odd, fitting(new) | odd
    base = commit_of(repository.path, before)
    files = [ChangedFile(path=path) for path in before if path not in after]
    files += [ChangedFile.of(path, data) for path, data in after.items() if before.get(path) != data]
    change = ChangeSet(base_sha=CommitSha(base), files=tuple(sorted(files, key=lambda file: os.fsencode(file.path))))
    assert isinstance(commit_to_branch(repository.path, "made", change, "m"), BranchUpdated)
    assert run(repository.path, "rev-parse", "made^{tree}") == tree_of(repository.path, after)
    run(repository.path, "fsck", "--strict", "--no-dangling")


def tree_of(folder: Path, files: dict[str, bytes]) -> str:
    rows = b"".join(
        b"100644 %s\t%s\0" % (run(folder, "hash-object", "-w", "--stdin", stdin=data).encode(), os.fsencode(path))
        for path, data in files.items()
    )
    (folder / ".git/another-index").unlink(missing_ok=True)
    run(folder, "update-index", "-z", "--index-info", stdin=rows)
    return run(folder, "write-tree")


def commit_of(folder: Path, files: dict[str, bytes]) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return run(folder, *who, "commit-tree", tree_of(folder, files), stdin=b"before")


@pytest.mark.parametrize("size", [0, 1, 300_000, 3_000_000])
def test_an_object_is_read_by_git_whatever_the_size(repository: Repository, size: int) -> None:
    blob = RawObject("blob", b"x" * size)
    write(repository.path / ".git/objects", [blob, blob])
    assert run(repository.path, "cat-file", "-s", blob.oid) == str(size)


def test_links_programs_and_submodules_keep_their_modes(repository: Repository, tmp_path: Path) -> None:
    head = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},vendored/lib")
    repository.git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "submodule")
    base = repository.git("rev-parse", "HEAD")
    change = ChangeSet(
        base_sha=CommitSha(base),
        files=(
            ChangedFile.of("bin/go", b"#!/bin/sh\n", FileMode.EXECUTABLE),
            ChangedFile.of("vendored/link", b"../README.md", FileMode.SYMLINK),
        ),
    )
    assert isinstance(commit_to_branch(repository.path, "made", change, "m"), BranchUpdated)
    listed = repository.git("ls-tree", "-r", "made", "bin/go", "vendored").splitlines()
    assert [row.split()[0] for row in listed] == ["100755", "160000", "120000"]


def test_only_what_is_new_is_made(repository: Repository, tmp_path: Path) -> None:
    workspace = copy_of_checkout(repository.path, tmp_path / "work", tmp_path / "private").workspace
    change = ChangeSet(base_sha=CommitSha(workspace.head_sha), files=(ChangedFile.of("src/new.py", b"x"),))
    made = objects_of(change, workspace.listing)
    assert [raw.kind for raw in made] == ["blob", "tree", "tree"], "the file, its folder and the whole"
