"""What GitHub said, parsed once. A delivery is a hint: decisions read the current truth again."""

from __future__ import annotations

from dataclasses import dataclass

from minion.domain.ids import CommitSha, Login, RepositoryRef


@dataclass(frozen=True)
class ItemText:
    """Title and body of the issue or PR as the delivery carried them: what the person who asked was looking at."""

    title: str
    body: str


@dataclass(frozen=True)
class Labeled:
    """A label was put on an issue (or PR). `actor` put it; the text is somebody else's."""

    repository: RepositoryRef
    number: int
    is_pull: bool
    label: str
    actor: Login
    actor_id: int = 0
    actor_is_bot: bool = False
    item: ItemText | None = None


@dataclass(frozen=True)
class Unlabeled:
    repository: RepositoryRef
    number: int
    label: str
    actor: Login


@dataclass(frozen=True)
class Commented:
    """A comment was created on an issue or PR, or in a review of a PR."""

    repository: RepositoryRef
    number: int
    is_pull: bool
    comment_id: int
    in_review: bool
    body: str
    actor: Login
    actor_id: int
    actor_is_bot: bool
    item: ItemText | None = None


@dataclass(frozen=True)
class ChangesRequested:
    """Somebody sent a review of a PR that requests changes."""

    repository: RepositoryRef
    number: int
    review_id: int
    actor: Login
    actor_id: int
    actor_is_bot: bool


@dataclass(frozen=True)
class ItemClosed:
    """An issue or PR was closed (or a PR merged)."""

    repository: RepositoryRef
    number: int
    actor: Login


@dataclass(frozen=True)
class ItemChanged:
    """Something of an issue or PR changed that a task may wait for: reopened, synchronize, edited, review submitted."""

    repository: RepositoryRef
    number: int


@dataclass(frozen=True)
class ChecksChanged:
    """Checks, statuses or runs of a commit changed."""

    repository: RepositoryRef
    head_sha: CommitSha


@dataclass(frozen=True)
class ButtonPressed:
    """A button on one of our own check runs (https://docs.github.com/rest/checks/runs, requested actions)."""

    repository: RepositoryRef
    external_id: str
    identifier: str
    actor: Login
    app_id: int | None = None
    """The App that owns the check run: anything but our own is not for us."""


@dataclass(frozen=True)
class InstallationChanged:
    """Installed, suspended, removed, repositories or permissions changed."""

    installation_id: int
    action: str


@dataclass(frozen=True)
class Ignored:
    """Nothing for us; the reason is logged."""

    reason: str


Event = (
    Labeled
    | Unlabeled
    | Commented
    | ChangesRequested
    | ItemClosed
    | ItemChanged
    | ChecksChanged
    | ButtonPressed
    | InstallationChanged
    | Ignored
)
