"""Real repositories for the working copy."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from minion.adapters.workspace import CloneSource, GitWorkspace, clone

IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")


class Repository:
    """A person's repository, made with plain git."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *IDENTITY, *arguments], cwd=self.path, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()

    def write(self, path: str, data: str | bytes, executable: bool = False) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
        target.chmod(0o755 if executable else 0o644)

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "origin")
    made.write("README.md", "# Widget\n")
    made.write("src/widget.py", "def size():\n    return 1\n")
    made.write("bin/run", "#!/bin/sh\n", executable=True)
    made.write(".gitignore", "*.log\n/build/\n")
    (made.path / "link").symlink_to("README.md")
    made.commit("first")
    return made


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Repository], GitWorkspace]]:
    made: list[GitWorkspace] = []

    def open_(repository: Repository) -> GitWorkspace:
        number = len(made)
        source = CloneSource(url=f"file://{repository.path}", sha=repository.git("rev-parse", "HEAD"))
        made.append(clone(source, tmp_path / f"work{number}", tmp_path / f"private{number}"))
        return made[-1]

    yield open_
    for workspace in made:
        workspace.close()


@pytest.fixture
def workspace(repository: Repository, opened: Callable[[Repository], GitWorkspace]) -> GitWorkspace:
    return opened(repository)
