"""Check suites, check runs and statuses. https://docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-checks"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor, JobToken, Person
from minion.hub.changes.issues import actor_account
from minion.hub.errors import Refusal, invalid, moment
from minion.hub.shapes.accounts import user_json
from minion.hub.shapes.checks import check_run_payload, suite_json, suite_runs, suite_state
from minion.hub.shapes.commits import commit_json
from minion.hub.state import App, CheckRun, CheckSuite, Repository, Status, covers

if TYPE_CHECKING:
    from minion.hub.core import Core

STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out")
MAX_OUTPUT = 65_535
MAX_ANNOTATIONS = 50


def open_suites(core: Core, actor: Actor, repository: Repository, branch: str, sha: str) -> None:
    """After a push, a suite for each App that may write checks; `requested` goes to that App alone.
    https://docs.github.com/en/rest/checks/suites"""
    for installation in list(core.state.installations.values()):
        able = covers(installation, repository) and installation.permissions.get("checks") == "write"
        if able and installation.suspended_at is None:
            suite = suite_of(core, repository, installation.app, sha, branch)
            _tell_suite(core, repository, suite, "requested", actor)


def suite_of(core: Core, repository: Repository, app: App, sha: str, branch: str | None) -> CheckSuite:
    """The App's suite for that commit, made when missing."""
    mine = [s for s in repository.suites.values() if s.app is app and s.head_sha == sha]
    return mine[-1] if mine else new_suite(core, repository, app, sha, branch)


def new_suite(core: Core, repository: Repository, app: App, sha: str, branch: str | None) -> CheckSuite:
    suite = CheckSuite(core.state.next_id(), app, sha, branch, core.now(), core.now())
    repository.suites[suite.id] = suite
    return suite


def _tell_suite(core: Core, repository: Repository, suite: CheckSuite, action: str, actor: Actor) -> None:
    payload = {"action": action, "check_suite": suite_json(core, repository, suite)}
    only = None if action == "completed" else suite.app
    core.emit(repository, "check_suite", payload, actor_account(actor), only=only)
    if action == "completed":
        _trigger(core, actor, repository, suite.app, "check_suite", payload)


def _trigger(
    core: Core, actor: Actor, repository: Repository, app: App, event: str, payload: Mapping[str, Any]
) -> None:
    """Suites of Actions start no workflows, lest they start themselves.
    https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#check_run"""
    place = core.default_head(repository)
    if app is not core.actions_app and place is not None:
        core.trigger(actor, repository, event, payload, place)


# -- runs -----------------------------------------------------------------------------------------------------------


def reporter(core: Core, actor: Actor) -> App:
    """The App in whose name checks are reported; people cannot."""
    if isinstance(actor, JobToken):
        return core.actions_app
    if actor.app is None or isinstance(actor, Person):
        raise Refusal(403, "You must authenticate via a GitHub App.")
    return actor.app


def create_run(
    core: Core, actor: Actor, repository: Repository, suite: CheckSuite, fields: Mapping[str, Any]
) -> CheckRun:
    """`fields` as in POST /check-runs, checked; emits `created` and, when it is completed at once, `completed`."""
    now = core.now()
    run = CheckRun(
        id=core.state.next_id(),
        suite_id=suite.id,
        app=suite.app,
        name=str(fields["name"]),
        head_sha=suite.head_sha,
        status="queued",
        conclusion=None,
        started_at=now,
        completed_at=None,
    )
    _fill(core, run, fields)
    repository.check_runs[run.id] = run
    suite.completed = False
    tell_run(core, actor, repository, run, "created")
    if run.status == "completed":
        _completed(core, actor, repository, run)
    return run


def update_run(core: Core, actor: Actor, repository: Repository, run: CheckRun, fields: Mapping[str, Any]) -> None:
    """`fields` as in PATCH /check-runs/{id}; annotations are added to those that are there."""
    was = run.status
    _fill(core, run, fields)
    repository.suites[run.suite_id].updated_at = core.now()
    if run.status == "completed" and was != "completed":
        _completed(core, actor, repository, run)
    elif run.status != "completed":
        repository.suites[run.suite_id].completed = False


