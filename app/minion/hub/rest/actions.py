"""https://docs.github.com/en/rest/actions: workflows, runs, jobs, logs and artifacts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from minion.hub.actions.dispatching import Refused
from minion.hub.actions.payloads import job_json, run_json, stamp, workflow_json
from minion.hub.actions.records import JobRecord, RunRecord
from minion.hub.actions.service import WorkflowFile
from minion.hub.errors import Refusal, forbidden, not_found, unknown
from minion.hub.rest import actions_files
from minion.hub.rest.actions_files import downloads
from minion.hub.rest.actions_finding import READ, ROOT, RUN, WRITE, job_of, repository_of, run_of, service_of
from minion.hub.rest.route import NOTHING, PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.accounts import user_json

RUN_FILTERS = "actor branch event status created exclude_pull_requests check_suite_id head_sha per_page page"
_TELLS_RUNS = "2026-03-10"


__all__ = ["ROUTES", "downloads"]

# -- workflows ------------------------------------------------------------------------------------------------------


def _show_workflow(call: Call, workflow: WorkflowFile) -> dict[str, Any]:
    return workflow_json(service_of(call).host, repository_of(call), workflow.id, workflow.path, workflow.name)


def list_workflows(call: Call) -> Answer:
    found = service_of(call).workflows(repository_of(call))
    return call.page(found, lambda workflow: _show_workflow(call, workflow), key="workflows")


def _workflow(call: Call) -> WorkflowFile:
    """By id or file name; only the default branch's workflows are known."""
    wanted = call.params["workflow_id"]
    for workflow in service_of(call).workflows(repository_of(call)):
        if wanted in {str(workflow.id), workflow.path.rsplit("/", 1)[-1]}:
            return workflow
    raise not_found()


def get_workflow(call: Call) -> Answer:
    return Answer(200, _show_workflow(call, _workflow(call)))


