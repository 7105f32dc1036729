"""The files of another commit for a while, and then the work again, exactly."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from minion.adapters.workspace import CloneSource, GitWorkspace, clone


def git(directory: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    done = subprocess.run(["git", *who, *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def commits(tmp_path: Path) -> tuple[Path, str, str]:
    """A repository with a base, and a head that changed, deleted and added files: (folder, base, head)."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    (origin / "same").write_text("same\n")
    (origin / "changed").write_text("base\n")
    (origin / "gone").write_text("base\n")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "base")
    base = git(origin, "rev-parse", "HEAD")
    (origin / "changed").write_text("head\n")
    (origin / "gone").unlink()
    (origin / "gone").mkdir()
    (origin / "gone" / "now-a-folder").write_text("head\n")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "head")
    return origin, base, git(origin, "rev-parse", "HEAD")


def cloned(tmp_path: Path, commits: tuple[Path, str, str], compared_with: str) -> GitWorkspace:
    source = CloneSource(f"file://{commits[0]}", commits[2], depth=1)
    return clone(source, tmp_path / "work", tmp_path / "private", compared_with=compared_with)


def files(root: Path) -> dict[str, str]:
    found = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}
    return {path: text for path, text in found.items() if path != ".git"}


def test_the_tree_is_the_other_commit_s_and_then_the_work_again(tmp_path: Path, commits: tuple[Path, str, str]) -> None:
    workspace = cloned(tmp_path, commits, commits[1])
    root = Path(workspace.root)
    (root / "changed").write_text("work\n")
    (root / "new").write_text("work\n")
    (root / "same").unlink()
    before, work = files(root), workspace.change_set()
    with workspace.tree_at(commits[1]):
        assert files(root) == {"same": "same\n", "changed": "base\n", "gone": "base\n"}
        (root / "left-by-a-gate").write_text("x")
    assert files(root) == before
    assert workspace.change_set() == work


def test_the_work_is_back_after_an_error(tmp_path: Path, commits: tuple[Path, str, str]) -> None:
    workspace = cloned(tmp_path, commits, commits[1])
    root = Path(workspace.root)
    (root / "changed").write_text("work\n")
    before = files(root)
    with pytest.raises(ZeroDivisionError), workspace.tree_at(commits[1]):
        raise ZeroDivisionError
    assert files(root) == before


def test_a_commit_that_is_gone_is_not_held(tmp_path: Path, commits: tuple[Path, str, str]) -> None:
    assert not cloned(tmp_path, commits, "1" * 40).holds("1" * 40)