def _fill(core: Core, run: CheckRun, fields: Mapping[str, Any]) -> None:
    conclusion = fields.get("conclusion")
    status = fields.get("status", "completed" if conclusion else run.status)
    if status not in STATUSES:
        raise invalid("CheckRun", "status")
    if conclusion is not None and conclusion not in (*CONCLUSIONS, "startup_failure"):
        raise invalid("CheckRun", "conclusion")
    if status == "completed" and not (conclusion or run.conclusion):
        raise invalid("CheckRun", "conclusion", "missing_field")
    output = fields.get("output")
    if output is not None:
        _fill_output(run, output)
    for key in ("name", "external_id", "details_url", "actions"):
        if fields.get(key) is not None:
            setattr(run, key, fields[key])
    _check_actions(run.actions)
    run.status = status
    run.conclusion = (conclusion or run.conclusion) if status == "completed" else None
    run.started_at = moment(fields.get("started_at"), "CheckRun", "started_at") or run.started_at
    ended = moment(fields.get("completed_at"), "CheckRun", "completed_at") or run.completed_at or core.now()
    run.completed_at = ended if status == "completed" else None


def _fill_output(run: CheckRun, output: Mapping[str, Any]) -> None:
    annotations = list(output.get("annotations") or [])
    too_long = any(len(output.get(key) or "") > MAX_OUTPUT for key in ("summary", "text"))
    if too_long or len(annotations) > MAX_ANNOTATIONS:
        raise invalid("CheckRun", "output", "custom", f"at most {MAX_OUTPUT} characters, {MAX_ANNOTATIONS} annotations")
    run.output = {key: output.get(key) for key in ("title", "summary", "text")}
    run.annotations += annotations


def _check_actions(actions: list[dict[str, Any]]) -> None:
    """https://docs.github.com/en/rest/checks/runs#create-a-check-run: three buttons of 20, 40 and 20 characters."""
    fits = all(
        len(one.get("label", "")) <= 20
        and len(one.get("description", "")) <= 40
        and len(one.get("identifier", "")) <= 20
        for one in actions
    )
    if len(actions) > 3 or not fits:
        raise invalid(
            "CheckRun", "actions", "custom", "at most 3 actions; label <= 20, description <= 40, identifier <= 20"
        )


def tell_run(
    core: Core,
    actor: Actor,
    repository: Repository,
    run: CheckRun,
    action: str,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """`created` and `completed` go to all, `rerequested` and `requested_action` to the owning App."""
    payload = {"action": action, "check_run": check_run_payload(core, repository, run)} | dict(extra or {})
    only = None if action in ("created", "completed") else run.app
    core.emit(repository, "check_run", payload, actor_account(actor), only=only)
    _trigger(core, actor, repository, run.app, "check_run", payload)


def _completed(core: Core, actor: Actor, repository: Repository, run: CheckRun) -> None:
    tell_run(core, actor, repository, run, "completed")
    suite = repository.suites[run.suite_id]
    suite.updated_at = core.now()
    state, _ = suite_state(suite_runs(repository, suite))
    if state == "completed" and not suite.completed:
        suite.completed = True
        _tell_suite(core, repository, suite, "completed", actor)


def rerequest_suite(core: Core, actor: Actor, repository: Repository, suite: CheckSuite) -> None:
    _tell_suite(core, repository, suite, "rerequested", actor)


# -- statuses -------------------------------------------------------------------------------------------------------


def add_status(core: Core, actor: Actor, repository: Repository, sha: str, fields: Mapping[str, Any]) -> Status:
    """https://docs.github.com/en/rest/commits/statuses#create-a-commit-status"""
    if fields.get("state") not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state")
    status = Status(
        id=core.state.next_id(),
        sha=sha,
        state=fields["state"],
        context=fields.get("context") or "default",
        description=fields.get("description"),
        target_url=fields.get("target_url"),
        creator=actor_account(actor),
        created_at=core.now(),
    )
    repository.statuses.append(status)
    core.announce(actor, repository, "status", status_payload(core, repository, status))
    return status


def status_payload(core: Core, repository: Repository, status: Status) -> dict[str, Any]:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#status"""
    git = core.git(repository)
    url = f"{core.api_url}/repos/{repository.full_name}/commits/{status.sha}"
    heads = [name for name, sha in git.refs("refs/heads/").items() if sha == status.sha]
    branches = [
        {"name": name.removeprefix("refs/heads/"), "commit": {"sha": status.sha, "url": url}, "protected": False}
        for name in heads
    ]
    stamp = status.created_at.isoformat()
    return {
        "id": status.id,
        "sha": status.sha,
        "name": repository.full_name,
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "avatar_url": user_json(core, status.creator)["avatar_url"],
        "branches": branches,
        "commit": commit_json(core, repository, git.commit(status.sha)),
        "created_at": stamp,
        "updated_at": stamp,
    }