def dispatch(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event

    Version 2022-11-28 tells the run's id only when asked to; 2026-03-10 always does and no longer knows the field."""
    newer = call.headers.get("x-github-api-version", "") >= _TELLS_RUNS
    if newer and "return_run_details" in call.body:
        raise unknown("body field", "return_run_details")
    workflow = _workflow(call)
    sender = user_json(call.core, call.account)
    inputs = call.body.get("inputs") or {}
    outcome = service_of(call).dispatch(repository_of(call), workflow.path, call.body["ref"], inputs, sender)
    if isinstance(outcome, Refused):
        raise Refusal(outcome.status, outcome.message)
    if not (newer or call.body.get("return_run_details")):
        return Answer(204)
    shown = run_json(service_of(call).host, outcome)
    return Answer(200, {"workflow_run_id": outcome.id, "run_url": shown["url"], "html_url": shown["html_url"]})


# -- runs -----------------------------------------------------------------------------------------------------------


def _show_run(call: Call, run: RunRecord) -> dict[str, Any]:
    shown = run_json(service_of(call).host, run)
    if call.query.get("exclude_pull_requests") == "true":
        shown["pull_requests"] = []
    return shown


def _matches(run: RunRecord, call: Call) -> bool:
    query = call.query
    wanted = {
        "actor": run.cause.actor,
        "branch": run.head_branch,
        "event": run.cause.event,
        "head_sha": run.head_sha,
        "check_suite_id": str(run.suite_id),
    }
    if any(query.get(name, value) != value for name, value in wanted.items()):
        return False
    if query.get("status") not in {None, run.status, run.conclusion}:
        return False
    return "created" not in query or created_within(query["created"], run.created_at)


def created_within(text: str, moment: datetime) -> bool:
    """`2026-01-01`, `>=2026-01-01`, `a..b`. https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax#query-for-dates"""
    if ".." in text:
        first, _, last = text.partition("..")
        after = first in {"", "*"} or moment >= _moment(first)[0]
        return after and (last in {"", "*"} or moment <= _moment(last)[1])
    for prefix in (">=", "<=", ">", "<"):
        if text.startswith(prefix):
            start, end = _moment(text.removeprefix(prefix))
            return {">=": moment >= start, "<=": moment <= end, ">": moment > end, "<": moment < start}[prefix]
    start, end = _moment(text)
    return start <= moment <= end


def _moment(text: str) -> tuple[datetime, datetime]:
    """First and last moment that the text names."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(422, f"Invalid created filter: {text}") from error
    start = found if found.tzinfo else found.replace(tzinfo=UTC)
    return start, start.replace(hour=23, minute=59, second=59, microsecond=999_999) if len(text) == 10 else start


def list_runs(call: Call) -> Answer:
    found = [run for run in service_of(call).ledger.runs_of(call.repository.id) if _matches(run, call)]
    return call.page(found, lambda run: _show_run(call, run), key="workflow_runs")


def list_workflow_runs(call: Call) -> Answer:
    workflow = _workflow(call)
    runs = service_of(call).ledger.runs_of(call.repository.id)
    found = [run for run in runs if run.workflow_id == workflow.id and _matches(run, call)]
    return call.page(found, lambda run: _show_run(call, run), key="workflow_runs")


def get_run(call: Call) -> Answer:
    return Answer(200, _show_run(call, run_of(call)))


def get_attempt(call: Call) -> Answer:
    run, attempt = run_of(call), call.number("attempt_number")
    if attempt == run.attempt:
        return Answer(200, _show_run(call, run))
    former = [shown for shown in run.earlier if shown["run_attempt"] == attempt]
    if not former:
        raise not_found()
    return Answer(200, former[0])


def cancel(call: Call) -> Answer:
    return _cancel(call, force=False)


def force_cancel(call: Call) -> Answer:
    return _cancel(call, force=True)


def _cancel(call: Call, *, force: bool) -> Answer:
    run = run_of(call)
    if run.done:
        raise Refusal(409, "Cannot cancel a workflow run that is completed.")
    service_of(call).cancel(run, force=force)
    return Answer(202, {})


def approve(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#approve-a-workflow-run-for-a-fork-pull-request"""
    run = run_of(call)
    if run.conclusion != "action_required":
        raise forbidden("This run is not from a fork pull request or queued behind an approval")
    service_of(call).approve(run)
    return Answer(201, {})


def rerun(call: Call) -> Answer:
    return _rerun(call, run_of(call), failed_only=False)


def rerun_failed(call: Call) -> Answer:
    return _rerun(call, run_of(call), failed_only=True)


def rerun_job(call: Call) -> Answer:
    """The job and those that need it."""
    job = job_of(call)
    keep = {name: other for name, other in _succeeded(job.run).items() if name != job.name}
    return _again(call, job.run, keep)


def _rerun(call: Call, run: RunRecord, *, failed_only: bool) -> Answer:
    return _again(call, run, _succeeded(run) if failed_only else {})


def _again(call: Call, run: RunRecord, keep: dict[str, JobRecord]) -> Answer:
    if not run.done:
        raise forbidden("This workflow is already running")
    if run.problem is not None:
        raise forbidden("This workflow run cannot be rerun because its workflow file may be broken")
    service_of(call).rerun(run, call.account.login, keep)
    return Answer(201, {})


def _latest(run: RunRecord) -> list[JobRecord]:
    """The newest record of each job."""
    return list({job.name: job for job in sorted(run.jobs, key=lambda job: job.attempt)}.values())


def _succeeded(run: RunRecord) -> dict[str, JobRecord]:
    return {job.name: job for job in _latest(run) if job.conclusion == "success"}


# -- jobs and logs --------------------------------------------------------------------------------------------------


def list_jobs(call: Call) -> Answer:
    run = run_of(call)
    match call.query.get("filter", "latest"):
        case "latest":
            found = _latest(run)
        case "all":
            found = list(run.jobs)
        case other:
            raise Refusal(422, f"filter is latest or all, not {other}")
    return _jobs(call, found)


def list_attempt_jobs(call: Call) -> Answer:
    run, attempt = run_of(call), call.number("attempt_number")
    if not 1 <= attempt <= run.attempt:
        raise not_found()
    return _jobs(call, run.attempt_jobs(attempt))


def _jobs(call: Call, found: list[JobRecord]) -> Answer:
    return call.page(found, lambda job: job_json(service_of(call).host, job), key="jobs")


def get_job(call: Call) -> Answer:
    return Answer(200, job_json(service_of(call).host, job_of(call)))


def list_secrets(call: Call) -> Answer:
    """Names only. https://docs.github.com/en/rest/actions/secrets#list-repository-secrets"""
    names = sorted(service_of(call).host.secrets(call.repository.id))
    moment = stamp(call.core.now())
    return call.page(names, lambda name: {"name": name, "created_at": moment, "updated_at": moment}, key="secrets")


def list_variables(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/variables#list-repository-variables"""
    pairs = sorted(service_of(call).host.variables(call.repository.id).items())
    moment = {"created_at": stamp(call.core.now()), "updated_at": stamp(call.core.now())}
    return call.page(pairs, lambda pair: {"name": pair[0], "value": pair[1], **moment}, key="variables")


def get_permissions(call: Call) -> Answer:
    enabled = repository_of(call).actions_enabled and not service_of(call).knobs.actions_disabled
    return Answer(
        200, {"enabled": enabled, **({"allowed_actions": "all", "sha_pinning_required": False} if enabled else {})}
    )


ROUTES = (
    *actions_files.ROUTES,
    route(f"GET {ROOT}/workflows", list_workflows, READ, PAGED),
    route(f"GET {ROOT}/workflows/{{workflow_id}}", get_workflow, READ),
    route(f"GET {ROOT}/workflows/{{workflow_id}}/runs", list_workflow_runs, READ, Accepts(RUN_FILTERS)),
    route(
        f"POST {ROOT}/workflows/{{workflow_id}}/dispatches",
        dispatch,
        WRITE,
        Accepts(body="ref! inputs:dict? return_run_details:bool"),
    ),
    route(f"GET {ROOT}/runs", list_runs, READ, Accepts(RUN_FILTERS)),
    route(f"GET {RUN}", get_run, READ, Accepts("exclude_pull_requests")),
    route(f"GET {RUN}/attempts/{{attempt_number}}", get_attempt, READ, Accepts("exclude_pull_requests")),
    route(f"GET {RUN}/attempts/{{attempt_number}}/jobs", list_attempt_jobs, READ, PAGED),
    route(f"POST {RUN}/approve", approve, WRITE),
    route(f"POST {RUN}/cancel", cancel, WRITE),
    route(f"POST {RUN}/force-cancel", force_cancel, WRITE),
    route(f"POST {RUN}/rerun", rerun, WRITE, Accepts(body="enable_debug_logging:bool")),
    route(f"POST {RUN}/rerun-failed-jobs", rerun_failed, WRITE, Accepts(body="enable_debug_logging:bool")),
    route(f"GET {RUN}/jobs", list_jobs, READ, Accepts("filter per_page page")),
    route(f"GET {ROOT}/jobs/{{job_id}}", get_job, READ),
    route(f"POST {ROOT}/jobs/{{job_id}}/rerun", rerun_job, WRITE, Accepts(body="enable_debug_logging:bool")),
    route(f"GET {ROOT}/secrets", list_secrets, needs("secrets:read", role="write"), PAGED),
    route(f"GET {ROOT}/variables", list_variables, needs("actions_variables:read", role="write"), PAGED),
    route(f"GET {ROOT}/permissions", get_permissions, needs("administration:read", role="admin"), NOTHING),
)
