"""GitHub, as the App's decisions and effects see it. Reads return the current truth; writes are idempotent or say what
they met. Every method raises `Outage` (with `retry_at` where known) or `AccessLost`; expected results are values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from minion.domain.changeset import ChangeSet
from minion.domain.checks import CheckResult
from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.spec import Permission


@dataclass(frozen=True)
class RepositoryFacts:
    ref: RepositoryRef
    owner_id: int
    default_branch: str
    private: bool
    archived: bool


@dataclass(frozen=True)
class Item:
    """An issue or PR as it is now. `pull` is True where the number is a PR."""

    number: int
    title: str
    body: str
    author: str
    author_id: int
    author_is_bot: bool
    state: str  # open | closed
    labels: tuple[str, ...]
    is_pull: bool
    created_at: str
    updated_at: str
    url: str


@dataclass(frozen=True)
class Comment:
    id: int
    author: str
    author_id: int
    author_is_bot: bool
    app_id: int | None
    """Set when an App wrote it (`performed_via_github_app`)."""
    body: str
    created_at: str
    updated_at: str
    url: str


@dataclass(frozen=True)
class ReviewThread:
    """A conversation on a line of a PR. `line` is None where the diff has moved away from it (`outdated`), and where
    the file as a whole is meant."""

    id: str
    resolved: bool
    path: str
    line: int | None
    comments: tuple[Comment, ...]
    """Oldest first: the first one, and the newest of a long conversation."""
    start_line: int | None = None
    """Set where several lines are meant; `line` is then the last of them."""
    outdated: bool = False
    on_base: bool = False
    """The line is one that the PR deletes: it is counted in the base's file."""
    hunk: str = ""
    """The end of the diff's hunk as the reviewer saw it."""


@dataclass(frozen=True)
class Review:
    """A review that was sent, with the words that stand above its threads. `state`: APPROVED, CHANGES_REQUESTED,
    COMMENTED or DISMISSED."""

    id: int
    author: str
    author_is_bot: bool
    state: str
    body: str
    submitted_at: str
    url: str


@dataclass(frozen=True)
class PullRequest:
    number: int
    node_id: str
    title: str
    body: str
    author: str
    state: str
    merged: bool
    draft: bool
    head_ref: str
    head_sha: CommitSha
    head_repository_id: int | None
    base_ref: str
    base_sha: CommitSha
    mergeable: bool | None
    url: str


@dataclass(frozen=True)
class RequiredCheck:
    """A required context; `app_id` is the only App that may report it, or None for any."""

    context: str
    app_id: int | None


@dataclass(frozen=True)
class ActionsRun:
    id: int
    name: str
    workflow_path: str
    event: str
    status: str
    conclusion: str | None
    head_sha: CommitSha
    title: str
    """`run-name`: carries the nonce of a dispatched round."""
    job_count: int | None
    """Counted for runs that ended without success; None where it was not asked for."""
    url: str
    suite_id: int | None = None
    """The check suite that the run's check runs belong to."""


@dataclass(frozen=True)
class FailedStep:
    """A failed Actions job (or check run) with its raw log: untrusted."""

    job: str
    step: str
    log: str
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommitRequest:
    """A change set to become one commit on top of `parent` on `branch`.

    The branch is created at the new commit when `create` is set, else moved with force: false.
    """

    branch: str
    parent: CommitSha
    message: str
    """With trailers; the same round always has the same `Minion-Task`/`Minion-Round` trailers."""
    change_set: ChangeSet
    create: bool


@dataclass(frozen=True)
class Committed:
    sha: CommitSha
    verified: bool


@dataclass(frozen=True)
class HeadMoved:
    """Somebody else pushed: the branch is at `head` (None: it is gone)."""

    head: CommitSha | None


@dataclass(frozen=True)
class WriteRefused:
    """GitHub refused the write (protected branch, workflow file, validation): its own words."""

    reason: str


@dataclass(frozen=True)
class PullOpened:
    pull: PullRequest
    as_draft: bool


@dataclass(frozen=True)
class Dispatched:
    run_id: int | None
    url: str | None


@dataclass(frozen=True)
class CheckRunRequest:
    """Our own check run on a head; found again by `external_id` and our own app id."""

    name: str
    head_sha: CommitSha
    external_id: str
    status: str
    conclusion: str | None
    title: str
    summary: str
    details_url: str
    actions: tuple[tuple[str, str, str], ...] = field(default=())  # (label, description, identifier)


