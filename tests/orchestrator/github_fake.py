"""A small GitHub that keeps state behind our port, so that a week of a task's life takes a moment."""

# ruff: noqa: ARG002 -- a fake takes what its port gives

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from minion.domain.changeset import ChangeSet
from minion.domain.checks import CheckResult
from minion.domain.errors import AccessLost, Outage
from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.spec import Permission
from minion.ports.clock import Clock
from minion.ports.github import (
    ActionsRun,
    CheckRunRequest,
    Comment,
    CommitRequest,
    Committed,
    Dispatched,
    FailedDelivery,
    FailedStep,
    HeadMoved,
    Item,
    PullOpened,
    PullRequest,
    RepositoryFacts,
    RequiredCheck,
    Review,
    ReviewThread,
    WriteRefused,
)

APP_ID = 42
BOT = "minion[bot]"
REPO = RepositoryRef(1, "acme", "shop", 9)
RUNNERS = RepositoryRef(77, "acme", "minion-runner", 9)


class KilledError(BaseException):
    """The process dies here: nothing of ours may catch it."""


@dataclass
class Commit:
    sha: CommitSha
    parent: CommitSha | None
    message: str
    files: dict[str, bytes]


@dataclass
class FakeGitHub:
    clock: Clock
    items: dict[int, Item] = field(default_factory=dict)
    threads: dict[int, list[Comment]] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, CommitSha] = field(default_factory=dict)
    results: dict[str, list[CheckResult]] = field(default_factory=dict)
    runs: list[ActionsRun] = field(default_factory=list)
    check_runs: dict[str, CheckRunRequest] = field(default_factory=dict)
    roles: dict[str, Permission] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    review_threads_of: dict[int, list[ReviewThread]] = field(default_factory=dict)
    reviews_of: dict[int, list[Review]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    """Threads in which GitHub does not let us speak; `unresolvable` likewise."""
    unresolvable: set[str] = field(default_factory=set)
    labelled: dict[int, list[tuple[str, str, datetime]]] = field(default_factory=dict)
    reactions: list[tuple[int, int | None, str]] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    ci_runs: dict[str, list[ActionsRun]] = field(default_factory=dict)
    """By head; `rerun` has the ids of those that were asked for once more."""
    rerun: list[int] = field(default_factory=list)
    failed: list[FailedDelivery] = field(default_factory=list)
    redelivered: list[int] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    required: list[RequiredCheck] = field(default_factory=list)
    actions_off: bool = False
    inputs: list[dict[str, str]] = field(default_factory=list)
    """Of each dispatch."""
    refuse_dispatch: str = ""
    before: Callable[[str], None] | None = None
    """Called before each write takes place, with its name: may raise."""
    after: Callable[[str], None] | None = None
    """Called after it took place: may raise, so that its answer is lost."""
    down: bool = False
    lost: bool = False
    _next: int = 100

    # --- setting the scene

    def seed(self) -> None:
        root = self.commit_files(None, "root", {"a.py": b"x = 0\n", "README.md": b"# shop\n"})
        self.branches["main"] = root
        self.roles = {"ann": Permission.WRITE, "eve": Permission.READ}

    def number(self) -> int:
        self._next += 1
        return self._next

    def commit_files(self, parent: CommitSha | None, message: str, files: dict[str, bytes]) -> CommitSha:
        tree = {**(self.commits[parent].files if parent else {}), **files}
        sha = CommitSha(hashlib.sha256(f"{parent}{message}{sorted(tree.items())}".encode()).hexdigest())
        self.commits[sha] = Commit(sha, parent, message, tree)
        return sha

    def issue(self, number: int, *, labels: tuple[str, ...] = (), author: str = "ann", body: str = "Do it.") -> Item:
        self.items[number] = Item(
            number, f"Mend thing {number}", body, author, 11, False, "open", labels, False, self._at(), self._at(), ""
        )
        return self.items[number]

    def person_pull(self, number: int, branch: str = "feature") -> PullRequest:
        head = self.commit_files(self.branches["main"], "feature work", {"a.py": b"x = broken\n"})
        self.branches[branch] = head
        item = self.issue(number)
        self.items[number] = replace(item, is_pull=True)
        return self._pull(number, branch, draft=False, title="Feature")

    def comment(self, number: int, author: str, body: str) -> Comment:
        made = Comment(self.number(), author, 11, False, None, body, self._at(), self._at(), f"c{self._next}")
        self.threads.setdefault(number, []).append(made)
        return made

    def check(self, sha: str, name: str, conclusion: str | None, *, app_id: int = 1) -> None:
        status = "queued" if conclusion is None else "completed"
        made = CheckResult(
            "github-actions",
            app_id,
            "ci.yml",
            name,
            status,
            conclusion,
            id=self.number(),
            completed_at=self.clock.now(),
        )
        self.results.setdefault(sha, []).append(made)

    def push_by_person(self, branch: str) -> CommitSha:
        sha = self.commit_files(self.branches[branch], "a person's commit", {"b.py": b"y = 1\n"})
        self._move(branch, sha)
        return sha

    def bodies(self, number: int) -> list[str]:
        return [comment.body for comment in self.threads.get(number, []) if comment.app_id == APP_ID]

    def _at(self) -> str:
        return self.clock.now().isoformat()

    def _move(self, branch: str, sha: CommitSha) -> None:
        self.branches[branch] = sha
        for number, pull in self.pulls.items():
            if pull.head_ref == branch:
                self.pulls[number] = replace(pull, head_sha=sha)

    def _pull(self, number: int, branch: str, *, draft: bool, title: str, body: str = "") -> PullRequest:
        main = self.branches["main"]
        self.pulls[number] = PullRequest(
            number, f"N{number}", title, body, BOT, "open", False, draft, branch, self.branches[branch], REPO.id,
            "main", main, True, "",
        )  # fmt: skip
        return self.pulls[number]

    def _write(self, name: str) -> _Write:
        return _Write(self, name)

    def _reading(self) -> None:
        if self.down:
            raise Outage("GitHub does not answer")
        if self.lost:
            raise AccessLost("the installation is suspended")

    # --- the port: reads

    def repository(self, owner: str, name: str) -> RepositoryFacts | None:
        self._reading()
        ref = RUNNERS if name == RUNNERS.name else REPO
        return RepositoryFacts(ref, 7, "main", False, False) if name == ref.name else None

    def permission(self, repo: RepositoryRef, login: str) -> Permission:
        return self.roles.get(login, Permission.NONE)

    def item(self, repo: RepositoryRef, number: int) -> Item | None:
        self._reading()
        return self.items.get(number)

    def comments(self, repo: RepositoryRef, number: int) -> Sequence[Comment]:
        return list(self.threads.get(number, []))

    def label_events(self, repo: RepositoryRef, number: int) -> Sequence[tuple[str, str, datetime]]:
        return list(self.labelled.get(number, []))

    def review_threads(self, repo: RepositoryRef, number: int) -> Sequence[ReviewThread]:
        self._reading()
        return list(self.review_threads_of.get(number, []))

    def reviews(self, repo: RepositoryRef, number: int) -> Sequence[Review]:
        return list(self.reviews_of.get(number, []))

    def pull(self, repo: RepositoryRef, number: int) -> PullRequest | None:
        return self.pulls.get(number)

    def pull_by_head(self, repo: RepositoryRef, branch: str) -> PullRequest | None:
        return next((p for p in self.pulls.values() if p.head_ref == branch and p.state == "open"), None)

    def pulls_with_sha(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[PullRequest]:
        return [pull for pull in self.pulls.values() if pull.head_sha == sha]

    def recent_pull_heads(self, repo: RepositoryRef, limit: int) -> Sequence[CommitSha]:
        return []

    def branch_head(self, repo: RepositoryRef, branch: str) -> CommitSha | None:
        return self.branches.get(branch)

    def commit_message(self, repo: RepositoryRef, sha: CommitSha) -> str | None:
        return self.commits[sha].message if sha in self.commits else None

    def commit_date(self, repo: RepositoryRef, sha: CommitSha) -> datetime | None:
        return self.clock.now()

    def merge_base(self, repo: RepositoryRef, base: str, head: str) -> CommitSha | None:
        return self.branches.get("main")

    def first_parents(self, repo: RepositoryRef, sha: CommitSha, limit: int) -> Sequence[CommitSha]:
        line: list[CommitSha] = []
        at: CommitSha | None = sha
        while at is not None and len(line) < limit:
            line.append(at)
            at = self.commits[at].parent
        return line

    def file(self, repo: RepositoryRef, path: str, ref: str) -> bytes | None:
        sha = self.branches.get(ref, CommitSha(ref))
        return self.commits[sha].files.get(path) if sha in self.commits else None

    def list_files(self, repo: RepositoryRef, directory: str, ref: str) -> Sequence[str]:
        sha = self.branches.get(ref, CommitSha(ref))
        files = self.commits[sha].files if sha in self.commits else {}
        return [path for path in files if path.rpartition("/")[0] == directory]

    def paths(self, repo: RepositoryRef, sha: CommitSha) -> frozenset[str] | None:
        return frozenset(self.commits[sha].files) if sha in self.commits else None

    def required_checks(self, repo: RepositoryRef, branch: str) -> Sequence[RequiredCheck]:
        return self.required

    def checks(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[CheckResult]:
        return list(self.results.get(sha, []))

    def runs_for(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[ActionsRun]:
        return list(self.ci_runs.get(sha, []))

    def dispatched_runs(self, repo: RepositoryRef, workflow: str) -> Sequence[ActionsRun]:
        return list(self.runs)

    def failed_steps(self, repo: RepositoryRef, check: CheckResult) -> Sequence[FailedStep]:
        return [FailedStep(check.name, "run tests", self.logs.get(check.name, "Error: it failed"))]

    def workflow_exists(self, repo: RepositoryRef, workflow: str) -> bool:
        return repo.id == RUNNERS.id and not self.actions_off

    def actions_enabled(self, repo: RepositoryRef) -> bool | None:
        return None

    # --- the port: writes

    def react(self, repo: RepositoryRef, number: int, comment_id: int | None, content: str) -> None:
        with self._write("react"):
            self.reactions.append((number, comment_id, content))

    def upsert_comment(self, repo: RepositoryRef, number: int, marker: str, body: str) -> int:
        with self._write("comment"):
            text = body if marker in body else f"{marker}\n{body}"
            thread = self.threads.setdefault(number, [])
            for index, old in enumerate(thread):
                if old.app_id == APP_ID and marker in old.body:
                    thread[index] = replace(old, body=text)
                    return old.id
            made = Comment(self.number(), BOT, 99, True, APP_ID, text, self._at(), self._at(), "")
            thread.append(made)
            return made.id

    def add_labels(self, repo: RepositoryRef, number: int, labels: Sequence[str]) -> None:
        with self._write("label"):
            item = self.items[number]
            self.items[number] = replace(item, labels=tuple(dict.fromkeys((*item.labels, *labels))))

    def remove_label(self, repo: RepositoryRef, number: int, label: str) -> None:
        with self._write("label"):
            item = self.items[number]
            self.items[number] = replace(item, labels=tuple(name for name in item.labels if name != label))

    def dispatch(
        self, repo: RepositoryRef, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched | WriteRefused:
        if self.refuse_dispatch:
            return WriteRefused(self.refuse_dispatch)
        known = next((run for run in self.runs if inputs["nonce"] in run.title), None)
        if known is not None:
            return Dispatched(known.id, "")
        with self._write("dispatch"):
            run_id = self.number()
            self.inputs.append(inputs)
            title = f"minion {inputs['nonce']}"
            sha = self.branches["main"]
            self.runs.append(
                ActionsRun(run_id, "minion", workflow, "workflow_dispatch", "queued", None, sha, title, None, "")
            )
            return Dispatched(run_id, "")

    def cancel_run(self, repo: RepositoryRef, run_id: int) -> None:
        with self._write("cancel"):
            self.cancelled.append(run_id)

    def rerun_failed_jobs(self, repo: RepositoryRef, run_id: int) -> WriteRefused | None:
        if run_id in self.rerun:
            return WriteRefused("This workflow is already running")
        with self._write("rerun"):
            self.rerun.append(run_id)
            return None

    def commit(self, repo: RepositoryRef, request: CommitRequest) -> Committed | HeadMoved | WriteRefused:
        head = self.branches.get(request.branch)
        if (head is None) != request.create or (head is not None and head != request.parent):
            return HeadMoved(head)
        with self._write("commit"):
            sha = self.commit_files(request.parent, request.message, _files(request.change_set))
            self._move(request.branch, sha)
            return Committed(sha, True)

    def open_pull(
        self, repo: RepositoryRef, *, head: str, base: str, title: str, body: str, draft: bool
    ) -> PullOpened | WriteRefused:
        with self._write("open"):
            if self.pull_by_head(repo, head):
                return WriteRefused("a pull request already exists")
            number = self.number()
            item = self.issue(number, body=body)
            self.items[number] = replace(item, is_pull=True)
            return PullOpened(self._pull(number, head, draft=draft, title=title, body=body), draft)

    def update_pull(self, repo: RepositoryRef, number: int, *, title: str | None, body: str | None) -> None:
        with self._write("update"):
            pull = self.pulls[number]
            self.pulls[number] = replace(pull, title=title or pull.title, body=body or pull.body)

    def mark_ready(self, repo: RepositoryRef, number: int) -> bool:
        with self._write("ready"):
            self.pulls[number] = replace(self.pulls[number], draft=False)
            return True

    def reply_in_thread(self, repo: RepositoryRef, number: int, thread_id: str, marker: str, body: str) -> bool:
        if thread_id in self.silent:
            return False
        with self._write("reply"):
            threads = self.review_threads_of[number]
            at = next(index for index, thread in enumerate(threads) if thread.id == thread_id)
            if not any(comment.author == BOT and marker in comment.body for comment in threads[at].comments):
                text = body if marker in body else f"{marker}\n{body}"
                made = Comment(self.number(), BOT, 0, True, None, text, self._at(), self._at(), "")
                threads[at] = replace(threads[at], comments=(*threads[at].comments, made))
            return True

    def resolve_thread(self, repo: RepositoryRef, thread_id: str) -> bool:
        if thread_id in self.unresolvable:
            return False
        with self._write("resolve"):
            for found in self.review_threads_of.values():
                found[:] = [replace(one, resolved=one.resolved or one.id == thread_id) for one in found]
            return True

    def request_reviewers(
        self, repo: RepositoryRef, number: int, people: Sequence[str], teams: Sequence[str]
    ) -> Sequence[str]:
        with self._write("reviewers"):
            self.reviewers = list(people)
            return []

    def report_check(self, repo: RepositoryRef, request: CheckRunRequest) -> int | WriteRefused:
        with self._write("check"):
            self.check_runs[request.external_id] = request
            return 1

    def clone_token(self, repo: RepositoryRef) -> tuple[str, datetime]:
        return "ghs_read_only", self.clock.now()

    # --- the gate

    def installation(self, installation_id: int) -> FakeGitHub:
        return self

    def app_id(self) -> int:
        return APP_ID

    def bot_login(self) -> str:
        return BOT

    def find_installation(self, owner: str, name: str) -> int | None:
        return 9

    def failed_deliveries(self, since: datetime) -> Sequence[FailedDelivery]:
        return [failed for failed in self.failed if failed.delivered_at >= since]

    def redeliver(self, delivery_id: int) -> None:
        self.redelivered.append(delivery_id)


class _Write:
    """Around a write: what may happen before and after it."""

    def __init__(self, github: FakeGitHub, name: str) -> None:
        self._github = github
        self._name = name

    def __enter__(self) -> None:
        self._github._reading()
        if self._github.before:
            self._github.before(self._name)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._github.writes.append(self._name)
            if self._github.after:
                self._github.after(self._name)


def _files(change_set: ChangeSet) -> dict[str, bytes]:
    return {file.path: file.data or b"" for file in change_set.files}
