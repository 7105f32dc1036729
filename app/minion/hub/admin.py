"""What an administrator of the hub can do: the same methods in Python (on `Hub`) and as `POST /_hub/<method>` with a
JSON object of the arguments. Everything returned is JSON."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from traceback import format_exception
from typing import Any

from minion.hub.actors import Person
from minion.hub.auth import new_personal_token
from minion.hub.changes import checks, installations
from minion.hub.changes.installations import Registration
from minion.hub.changes.push_rules import Move
from minion.hub.changes.refs import apply_move
from minion.hub.core import Core
from minion.hub.errors import Refusal
from minion.hub.git_objects import ZERO, Signature
from minion.hub.receive_hook import hook_script
from minion.hub.shapes.accounts import iso
from minion.hub.state import ROLES, Account, App, Installation, Protection, Repository, RequiredCheck, Settings

Json = dict[str, Any]


class Admin:
    """Changes to the hub that no REST route offers. Raises Refusal (404, 422) for what does not fit."""

    def __init__(self, core: Core) -> None:
        self.core = core

    # -- accounts ---------------------------------------------------------------------------------------------------

    def create_user(self, login: str, name: str | None = None) -> Json:
        """{login, id, token}; the token is a personal access token."""
        with self.core.lock:
            account = self._new(login, "User", name)
            return {"login": login, "id": account.id, "token": new_personal_token(self.core, account).value}

    def create_org(self, login: str, owners: Sequence[str] = (), members: Sequence[str] = ()) -> Json:
        """{login, id}; owners administer every repository of it, members read them."""
        with self.core.lock:
            account = self._new(login, "Organization", None)
            known = {
                self._account(one).login: role
                for role, names in (("member", members), ("admin", owners))
                for one in names
            }
            account.members = known
            return {"login": login, "id": account.id}

    def _new(self, login: str, kind: str, name: str | None) -> Account:
        if self.core.state.account(login) is not None:
            raise Refusal(422, f"{login} is taken")
        return self.core.add_account(login, kind, name)

    def token_of(self, login: str) -> str:
        """A personal access token of the user."""
        with self.core.lock:
            account = self._account(login)
            tokens = self.core.state.tokens.values()
            found = next((t for t in tokens if t.account is account and t.app is None), None)
            return (found or new_personal_token(self.core, account)).value

    # -- repositories -----------------------------------------------------------------------------------------------

    def create_repository(
        self,
        full_name: str,
        source: str | Path | None = None,
        pusher: str = "",
        *,
        private: bool = False,
        default_branch: str = "main",
    ) -> Json:
        """{id, full_name, clone_url}. With `source`, a folder, its files become the first commit (or, when it is a git
        repository, its HEAD with all history), pushed by `pusher` (by default the owner)."""
        owner, _, name = full_name.partition("/")
        with self.core.lock:
            repository = self._bare(self._account(owner), name, private=private, default_branch=default_branch)
            if source is not None:
                self._seed(repository, Path(source), self._account(pusher or self._first_person(repository)))
            clone_url = f"{self.core.base_url}/{repository.full_name}.git"
            return {"id": repository.id, "full_name": repository.full_name, "clone_url": clone_url}

    def _bare(self, owner: Account, name: str, *, private: bool, default_branch: str) -> Repository:
        if self.core.state.find(owner.login, name) is not None:
            raise Refusal(422, f"{owner.login}/{name} exists already")
        number, now = self.core.state.next_id(), self.core.now()
        directory = self.core.data_dir / "repositories" / f"{number}.git"
        repository = Repository(number, name, owner, private, directory, now, now, now, default_branch)
        shutil.rmtree(directory, ignore_errors=True)  # of a hub that used this folder before
        self.core.git(repository).init(default_branch)
        hook = directory / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(hook_script())
        hook.chmod(0o755)
        self.core.state.repositories[number] = repository
        return repository

    def _first_person(self, repository: Repository) -> str:
        return next((m for m, role in repository.owner.members.items() if role == "admin"), repository.owner.login)

    def _seed(self, repository: Repository, source: Path, pusher: Account) -> None:
        git, ref = self.core.git(repository), f"refs/heads/{repository.default_branch}"
        if (source / ".git").exists():
            git.fetch(source.resolve(), ["+HEAD:refs/hub/seed"])
            sha = git.text("rev-parse", "refs/hub/seed")
            git.delete_ref("refs/hub/seed")
        else:
            sha = self._first_commit(repository, source, pusher)
        apply_move(self.core, Person(pusher), repository, Move(ref, ZERO, sha), "seed")

    def _first_commit(self, repository: Repository, source: Path, pusher: Account) -> str:
        git = self.core.git(repository)
        with tempfile.TemporaryDirectory(prefix="hub-seed-") as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            git.run("--work-tree", str(source), "add", "--all", "--", ".", env=env)
            tree = git.text("write-tree", env=env)
        who = Signature(pusher.name or pusher.login, pusher.email, self.core.now())
        return git.write_commit(tree, [], "Initial commit\n", (who, who))

    def fork(self, full_name: str, owner: str) -> Json:
        """A user's fork with the same name. {id, full_name}"""
        with self.core.lock:
            parent = self._repository(full_name)
            copy = self._bare(
                self._account(owner), parent.name, private=parent.private, default_branch=parent.default_branch
            )
            copy.parent_id = parent.id
            self.core.git(copy).fetch(parent.git_dir, ["+refs/heads/*:refs/heads/*"])
            return {"id": copy.id, "full_name": copy.full_name}

    def rename_repository(self, full_name: str, name: str) -> Json:
        """The id stays; the old name is free at once."""
        with self.core.lock:
            repository = self._repository(full_name)
            repository.name = name
            return {"id": repository.id, "full_name": repository.full_name}

    def delete_repository(self, full_name: str) -> Json:
        with self.core.lock:
            repository = self._repository(full_name)
            del self.core.state.repositories[repository.id]
            shutil.rmtree(repository.git_dir, ignore_errors=True)
            return {}

    def set_collaborator(self, full_name: str, login: str, role: str) -> Json:
        """read, triage, write, maintain or admin; none removes."""
        if role not in ROLES:
            raise Refusal(422, f"role must be one of {', '.join(ROLES)}")
        with self.core.lock:
            self._repository(full_name).collaborators[self._account(login).login] = role
            return {}

    def set_settings(self, full_name: str, **values: bool) -> Json:
        """drafts_allowed, actions_enabled, actions_may_create_pulls, delete_branch_on_merge."""
        with self.core.lock:
            settings = self._repository(full_name).settings
            unknown = set(values) - {f.name for f in fields(Settings)}
            if unknown:
                raise Refusal(422, f"no such setting: {', '.join(sorted(unknown))}")
            for name, value in values.items():
                setattr(settings, name, value)
            return asdict(settings)

    def set_secret(self, full_name: str, name: str, value: str) -> Json:
        with self.core.lock:
            self._repository(full_name).secrets[name] = value
            return {}

    def set_variable(self, full_name: str, name: str, value: str) -> Json:
        with self.core.lock:
            self._repository(full_name).variables[name] = value
            return {}

    def protect(
        self,
        full_name: str,
        branch: str,
        required: Sequence[Mapping[str, Any]] = (),
        *,
        classic: bool = False,
        reviews: int = 0,
    ) -> Json:
        """Replaces the branch's rules; `required` holds {context, integration_id?}. Only pull requests move it then."""
        with self.core.lock:
            repository = self._repository(full_name)
            wanted = [RequiredCheck(str(one["context"]), one.get("integration_id")) for one in required]
            kept = [rule for rule in repository.protections if rule.branch != branch]
            repository.protections = [*kept, Protection(branch, wanted, classic, reviews, self.core.state.next_id())]
            return {}

    def unprotect(self, full_name: str, branch: str) -> Json:
        with self.core.lock:
            repository = self._repository(full_name)
            repository.protections = [rule for rule in repository.protections if rule.branch != branch]
            return {}

    # -- apps -------------------------------------------------------------------------------------------------------

    def create_app(self, registration: Registration | Mapping[str, Any]) -> Json:
        """{id, slug, client_id, bot, private_key}; the key is null when a public one was given."""
        wanted = registration if isinstance(registration, Registration) else Registration(**registration)
        with self.core.lock:
            app = installations.register(self.core, wanted)
            shape = {"id": app.id, "slug": app.slug, "client_id": app.client_id}
            return shape | {"bot": app.bot.login, "bot_id": app.bot.id, "private_key": app.private_key}

    def set_webhook(self, slug: str, url: str) -> Json:
        with self.core.lock:
            self._app(slug).webhook_url = url
            return {}

    def install(self, slug: str, account: str, repositories: Sequence[str] | None = None, by: str = "") -> Json:
        """{id}; on all repositories of the account, or on the selected ones (full names)."""
        with self.core.lock:
            target = self._account(account)
            chosen = None if repositories is None else [self._repository(name) for name in repositories]
            who = self._account(by) if by else target
            return {"id": installations.install(self.core, self._app(slug), target, chosen, who).id}

    def expire_tokens(self, installation_id: int) -> Json:
        """{expired: number}; every living token of the installation is refused with 401 from now on."""
        with self.core.lock:
            tokens, found = self.core.state.tokens, self._installation(installation_id)
            gone = [value for value, token in tokens.items() if token.installation is found]
            for value in gone:
                del tokens[value]
            return {"expired": len(gone)}

    def suspend(self, installation_id: int, by: str, *, suspended: bool = True) -> Json:
        with self.core.lock:
            installations.suspend(
                self.core, self._installation(installation_id), self._account(by), suspended=suspended
            )
            return {}

    def uninstall(self, installation_id: int, by: str) -> Json:
        with self.core.lock:
            installations.uninstall(self.core, self._installation(installation_id), self._account(by))
            return {}

    def set_permissions(self, installation_id: int, permissions: Mapping[str, str], by: str) -> Json:
        with self.core.lock:
            found = self._installation(installation_id)
            installations.set_permissions(self.core, found, permissions, self._account(by))
            return {}

    def select_repositories(self, installation_id: int, repositories: Sequence[str], by: str) -> Json:
        with self.core.lock:
            chosen = [self._repository(name) for name in repositories]
            found = self._installation(installation_id)
            installations.select_repositories(self.core, found, chosen, self._account(by))
            return {}

    def press_button(self, full_name: str, check_run_id: int, identifier: str, login: str) -> Json:
        """A person presses a check run's button: `check_run` (requested_action) to the owning App.
        https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run"""
        with self.core.lock:
            repository = self._repository(full_name)
            run = repository.check_runs.get(check_run_id)
            if run is None or identifier not in {one.get("identifier") for one in run.actions}:
                raise Refusal(404, "no such check run or button")
            extra = {"requested_action": {"identifier": identifier}}
            who = Person(self._account(login))
            checks.tell_run(self.core, who, repository, run, "requested_action", extra)
            return {}

    # -- faults and verdicts ----------------------------------------------------------------------------------------

    def set_knobs(self, **values: Any) -> Json:
        """See `knobs.Knobs.set`."""
        with self.core.lock:
            self.core.knobs.set(values)
            return {}

    def set_actions_knobs(self, **values: Any) -> Json:
        """See `actions.options.Knobs` (runs_never_start, runner_dies, queue_delay_s, ...)."""
        from minion.hub.actions.service import Actions

        if not isinstance(self.core.actions, Actions):
            raise Refusal(422, "this hub runs no Actions")
        try:
            return asdict(self.core.actions.set_knobs(values))
        except ValueError as error:
            raise Refusal(422, str(error)) from error

    def pushes(self, full_name: str) -> list[Json]:
        """Every moved ref: ref, before, after, actor, via (git, api, merge, web, seed), at."""
        with self.core.lock:
            return [asdict(push) | {"at": iso(push.at)} for push in self._repository(full_name).pushes]

    def list_deliveries(self, slug: str = "") -> list[Json]:
        """id, guid, app, event, action, status_code, redelivery, lost; oldest first."""
        names = ("id", "guid", "event", "action", "status_code", "redelivery", "lost")
        with self.core.lock:
            found = [d for d in self.core.state.deliveries.values() if slug in ("", d.app.slug)]
            return [{name: getattr(d, name) for name in names} | {"app": d.app.slug} for d in found]

    def verdict(self) -> Json:
        """{idle, unknown_requests, crashes, requests}: what a test looks at, at the end. Crashes are the hub's own
        bugs, those of its Actions among them."""
        with self.core.lock:
            unknown = list(self.core.unknown_requests)
            requests = [asdict(one) for one in self.core.requests]
            crashes = [*self.core.crashes, *self._actions_crashes()]
        return {"idle": self.core.idle, "unknown_requests": unknown, "crashes": crashes, "requests": requests}

    def _actions_crashes(self) -> list[str]:
        from minion.hub.actions.service import Actions

        actions = self.core.actions
        return ["".join(format_exception(error)) for error in actions.errors] if isinstance(actions, Actions) else []

    # -- look-ups ---------------------------------------------------------------------------------------------------

    def _account(self, login: str) -> Account:
        found = self.core.state.account(login)
        if found is None:
            raise Refusal(404, f"there is no account {login}")
        return found

    def _repository(self, full_name: str) -> Repository:
        owner, _, name = full_name.partition("/")
        found = self.core.state.find(owner, name)
        if found is None:
            raise Refusal(404, f"there is no repository {full_name}")
        return found

    def _app(self, slug: str) -> App:
        found = next((app for app in self.core.state.apps.values() if app.slug == slug), None)
        if found is None:
            raise Refusal(404, f"there is no App {slug}")
        return found

    def _installation(self, number: int) -> Installation:
        found = self.core.state.installations.get(number)
        if found is None:
            raise Refusal(404, f"there is no installation {number}")
        return found


COMMANDS: Mapping[str, Callable[..., Any]] = {
    method.__name__: method
    for method in (
        Admin.create_user,
        Admin.create_org,
        Admin.token_of,
        Admin.create_repository,
        Admin.fork,
        Admin.rename_repository,
        Admin.delete_repository,
        Admin.set_collaborator,
        Admin.set_settings,
        Admin.set_secret,
        Admin.set_variable,
        Admin.protect,
        Admin.unprotect,
        Admin.create_app,
        Admin.set_webhook,
        Admin.install,
        Admin.expire_tokens,
        Admin.suspend,
        Admin.uninstall,
        Admin.set_permissions,
        Admin.select_repositories,
        Admin.press_button,
        Admin.set_knobs,
        Admin.set_actions_knobs,
        Admin.pushes,
        Admin.list_deliveries,
        Admin.verdict,
    )
}
