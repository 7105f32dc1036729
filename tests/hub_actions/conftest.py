# ruff: noqa: ARG002 - the fake host has the signatures of the real one
"""A small stateful host for the Actions service: repositories on disk, checks and webhooks in lists."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from minion.hub.actions.host import CheckRunState, RepositoryInfo
from minion.hub.actions.options import ActionsOptions
from minion.hub.actions.records import JobRecord, RunRecord
from minion.hub.actions.service import Actions

GIT_ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.com"))
    },
}


def git(cwd: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, env=GIT_ENV, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass
class Repo:
    """A bare repository with a working copy to commit in."""

    info: RepositoryInfo
    work: Path

    def commit(self, files: Mapping[str, str | None], message: str = "change", branch: str = "main") -> str:
        if branch != git(self.work, "branch", "--show-current"):
            git(self.work, "checkout", "-q", "-B", branch)
        for name, text in files.items():
            path = self.work / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        git(self.work, "push", "-q", "origin", branch)
        return git(self.work, "rev-parse", "HEAD")


@dataclass
class FakeHost:
    root: Path
    base_url: str = "http://127.0.0.1:1"
    repositories: dict[int, RepositoryInfo] = field(default_factory=dict)
    stored_secrets: dict[str, str] = field(default_factory=dict)
    stored_variables: dict[str, str] = field(default_factory=dict)
    checks: dict[int, CheckRunState] = field(default_factory=dict)
    suites: dict[int, list[int]] = field(default_factory=dict)
    completed_suites: list[int] = field(default_factory=list)
    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    tokens: dict[str, Mapping[str, str]] = field(default_factory=dict)
    issued: list[Mapping[str, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(500))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_repository(self, name: str = "app", owner: str = "acme", *, private: bool = False) -> Repo:
        number = next(self.numbers)
        bare = self.root / f"{name}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], env=GIT_ENV, check=True)
        work = self.root / f"{name}-work"
        subprocess.run(["git", "clone", "-q", str(bare), str(work)], env=GIT_ENV, check=True, capture_output=True)
        git(work, "checkout", "-q", "-B", "main")
        info = RepositoryInfo(number, name, owner, 7, "Organization", "main", private, True, bare)
        self.repositories[number] = info
        return Repo(info, work)

    def disable(self, number: int) -> None:
        self.repositories[number] = replace(self.repositories[number], actions_enabled=False)

    def repository(self, repository_id: int) -> RepositoryInfo:
        return self.repositories[repository_id]

    def find_repository(self, owner: str, name: str) -> RepositoryInfo | None:
        wanted = f"{owner}/{name}".lower()
        return next((info for info in self.repositories.values() if info.full_name.lower() == wanted), None)

    def repository_json(self, repository_id: int) -> dict[str, Any]:
        info = self.repositories[repository_id]
        return {"id": info.id, "full_name": info.full_name, "default_branch": info.default_branch}

    def user_json(self, login: str) -> dict[str, Any]:
        return {"login": login, "id": 11}

    def secrets(self, repository_id: int) -> Mapping[str, str]:
        return self.stored_secrets

    def variables(self, repository_id: int) -> Mapping[str, str]:
        return self.stored_variables

    def issue_job_token(self, repository_id: int, permissions: Mapping[str, str]) -> str:
        with self.lock:
            token = f"ghs_job{next(self.numbers):08d}"
            self.tokens[token] = permissions
            self.issued.append(permissions)
        return token

    def revoke_token(self, token: str) -> None:
        self.tokens.pop(token)

    def create_check_suite(self, repository_id: int, head_sha: str, head_branch: str) -> int:
        number = next(self.numbers)
        self.suites[number] = []
        return number

    def create_check_run(self, repository_id: int, suite_id: int, state: CheckRunState) -> int:
        number = next(self.numbers)
        self.checks[number] = state
        self.suites[suite_id].append(number)
        return number

    def update_check_run(self, repository_id: int, check_run_id: int, state: CheckRunState) -> None:
        assert check_run_id in self.checks
        self.checks[check_run_id] = state
        suite = next(number for number, checks in self.suites.items() if check_run_id in checks)
        if all(self.checks[number].status == "completed" for number in self.suites[suite]):
            self.completed_suites.append(suite)

    def emit(self, repository_id: int, event: str, payload: Mapping[str, Any]) -> None:
        self.events.append((event, payload))

    def pull_requests_for(self, repository_id: int, head_sha: str) -> Sequence[Mapping[str, Any]]:
        return []


@dataclass
class World:
    host: FakeHost
    repo: Repo
    actions: Actions

    def push(
        self, workflow: str | Mapping[str, str], *, branch: str = "main", message: str = "change", **files: str
    ) -> RunRecord:
        """Commits the workflow, pushes, waits for the end; the run of that push (of the first file)."""
        named = {"ci.yml": workflow} if isinstance(workflow, str) else workflow
        paths = {f".github/workflows/{name}": text for name, text in named.items()}
        sha = self.repo.commit({**paths, **files}, message, branch)
        self.pushed(sha, branch)
        self.settle()
        found = [run for run in self.runs() if run.head_sha == sha]
        assert found, "no run was started"
        return found[-1]

    def pushed(self, sha: str, branch: str = "main", before: str = "0" * 40) -> None:
        payload = {"ref": f"refs/heads/{branch}", "before": before, "after": sha, "sender": {"login": "ann", "id": 11}}
        self.actions.handle("push", self.repo.info.id, payload, ref=f"refs/heads/{branch}", sha=sha, actor="ann")

    def runs(self) -> list[RunRecord]:
        return self.actions.ledger.runs_of(self.repo.info.id)

    def settle(self) -> None:
        wait_for(self.actions.idle)
        assert self.actions.errors == []


def wait_for(done: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def job(run: RunRecord, name: str) -> JobRecord:
    found = [each for each in run.attempt_jobs() if each.name == name]
    assert found, f"no job {name} among {[each.name for each in run.jobs]}"
    return found[-1]


def log(job: JobRecord) -> str:
    """The log without its time stamps."""
    lines = job.log.read_text().splitlines()
    assert all((len(line) > 29 and line[19] == "." and line[27] == "Z") or line[28:29] == " " for line in lines)
    return "\n".join(line[29:] for line in lines)


JobOf = Callable[[RunRecord, str], JobRecord]
LogOf = Callable[[JobRecord], str]
WaitFor = Callable[[Callable[[], bool]], None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    host = FakeHost(tmp_path)
    repo = host.add_repository()
    options = ActionsOptions(
        work_dir=tmp_path / "actions", interrupt_grace_s=0.5, runner_dies_after_s=0.2, runner_lost_after_s=0.3
    )
    actions = Actions(host, options)
    yield World(host, repo, actions)
    actions.close()
    assert actions.errors == []


@pytest.fixture(name="job")
def job_fixture() -> JobOf:
    return job


@pytest.fixture(name="log")
def log_fixture() -> LogOf:
    return log


@pytest.fixture(name="wait_for")
def wait_for_fixture() -> WaitFor:
    return wait_for