class GitHub(Protocol):
    """One installation's view. Given by a `GitHubGate.installation(id)`; clients are held, not made per call."""

    # --- reads
    def repository(self, owner: str, name: str) -> RepositoryFacts | None: ...
    def permission(self, repo: RepositoryRef, login: str) -> Permission: ...
    def item(self, repo: RepositoryRef, number: int) -> Item | None: ...
    def comments(self, repo: RepositoryRef, number: int) -> Sequence[Comment]: ...
    def label_events(self, repo: RepositoryRef, number: int) -> Sequence[tuple[str, str, datetime]]:
        """(label, actor, when) of every `labeled` event, oldest first."""
        ...

    def pull(self, repo: RepositoryRef, number: int) -> PullRequest | None: ...
    def review_threads(self, repo: RepositoryRef, number: int) -> Sequence[ReviewThread]: ...
    def reviews(self, repo: RepositoryRef, number: int) -> Sequence[Review]:
        """Those that were sent, oldest first; nobody's pending ones."""
        ...

    def pull_by_head(self, repo: RepositoryRef, branch: str) -> PullRequest | None: ...
    def pulls_with_sha(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[PullRequest]: ...
    def recent_pull_heads(self, repo: RepositoryRef, limit: int) -> Sequence[CommitSha]: ...
    def branch_head(self, repo: RepositoryRef, branch: str) -> CommitSha | None: ...
    def commit_message(self, repo: RepositoryRef, sha: CommitSha) -> str | None: ...
    def commit_date(self, repo: RepositoryRef, sha: CommitSha) -> datetime | None: ...
    def merge_base(self, repo: RepositoryRef, base: str, head: str) -> CommitSha | None: ...
    def first_parents(self, repo: RepositoryRef, sha: CommitSha, limit: int) -> Sequence[CommitSha]:
        """The commit and those before it by first parents, newest first; none when there is no such commit."""
        ...

    def file(self, repo: RepositoryRef, path: str, ref: str) -> bytes | None: ...
    def list_files(self, repo: RepositoryRef, directory: str, ref: str) -> Sequence[str]: ...
    def paths(self, repo: RepositoryRef, sha: CommitSha) -> frozenset[str] | None:
        """All paths of a commit; None when there are too many to list, or there is no such commit."""
        ...

    def required_checks(self, repo: RepositoryRef, branch: str) -> Sequence[RequiredCheck]: ...
    def checks(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[CheckResult]:
        """Check runs (latest of each) and commit statuses of a sha, from all apps, our own included."""
        ...

    def runs_for(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[ActionsRun]: ...
    def dispatched_runs(self, repo: RepositoryRef, workflow: str) -> Sequence[ActionsRun]: ...
    def failed_steps(self, repo: RepositoryRef, check: CheckResult) -> Sequence[FailedStep]: ...
    def workflow_exists(self, repo: RepositoryRef, workflow: str) -> bool: ...
    def actions_enabled(self, repo: RepositoryRef) -> bool | None:
        """None where we may not ask."""
        ...

    # --- writes
    def react(self, repo: RepositoryRef, number: int, comment_id: int | None, content: str) -> None: ...
    def upsert_comment(self, repo: RepositoryRef, number: int, marker: str, body: str) -> int:
        """Edits our own comment that carries the marker, or creates it; returns its id."""
        ...

    def add_labels(self, repo: RepositoryRef, number: int, labels: Sequence[str]) -> None: ...
    def remove_label(self, repo: RepositoryRef, number: int, label: str) -> None: ...
    def dispatch(
        self, repo: RepositoryRef, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched | WriteRefused: ...
    def cancel_run(self, repo: RepositoryRef, run_id: int) -> None: ...
    def rerun_failed_jobs(self, repo: RepositoryRef, run_id: int) -> WriteRefused | None:
        """None: taken. A run that is under way again already is refused by GitHub."""
        ...

    def commit(self, repo: RepositoryRef, request: CommitRequest) -> Committed | HeadMoved | WriteRefused: ...
    def open_pull(
        self, repo: RepositoryRef, *, head: str, base: str, title: str, body: str, draft: bool
    ) -> PullOpened | WriteRefused: ...
    def update_pull(self, repo: RepositoryRef, number: int, *, title: str | None, body: str | None) -> None: ...
    def mark_ready(self, repo: RepositoryRef, number: int) -> bool: ...
    def reply_in_thread(self, repo: RepositoryRef, number: int, thread_id: str, marker: str, body: str) -> bool:
        """Says it once in a review thread; False when GitHub does not let us."""
        ...

    def resolve_thread(self, repo: RepositoryRef, thread_id: str) -> bool: ...
    def request_reviewers(
        self, repo: RepositoryRef, number: int, people: Sequence[str], teams: Sequence[str]
    ) -> Sequence[str]:
        """Returns those who could not be asked (not collaborators, the author)."""
        ...

    def report_check(self, repo: RepositoryRef, request: CheckRunRequest) -> int | WriteRefused: ...
    def clone_token(self, repo: RepositoryRef) -> tuple[str, datetime]:
        """A token that reads this repository's contents and nothing else, with its expiry."""
        ...


@dataclass(frozen=True)
class FailedDelivery:
    id: int
    guid: str
    delivered_at: datetime


class GitHubGate(Protocol):
    """The App itself: who it is, where it is installed, and a client for each installation."""

    def installation(self, installation_id: int) -> GitHub: ...

    def app_id(self) -> int: ...

    def bot_login(self) -> str:
        """`<slug>[bot]`"""
        ...

    def find_installation(self, owner: str, name: str) -> int | None: ...

    def failed_deliveries(self, since: datetime) -> Sequence[FailedDelivery]: ...

    def redeliver(self, delivery_id: int) -> None: ...
