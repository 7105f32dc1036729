"""Plumbing on a bare repository through the git command line, with no configuration but our own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from minion.hub.errors import unprocessable

ZERO = "0" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
PATH = f"/usr/local/bin:{os.defpath}"
SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "gc.auto=0", "-c", "safe.directory=*")
BASE_ENV = {
    "PATH": PATH,
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
}


class GitError(Exception):
    """A git command failed; the message is what git wrote to stderr."""


@dataclass(frozen=True)
class Signature:
    """Author or committer of a commit."""

    name: str
    email: str
    date: datetime

    @property
    def raw(self) -> str:
        return f"{self.name} <{self.email}> {int(self.date.timestamp())} {self.date.strftime('%z') or '+0000'}"


@dataclass(frozen=True)
class CommitInfo:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True)
class TreeEntry:
    mode: str
    kind: str  # blob | tree | commit
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True)
class FileDiff:
    """One changed file between two commits; `status` as in GitHub's API."""

    path: str
    previous: str | None
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True)
class Git:
    """One bare repository. `env` is added to the environment (the quarantine's variables inside a hook)."""

    directory: Path
    env: tuple[tuple[str, str], ...] = ()

    def run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """Standard output; GitError on a non-zero exit."""
        done = self.attempt(*arguments, stdin=stdin, env=env)
        if done.returncode != 0:
            raise GitError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def attempt(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """The finished process, whatever its exit code; 422 for a name that no program can be given."""
        if any("\0" in argument for argument in arguments):
            raise unprocessable("A name holds a null byte")
        command = ["git", *SAFE, "--git-dir", str(self.directory), *arguments]
        environment = BASE_ENV | dict(self.env) | dict(env or {})
        return subprocess.run(command, input=stdin, capture_output=True, check=False, env=environment)

    def text(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        return self.run(*arguments, stdin=stdin, env=env).decode(errors="replace").strip()

    def init(self, default_branch: str) -> None:
        """Creates the bare repository; http-backend may push to it, and pull refs are readable but not writable."""
        command = ["git", "init", "--quiet", "--bare", f"--initial-branch={default_branch}", str(self.directory)]
        subprocess.run(command, check=True, env=BASE_ENV, capture_output=True)
        for key in ("http.receivepack", "uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"):
            self.run("config", key, "true")

    # -- refs ---------------------------------------------------------------------------------------------------

    def resolve(self, name: str, kind: str = "commit") -> str | None:
        """The sha of a ref, branch, tag or (short) sha, peeled to `kind`; None when there is none."""
        if name.startswith("-") or not name:
            return None
        done = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def ref(self, name: str) -> str | None:
        """The sha that a full ref name points at."""
        done = self.attempt("show-ref", "--verify", "--hash", name)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def refs(self, prefix: str = "") -> dict[str, str]:
        """Full name to sha, sorted; `prefix` is a plain string prefix."""
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        pairs = (line.split(" ") for line in lines)
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def update_ref(self, name: str, new: str, old: str | None = None) -> None:
        """Moves a ref; with `old`, only from there (ZERO: it must not exist). GitError when it moved meanwhile."""
        self.run("update-ref", name, new, *([old] if old is not None else []))

    def delete_ref(self, name: str) -> None:
        self.run("update-ref", "-d", name)

    def valid_ref(self, name: str) -> bool:
        return self.attempt("check-ref-format", name).returncode == 0

    # -- objects ------------------------------------------------------------------------------------------------

    def kind(self, sha: str) -> str | None:
        """commit, tree, blob, tag, or None for a missing object."""
        done = self.attempt("cat-file", "-t", sha)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def blob(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def write_blob(self, content: bytes) -> str:
        return self.text("hash-object", "-w", "--stdin", stdin=content)

    def commit(self, sha: str) -> CommitInfo:
        """The commit with this full sha."""
        return _commit(self.directory, sha, self.env)

    def tree(self, treeish: str, path: str = "", *, recursive: bool = False) -> list[TreeEntry]:
        """Entries below `path`, with full paths; trees are listed too when recursive, as GitHub does."""
        flags = ["-r", "-t"] if recursive else []
        where = ["--", f"{path.strip('/')}/"] if path.strip("/") else []
        raw = self.run("ls-tree", "-z", "--long", *flags, treeish, *where)
        return [_tree_entry(line) for line in raw.decode(errors="replace").split("\0") if line]

    def entry(self, treeish: str, path: str) -> TreeEntry | None:
        """The entry at exactly this path."""
        raw = self.run("ls-tree", "-z", "--long", treeish, "--", path.strip("/")).decode(errors="replace")
        return next((_tree_entry(line) for line in raw.split("\0") if line), None)

    def write_commit(self, tree: str, parents: Sequence[str], message: str, people: tuple[Signature, Signature]) -> str:
        """Author and committer as given; returns the sha."""
        author, committer = people
        lines = [
            f"tree {tree}",
            *(f"parent {p}" for p in parents),
            f"author {author.raw}",
            f"committer {committer.raw}",
        ]
        raw = "\n".join(lines) + "\n\n" + message
        return self.text("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.encode())

    # -- history ------------------------------------------------------------------------------------------------

    def log(self, *revisions: str, limit: int = 10_000) -> list[CommitInfo]:
        """Newest first."""
        raw = self.text("rev-list", f"--max-count={limit}", *revisions)
        return [self.commit(sha) for sha in raw.split()]

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self.attempt("merge-base", "--is-ancestor", older, newer).returncode == 0

    def merge_base(self, one: str, other: str) -> str | None:
        done = self.attempt("merge-base", one, other)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def merge_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge, or None when it conflicts. https://git-scm.com/docs/git-merge-tree"""
        done = self.attempt("merge-tree", "--write-tree", ours, theirs)
        if done.returncode > 1:
            raise GitError(done.stderr.decode(errors="replace"))
        return done.stdout.decode().split("\n", 1)[0] if done.returncode == 0 else None

    def diff(self, before: str, after: str) -> list[FileDiff]:
        """Changed files with patches, renames detected."""
        from minion.hub.git_diff import read_diff

        return read_diff(self, before, after)

    def changed_paths(self, before: str, after: str) -> list[str]:
        raw = self.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)
        return [path for path in raw.decode(errors="replace").split("\0") if path]

    def fetch(self, other: Path, refspecs: Iterable[str]) -> None:
        """Copies refs from another repository on this machine."""
        self.run("fetch", "--quiet", "--no-tags", str(other), *refspecs)


def _tree_entry(line: str) -> TreeEntry:
    meta, _, path = line.partition("\t")
    mode, kind, sha, size = meta.split()
    return TreeEntry(mode, kind, sha, int(size) if size.isdigit() else None, path)


@lru_cache(maxsize=20_000)
def _commit(directory: Path, sha: str, env: tuple[tuple[str, str], ...]) -> CommitInfo:
    raw = Git(directory, env).run("cat-file", "commit", sha).decode(errors="replace")
    head, _, message = raw.partition("\n\n")
    rows = [line.partition(" ")[::2] for line in head.split("\n") if not line.startswith(" ")]
    fields = dict(rows)
    parents = tuple(value for key, value in rows if key == "parent")
    people = (_signature(fields["author"]), _signature(fields["committer"]))
    return CommitInfo(sha, fields["tree"], parents, *people, message.rstrip("\n"))


def _signature(raw: str) -> Signature:
    who, seconds, zone = raw.rsplit(" ", 2)
    name, _, email = who.partition(" <")
    return Signature(name, email.rstrip(">"), _when(seconds, zone))


def _when(seconds: str, zone: str) -> datetime:
    offset = datetime.strptime(zone, "%z").tzinfo
    return datetime.fromtimestamp(int(seconds), offset)
