"""Back to how the files were, exactly, without a word of git's in the tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.workspace.conftest import Repository

from minion.adapters.workspace import CloneSource, GitWorkspace, clone
from minion.domain.changeset import FileMode

Opener = Callable[[Repository], GitWorkspace]


def files(workspace: GitWorkspace) -> dict[str, tuple[str, bytes]]:
    """Every path with its kind and content, as the file system has them."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder, folders, names in os.walk(workspace.root):
        for name in [*names, *(name for name in folders if (Path(folder) / name).is_symlink())]:
            path = Path(folder) / name
            shown = str(path.relative_to(workspace.root))
            if path.is_symlink():
                found[shown] = ("link", os.fsencode(path.readlink()))
            elif path.is_file():
                found[shown] = ("x" if path.stat().st_mode & 0o100 else "-", path.read_bytes())
            else:
                found[shown] = ("other", b"")
    return found


def work(tree: Path) -> None:
    """What earlier items left."""
    (tree / "src/widget.py").write_text("def size():\n    return 2\n")
    (tree / "src/new.py").write_text("x = 1\n")
    (tree / "README.md").unlink()


def everything_at_once(tree: Path) -> None:
    (tree / "src/widget.py").write_text("broken")
    (tree / "src/new.py").unlink(missing_ok=True)
    (tree / "src/new.py").mkdir()
    (tree / "src/new.py/inside").write_text("a folder took its place")
    (tree / "README.md").write_text("back again, and other")
    (tree / "bin/run").chmod(0o644)
    (tree / "link").unlink()
    (tree / "link").symlink_to("/etc/passwd")
    (tree / "deep/er").mkdir(parents=True)
    (tree / "deep/er/file").write_text("new")
    os.mkfifo(tree / "pipe")
    with (tree / "huge").open("wb") as stream:
        stream.truncate(60_000_000)


def test_the_files_are_what_they_were(workspace: GitWorkspace) -> None:
    tree = Path(workspace.root)
    work(tree)
    before, digest, kept = files(workspace), workspace.tree_digest(), workspace.checkpoint()
    everything_at_once(tree)
    assert files(workspace) != before
    workspace.restore(kept)
    assert files(workspace) == before
    assert workspace.tree_digest() == digest
    assert not (tree / "deep").exists()


def test_nothing_is_remembered_where_nothing_was_changed(workspace: GitWorkspace) -> None:
    before, kept = files(workspace), workspace.checkpoint()
    assert kept.changed == {}
    everything_at_once(Path(workspace.root))
    workspace.restore(kept)
    assert files(workspace) == before
    assert workspace.change_set().empty


@pytest.mark.parametrize("place", [".gitignore", "a/.gitignore", "a/b/.gitignore"])
def test_an_ignore_file_of_the_item_hides_nothing_of_it(workspace: GitWorkspace, place: str) -> None:
    before, kept = files(workspace), workspace.checkpoint()
    hiding = Path(workspace.root) / place
    hiding.parent.mkdir(parents=True, exist_ok=True)
    (hiding.parent / "smuggled.py").write_text("x = 1\n")
    hiding.write_text("smuggled.py\n")
    workspace.restore(kept)
    assert files(workspace) == before


def test_what_preparation_made_comes_back_too(workspace: GitWorkspace) -> None:
    tree = Path(workspace.root)
    (tree / "vendor").mkdir()
    (tree / "vendor/lib.js").write_text("1")
    workspace.preparation_done()
    kept = workspace.checkpoint()
    (tree / "vendor/lib.js").write_text("2")
    workspace.restore(kept)
    assert (tree / "vendor/lib.js").read_text() == "1"
    assert workspace.change_set().empty


def test_each_content_is_stored_once(workspace: GitWorkspace) -> None:
    def objects() -> int:
        return sum(1 for path in (workspace.git_dir / "objects").rglob("*") if path.is_file())

    tree = Path(workspace.root)
    start = objects()
    for number in range(5):
        (tree / f"file{number}.py").write_text(f"x = {number}\n")
        workspace.checkpoint()
        workspace.checkpoint()
    assert objects() - start == 5


