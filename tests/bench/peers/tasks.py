"""A bug fix as a repository before it, what is done to mend it, and the digest of what that changes."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.bench.child import ENVIRONMENT, ROOT

from minion.demo.releases import fetch, read_tree, write_tree

ARCHIVES = ROOT / ".cache" / "peers" / "archives"
PEER_BLUEPRINT = Path(__file__).with_name("one-agent.yml")
CONFIGURATION = "commands:\n  setup: 'true'\n  lint: python3 -m compileall -q .\n  test: {test}\n"


@dataclass(frozen=True)
class Shell:
    command: str


@dataclass(frozen=True)
class Read:
    """Lines `first` to `last` of a file, from 1."""

    path: str
    first: int
    last: int


@dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str


Action = Shell | Read | Edit


@dataclass(frozen=True)
class BugFix:
    """`shows` is a Python program that fails before and passes after; `touched` are the files that it changes."""

    package: str
    version: str
    goal: str
    test: str
    shows: str
    looks: Sequence[Action]
    change: Sequence[Edit]
    proof: Action
    touched: tuple[str, ...]

    @property
    def actions(self) -> list[Action]:
        """Ten or eleven steps; one more turn says that it is done."""
        shows = Shell(f"set -o pipefail; python3 -c {shlex.quote(self.shows)} 2>&1 | tail -n 8")
        return [
            Shell("git log --oneline && ls"),
            *self.looks,
            shows,
            *self.change,
            self.proof,
            shows,
            Shell(self.test),
            Shell("git diff"),
        ]

    def make(self, folder: Path) -> None:
        """The repository before the fix, with one commit."""
        folder.mkdir(parents=True)
        write_tree(read_tree(fetch(self.package, self.version, ARCHIVES)), folder)
        ours = {
            ".gitignore": "__pycache__/\n",
            ".github/minion.yml": CONFIGURATION.format(test=self.test),
            ".github/minion/blueprints/one-agent.yml": PEER_BLUEPRINT.read_text(),
        }
        write_tree({path: text.encode() for path, text in ours.items()}, folder)
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")
        for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "before")):
            git(folder, *arguments)


def git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, env=ENVIRONMENT, capture_output=True).stdout


def digest(files: Mapping[str, bytes]) -> str:
    """Of paths and contents, in order of the paths."""
    whole = sha256()
    for path, data in sorted(files.items()):
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def changed_files(folder: Path) -> dict[str, bytes]:
    """What differs from the commit, new files too; a deleted one is empty."""
    listed = git(folder, "status", "--porcelain", "-z", "-uall", "--no-renames").decode()
    paths = [folder / entry[3:] for entry in listed.split("\0") if entry]
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in paths}


def changed_on(folder: Path, branch: str) -> dict[str, bytes]:
    """The same of a branch against `main`."""
    paths = git(folder, "diff", "--name-only", "-z", "main", branch).decode().split("\0")
    return {path: git(folder, "show", f"{branch}:{path}") for path in paths if path}


def by_hand(task: BugFix, folder: Path) -> str:
    """Carries the actions out as they are meant; the digest of what they change. Raises `AssertionError` where the
    programs that show the bug do not fail before and pass after."""
    codes = [_carry_out(folder, action) for action in task.actions]
    shown = [
        code for action, code in zip(task.actions, codes, strict=True) if action == task.actions[1 + len(task.looks)]
    ]
    found = changed_files(folder)
    if shown[0] == 0 or shown[1] != 0 or codes[-2] != 0 or set(found) != set(task.touched):
        raise AssertionError(f"{task.package} does not behave as described: {codes}, {sorted(found)}")
    return digest(found)


def _carry_out(folder: Path, action: Action) -> int:
    match action:
        case Shell(command):
            command_line = ["/bin/bash", "-c", command]
            return subprocess.run(
                command_line, cwd=folder, env=ENVIRONMENT, capture_output=True, check=False
            ).returncode
        case Read(path):
            return len((folder / path).read_text()) and 0
        case Edit(path, old, new):
            text = (folder / path).read_text()
            if text.count(old) != 1:
                raise AssertionError(f"{old!r} stands {text.count(old)} times in {path}")
            (folder / path).write_text(text.replace(old, new))
            return 0
