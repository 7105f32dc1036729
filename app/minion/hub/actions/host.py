"""What the Actions service needs from the rest of the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class RepositoryInfo:
    """A repository as Actions sees it. `git_dir` is a bare repository on this machine."""

    id: int
    name: str
    owner: str
    owner_id: int
    owner_type: str  # "User" | "Organization"
    default_branch: str
    private: bool
    actions_enabled: bool
    git_dir: Path

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True)
class CheckRunState:
    """One check run of the Actions app: there is one for each job."""

    name: str
    head_sha: str
    status: str  # queued | in_progress | completed
    conclusion: str | None = None
    details_url: str | None = None
    output: Mapping[str, Any] | None = (
        None  # title, summary, annotations [{path,start_line,end_line,annotation_level,message}]
    )


class Host(Protocol):
    """Implemented by the hub's core; every method is safe to call from any thread."""

    @property
    def base_url(self) -> str:
        """The hub's own origin, for example http://127.0.0.1:41234."""
        ...

    def repository(self, repository_id: int) -> RepositoryInfo: ...

    def find_repository(self, owner: str, name: str) -> RepositoryInfo | None: ...

    def repository_json(self, repository_id: int) -> dict[str, Any]: ...

    def user_json(self, login: str) -> dict[str, Any]: ...

    def secrets(self, repository_id: int) -> Mapping[str, str]: ...

    def variables(self, repository_id: int) -> Mapping[str, str]: ...

    def issue_job_token(self, repository_id: int, permissions: Mapping[str, str]) -> str:
        """A GITHUB_TOKEN (`ghs_…`) with these permissions; events that it causes start no workflows."""
        ...

    def revoke_token(self, token: str) -> None: ...

    def create_check_suite(self, repository_id: int, head_sha: str, head_branch: str) -> int:
        """A suite of the Actions app for one workflow run; returns its id."""
        ...

    def create_check_run(self, repository_id: int, suite_id: int, state: CheckRunState) -> int:
        """Stores the check run, emits `check_run` (created) and returns its id."""
        ...

    def update_check_run(self, repository_id: int, check_run_id: int, state: CheckRunState) -> None:
        """Emits `check_run` (completed) and, when all of the suite's runs are completed, `check_suite` (completed)."""
        ...

    def emit(self, repository_id: int, event: str, payload: Mapping[str, Any]) -> None:
        """Delivers a webhook (workflow_run, workflow_job) to the Apps that subscribe; adds repository, organization,
        installation and sender where they are missing."""
        ...

    def pull_requests_for(self, repository_id: int, head_sha: str) -> Sequence[Mapping[str, Any]]:
        """Open pull requests of the same repository with that head, in the short form that run payloads carry."""
        ...


class ActionsService(Protocol):
    """Implemented in `actions/service.py`; called by the hub's core."""

    def handle(
        self, event: str, repository_id: int, payload: Mapping[str, Any], *, ref: str, sha: str, actor: str
    ) -> None:
        """An event happened: start the runs that its workflows ask for. Returns at once; runs go on in threads.

        `event` is the workflow trigger name (push, pull_request, issues, issue_comment, ...), `ref` the full ref for
        GITHUB_REF (refs/heads/x, refs/pull/1/merge), `sha` the commit whose workflow files count, `actor` a login.
        """
        ...

    def idle(self) -> bool:
        """True when no run is queued or in progress."""
        ...

    def close(self) -> None:
        """Cancels what runs and waits for the processes to end."""
        ...