def test_the_tree_s_own_git_settings_are_not_asked(workspace: GitWorkspace, tmp_path: Path) -> None:
    tree, canary = Path(workspace.root), tmp_path / "canary"
    (tree / ".git").unlink()
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    (tree / ".git/config").write_text(f'[core]\nfsmonitor = touch {canary}\n[filter "x"]\nclean = touch {canary}\n')
    (tree / ".gitattributes").write_text("* filter=x text eol=crlf\n")
    (tree / "a.txt").write_bytes(b"one\r\ntwo\n")
    kept = workspace.checkpoint()
    (tree / "a.txt").write_text("other")
    workspace.restore(kept)
    assert (tree / "a.txt").read_bytes() == b"one\r\ntwo\n"
    assert not canary.exists()


def test_a_link_is_remembered_as_a_link(workspace: GitWorkspace) -> None:
    tree = Path(workspace.root)
    (tree / "secret-link").symlink_to("/etc/hostname")
    kept = workspace.checkpoint()
    (tree / "secret-link").unlink()
    (tree / "secret-link").write_text("a file now")
    workspace.restore(kept)
    assert (tree / "secret-link").readlink() == Path("/etc/hostname")


@pytest.fixture
def on_a_branch(repository: Repository, tmp_path: Path) -> GitWorkspace:
    """A checkout of a branch that a person began: the base is the commit before."""
    base = repository.git("rev-parse", "HEAD")
    repository.write("src/widget.py", "def size():\n    return 3\n")
    repository.write("src/half.py", "# half done\n")
    repository.git("rm", "--quiet", "bin/run")
    source = CloneSource(f"file://{repository.path}", repository.commit("half done"))
    return clone(source, tmp_path / "work", tmp_path / "private", compared_with=base)


def test_what_the_branch_had_changed_before(on_a_branch: GitWorkspace) -> None:
    (Path(on_a_branch.root) / "src/mine.py").write_text("x = 1\n")
    diff = on_a_branch.diff_of_branch()
    assert "+    return 3" in diff
    assert "mine.py" not in diff
    assert len(on_a_branch.diff_of_branch(limit=20)) < 100
    changed = on_a_branch.changes_of_branch().files
    assert [(file.path, file.content is None) for file in changed] == [
        ("bin/run", True),
        ("src/half.py", False),
        ("src/mine.py", False),
        ("src/widget.py", False),
    ]
    assert {file.mode for file in changed} == {FileMode.FILE}


def test_a_task_that_begins_at_its_base_found_nothing_there(workspace: GitWorkspace) -> None:
    (Path(workspace.root) / "src/mine.py").write_text("x = 1\n")
    assert workspace.diff_of_branch() == ""
    assert [file.path for file in workspace.changes_of_branch().files] == ["src/mine.py"]


def test_the_diff_of_one_item(workspace: GitWorkspace) -> None:
    tree = Path(workspace.root)
    (tree / "vendor").mkdir()
    (tree / "vendor/lib.js").write_text("1\n")
    workspace.preparation_done()
    work(tree)
    kept = workspace.checkpoint()
    assert workspace.diff(since=kept) == ""
    (tree / "src/new.py").write_text("x = 1\ny = 2\n")
    diff = workspace.diff(since=kept)
    assert "+y = 2" in diff
    assert "widget.py" not in diff
    assert "README.md" not in diff
    assert "vendor" not in diff
    assert [file.path for file in workspace.change_set(kept).files] == ["src/new.py"]
    assert len(workspace.change_set().files) == 3
    assert "widget.py" in workspace.diff()
    (tree / "vendor/lib.js").write_text("2\n")
    assert "-1\n+2" in workspace.diff(since=kept)
