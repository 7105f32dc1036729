"""The hub's entities: plain mutable records, changed only under the hub's lock. Git objects are on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
LEVELS = ("none", "read", "write", "admin")
ACTIONS_APP_ID = 15368  # the same id as on github.com
MAX_BODY = 65_536


@dataclass(eq=False)
class Account:
    """A user, an organization or the bot of an App."""

    id: int
    login: str
    kind: str  # User | Organization | Bot
    created_at: datetime
    name: str | None = None
    members: dict[str, str] = field(default_factory=dict)  # of an organization: login -> admin | member

    @property
    def email(self) -> str:
        """https://docs.github.com/en/account-and-profile/reference/email-addresses-reference#your-noreply-email-address"""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(eq=False)
class Reaction:
    id: int
    user: Account
    content: str
    created_at: datetime


@dataclass(eq=False)
class Comment:
    """A comment on an issue or on a pull request's conversation."""

    id: int
    issue_number: int
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(eq=False)
class IssueEvent:
    """One entry of an issue's history: labeled, closed, assigned, ... with who did it and when."""

    id: int
    event: str
    actor: Account
    created_at: datetime
    app: App | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Issue:
    """An issue, or the issue half of a pull request (same number)."""

    id: int
    number: int
    title: str
    body: str | None
    user: Account
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[IssueEvent] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(eq=False)
class Review:
    id: int
    user: Account
    body: str
    state: str  # APPROVED | CHANGES_REQUESTED | COMMENTED | DISMISSED | PENDING
    commit_id: str
    submitted_at: datetime


@dataclass(eq=False)
class ReviewComment:
    id: int
    review_id: int
    user: Account
    body: str
    path: str
    commit_id: str
    created_at: datetime
    updated_at: datetime
    line: int | None = None
    start_line: int | None = None
    side: str = "RIGHT"
    diff_hunk: str = ""
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(eq=False)
class Pull:
    """The other half of a pull request."""

    id: int
    issue: Issue
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    head_repository_id: int
    draft: bool = False
    mergeable: bool | None = None
    merge_commit_sha: str | None = None
    merged_at: datetime | None = None
    merged_by: Account | None = None
    requested_reviewers: list[Account] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[ReviewComment] = field(default_factory=list)
    resolved: dict[int, Account] = field(default_factory=dict)  # first comment of a thread -> who resolved it

    @property
    def number(self) -> int:
        return self.issue.number


@dataclass(eq=False)
class CheckRun:
    id: int
    suite_id: int
    app: App
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    external_id: str = ""
    details_url: str | None = None
    output: dict[str, Any] = field(default_factory=dict)  # title, summary, text
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False)
class CheckSuite:
    id: int
    app: App
    head_sha: str
    head_branch: str | None
    created_at: datetime
    updated_at: datetime
    completed: bool = False  # whether check_suite (completed) was sent for its present state


@dataclass(eq=False)
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(frozen=True)
class RequiredCheck:
    """`integration_id` None: any source may report it."""

    context: str
    integration_id: int | None = None


@dataclass(eq=False)
class Protection:
    """Rules of one branch. `classic` ones show in GET /branches/{b}, the others in GET /rules/branches/{b}."""

    branch: str
    required: list[RequiredCheck] = field(default_factory=list)
    classic: bool = False
    reviews: int = 0
    ruleset_id: int = 0


@dataclass(frozen=True)
class Push:
    """One moved ref, and who moved it."""

    ref: str
    before: str
    after: str
    actor: str
    via: str  # git | api | merge | web
    at: datetime


@dataclass
class Settings:
    """What an administrator may switch."""

    drafts_allowed: bool = True
    actions_enabled: bool = True
    actions_may_create_pulls: bool = True
    delete_branch_on_merge: bool = False


@dataclass(eq=False)
class Repository:
    id: int
    name: str
    owner: Account
    private: bool
    git_dir: Path
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    default_branch: str = "main"
    description: str | None = None
    parent_id: int | None = None
    settings: Settings = field(default_factory=Settings)
    collaborators: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)  # by lower-case name
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    protections: list[Protection] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    pushes: list[Push] = field(default_factory=list)
    web_commits: set[str] = field(default_factory=set)  # commits that GitHub itself made, hence signed
    numbers: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def next_number(self) -> int:
        """Issues and pull requests share one sequence."""
        self.numbers += 1
        return self.numbers


@dataclass(eq=False)
class App:
    """A GitHub App's registration. `private_key` is None when only a public key was given."""

    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    public_key: str
    private_key: str | None
    webhook_url: str
    webhook_secret: str
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime
    content_type: str = "json"

    @property
    def client_id(self) -> str:
        return f"Iv23li{self.id:014d}"


@dataclass(eq=False)
class Installation:
    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime
    updated_at: datetime
    repository_ids: set[int] | None = None  # None: all repositories of the account
    suspended_at: datetime | None = None
    suspended_by: Account | None = None


@dataclass(eq=False)
class Token:
    """A bearer credential. `permissions` None: everything its account may do (a person's token)."""

    value: str
    account: Account
    app: App | None = None
    installation: Installation | None = None
    permissions: dict[str, str] | None = None
    repository_ids: set[int] | None = None
    expires_at: datetime | None = None
    is_job: bool = False


@dataclass(eq=False)
class Delivery:
    """One attempt to deliver one webhook event to one App."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    payload: dict[str, Any]
    delivered_at: datetime
    redelivery: bool = False
    lost: bool = False
    duration: float = 0.0
    status_code: int = 0
    status: str = "pending"
    request_headers: dict[str, str] = field(default_factory=dict)
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str | None = None


@dataclass
class State:
    """Everything that the hub knows."""

    accounts: dict[str, Account] = field(default_factory=dict)  # by lower-case login
    repositories: dict[int, Repository] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    ids: int = 1000

    def next_id(self) -> int:
        """One sequence for all kinds, so that an id of one kind never passes for another's."""
        self.ids += 1
        return self.ids

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def find(self, owner: str, name: str) -> Repository | None:
        """Case-insensitive, and the same with `.git` at the end."""
        wanted = f"{owner}/{name.removesuffix('.git')}".lower()
        return next((r for r in self.repositories.values() if r.full_name.lower() == wanted), None)

    def installation_for(self, app: App, repository: Repository) -> Installation | None:
        """The App's installation that covers the repository, suspended ones included."""
        return next((i for i in self.installations.values() if i.app is app and covers(i, repository)), None)


def covers(installation: Installation, repository: Repository) -> bool:
    """Whether the installation was given the repository."""
    if installation.account is not repository.owner:
        return False
    return installation.repository_ids is None or repository.id in installation.repository_ids
