"""The hub's core as the Actions service sees it; see `actions/host.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from minion.hub.actions.host import CheckRunState, RepositoryInfo
from minion.hub.actors import JobToken
from minion.hub.auth import new_job_token
from minion.hub.changes import checks
from minion.hub.errors import not_found
from minion.hub.shapes.accounts import user_json
from minion.hub.shapes.checks import pulls_at
from minion.hub.shapes.repositories import repository_json
from minion.hub.state import Repository, Token

if TYPE_CHECKING:
    from minion.hub.core import Core


class ActionsHost:
    """Implements `actions.host.Host`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        bot = core.actions_app.bot
        self._actor = JobToken(Token("", bot, app=core.actions_app, is_job=True), core.actions_app)

    @property
    def base_url(self) -> str:
        return self._core.base_url

    def repository(self, repository_id: int) -> RepositoryInfo:
        with self._core.lock:
            return _info(self._repository(repository_id))

    def find_repository(self, owner: str, name: str) -> RepositoryInfo | None:
        with self._core.lock:
            found = self._core.state.find(owner, name)
            return None if found is None else _info(found)

    def repository_json(self, repository_id: int) -> dict[str, Any]:
        with self._core.lock:
            return repository_json(self._core, self._repository(repository_id))

    def user_json(self, login: str) -> dict[str, Any]:
        with self._core.lock:
            account = self._core.state.account(login)
            if account is None:
                raise not_found()
            return user_json(self._core, account)

    def secrets(self, repository_id: int) -> Mapping[str, str]:
        with self._core.lock:
            return dict(self._repository(repository_id).secrets)

    def variables(self, repository_id: int) -> Mapping[str, str]:
        with self._core.lock:
            return dict(self._repository(repository_id).variables)

    def issue_job_token(self, repository_id: int, permissions: Mapping[str, str]) -> str:
        with self._core.lock:
            return new_job_token(self._core, self._repository(repository_id), permissions).value

    def revoke_token(self, token: str) -> None:
        with self._core.lock:
            self._core.state.tokens.pop(token, None)

    def create_check_suite(self, repository_id: int, head_sha: str, head_branch: str) -> int:
        with self._core.lock:
            repository = self._repository(repository_id)
            return checks.new_suite(self._core, repository, self._core.actions_app, head_sha, head_branch).id

    def create_check_run(self, repository_id: int, suite_id: int, state: CheckRunState) -> int:
        with self._core.lock:
            repository = self._repository(repository_id)
            suite = repository.suites[suite_id]
            return checks.create_run(self._core, self._actor, repository, suite, _fields(state)).id

    def update_check_run(self, repository_id: int, check_run_id: int, state: CheckRunState) -> None:
        with self._core.lock:
            repository = self._repository(repository_id)
            run = repository.check_runs[check_run_id]
            checks.update_run(self._core, self._actor, repository, run, _fields(state))

    def emit(self, repository_id: int, event: str, payload: Mapping[str, Any]) -> None:
        with self._core.lock:
            sender = self._core.state.account(payload.get("sender", {}).get("login", "")) or self._core.actions_app.bot
            self._core.emit(self._repository(repository_id), event, payload, sender)

    def pull_requests_for(self, repository_id: int, head_sha: str) -> Sequence[Mapping[str, Any]]:
        with self._core.lock:
            return pulls_at(self._core, self._repository(repository_id), head_sha)

    def _repository(self, repository_id: int) -> Repository:
        return self._core.state.repositories[repository_id]


def _fields(state: CheckRunState) -> dict[str, Any]:
    return {key: value for key, value in asdict(state).items() if value is not None and key != "head_sha"}


def _info(repository: Repository) -> RepositoryInfo:
    owner = repository.owner
    return RepositoryInfo(
        id=repository.id,
        name=repository.name,
        owner=owner.login,
        owner_id=owner.id,
        owner_type=owner.kind,
        default_branch=repository.default_branch,
        private=repository.private,
        actions_enabled=repository.settings.actions_enabled,
        git_dir=repository.git_dir,
    )
