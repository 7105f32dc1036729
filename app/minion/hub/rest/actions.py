"""https://docs.github.com/en/rest/actions: workflows, runs, jobs, logs and artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from minion.hub.actions.dispatching import Refused
from minion.hub.actions.host import RepositoryInfo
from minion.hub.actions.log_archive import run_archive
from minion.hub.actions.payloads import artifact_json, job_json, run_json, workflow_json
from minion.hub.actions.records import Artifact, JobRecord, RunRecord
from minion.hub.actions.service import Actions, WorkflowFile
from minion.hub.errors import Refusal, forbidden, not_found, unknown
from minion.hub.rest.route import NOTHING, PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.accounts import user_json

ROOT = "/repos/{owner}/{repo}/actions"
RUN = ROOT + "/runs/{run_id}"
READ = needs("actions:read")
WRITE = needs("actions:write")
RUN_FILTERS = "actor branch event status created exclude_pull_requests check_suite_id head_sha per_page page"
BLOBS = "/_actions/blobs"
_TELLS_RUNS = "2026-03-10"


def _service(call: Call) -> Actions:
    return cast("Actions", call.core.actions)


def _repository(call: Call) -> RepositoryInfo:
    return _service(call).host.repository(call.repository.id)


def _run(call: Call) -> RunRecord:
    run = _service(call).ledger.run(call.number("run_id"))
    if run is None or run.repository_id != call.repository.id:
        raise not_found()
    return run


def _job(call: Call) -> JobRecord:
    job = _service(call).ledger.job(call.number("job_id"))
    if job is None or job.run.repository_id != call.repository.id:
        raise not_found()
    return job


# -- workflows ------------------------------------------------------------------------------------------------------


def _show_workflow(call: Call, workflow: WorkflowFile) -> dict[str, Any]:
    return workflow_json(_service(call).host, _repository(call), workflow.id, workflow.path, workflow.name)


def list_workflows(call: Call) -> Answer:
    found = _service(call).workflows(_repository(call))
    return call.page(found, lambda workflow: _show_workflow(call, workflow), key="workflows")


def _workflow(call: Call) -> WorkflowFile:
    """By id or file name; only the default branch's workflows are known."""
    wanted = call.params["workflow_id"]
    for workflow in _service(call).workflows(_repository(call)):
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
    outcome = _service(call).dispatch(_repository(call), workflow.path, call.body["ref"], inputs, sender)
    if isinstance(outcome, Refused):
        raise Refusal(outcome.status, outcome.message)
    if not (newer or call.body.get("return_run_details")):
        return Answer(204)
    shown = run_json(_service(call).host, outcome)
    return Answer(200, {"workflow_run_id": outcome.id, "run_url": shown["url"], "html_url": shown["html_url"]})


# -- runs -----------------------------------------------------------------------------------------------------------


def _show_run(call: Call, run: RunRecord) -> dict[str, Any]:
    shown = run_json(_service(call).host, run)
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
    found = [run for run in _service(call).ledger.runs_of(call.repository.id) if _matches(run, call)]
    return call.page(found, lambda run: _show_run(call, run), key="workflow_runs")


def list_workflow_runs(call: Call) -> Answer:
    workflow = _workflow(call)
    runs = _service(call).ledger.runs_of(call.repository.id)
    found = [run for run in runs if run.workflow_id == workflow.id and _matches(run, call)]
    return call.page(found, lambda run: _show_run(call, run), key="workflow_runs")


def get_run(call: Call) -> Answer:
    return Answer(200, _show_run(call, _run(call)))


def get_attempt(call: Call) -> Answer:
    run, attempt = _run(call), call.number("attempt_number")
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
    run = _run(call)
    if run.done:
        raise Refusal(409, "Cannot cancel a workflow run that is completed.")
    _service(call).cancel(run, force=force)
    return Answer(202, {})


def rerun(call: Call) -> Answer:
    return _rerun(call, _run(call), failed_only=False)


def rerun_failed(call: Call) -> Answer:
    return _rerun(call, _run(call), failed_only=True)


def rerun_job(call: Call) -> Answer:
    """The job and those that need it."""
    job = _job(call)
    keep = {name: other for name, other in _succeeded(job.run).items() if name != job.name}
    return _again(call, job.run, keep)


def _rerun(call: Call, run: RunRecord, *, failed_only: bool) -> Answer:
    return _again(call, run, _succeeded(run) if failed_only else {})


def _again(call: Call, run: RunRecord, keep: dict[str, JobRecord]) -> Answer:
    if not run.done:
        raise forbidden("This workflow is already running")
    if run.problem is not None:
        raise forbidden("This workflow run cannot be rerun because its workflow file may be broken")
    _service(call).rerun(run, call.account.login, keep)
    return Answer(201, {})


def _latest(run: RunRecord) -> list[JobRecord]:
    """The newest record of each job."""
    return list({job.name: job for job in sorted(run.jobs, key=lambda job: job.attempt)}.values())


def _succeeded(run: RunRecord) -> dict[str, JobRecord]:
    return {job.name: job for job in _latest(run) if job.conclusion == "success"}


# -- jobs and logs --------------------------------------------------------------------------------------------------


def list_jobs(call: Call) -> Answer:
    run = _run(call)
    match call.query.get("filter", "latest"):
        case "latest":
            found = _latest(run)
        case "all":
            found = list(run.jobs)
        case other:
            raise Refusal(422, f"filter is latest or all, not {other}")
    return _jobs(call, found)


def list_attempt_jobs(call: Call) -> Answer:
    run, attempt = _run(call), call.number("attempt_number")
    if not 1 <= attempt <= run.attempt:
        raise not_found()
    return _jobs(call, run.attempt_jobs(attempt))


def _jobs(call: Call, found: list[JobRecord]) -> Answer:
    return call.page(found, lambda job: job_json(_service(call).host, job), key="jobs")


def get_job(call: Call) -> Answer:
    return Answer(200, job_json(_service(call).host, _job(call)))


def _redirect(call: Call, path: str) -> Answer:
    """To a link that is valid for a minute and needs no Authorization."""
    return Answer(302, None, {"Location": call.core.base_url + _service(call).signer.signed(path)})


def job_logs(call: Call) -> Answer:
    job = _job(call)
    if not job.done or not job.log.is_file():
        raise not_found()
    return _redirect(call, f"{BLOBS}/jobs/{job.id}")


def run_logs(call: Call) -> Answer:
    run = _run(call)
    if not run.done:
        raise not_found()
    return _redirect(call, f"{BLOBS}/runs/{run.id}-{run.attempt}")


def attempt_logs(call: Call) -> Answer:
    run, attempt = _run(call), call.number("attempt_number")
    if not run.attempt_jobs(attempt):
        raise not_found()
    return _redirect(call, f"{BLOBS}/runs/{run.id}-{attempt}")


# -- artifacts ------------------------------------------------------------------------------------------------------


def _artifact(call: Call) -> tuple[RunRecord, Artifact]:
    service = _service(call)
    artifact = service.artifacts.get(call.number("artifact_id"))
    run = service.ledger.run(artifact.run_id) if artifact is not None else None
    if artifact is None or run is None or run.repository_id != call.repository.id:
        raise not_found()
    return run, artifact


def list_run_artifacts(call: Call) -> Answer:
    return _artifacts(call, [_run(call)])


def list_artifacts(call: Call) -> Answer:
    return _artifacts(call, _service(call).ledger.runs_of(call.repository.id))


def _artifacts(call: Call, runs: list[RunRecord]) -> Answer:
    service = _service(call)
    pairs = [(run, artifact) for run in runs for artifact in service.artifacts.of_run(run.id)]
    chosen = [pair for pair in pairs if call.query.get("name", pair[1].name) == pair[1].name]
    return call.page(chosen, lambda pair: artifact_json(service.host, *pair), key="artifacts")


def get_artifact(call: Call) -> Answer:
    return Answer(200, artifact_json(_service(call).host, *_artifact(call)))


def delete_artifact(call: Call) -> Answer:
    _service(call).artifacts.remove(_artifact(call)[1].id)
    return Answer(204)


def download_artifact(call: Call) -> Answer:
    if call.params["archive_format"] != "zip":
        raise not_found()
    return _redirect(call, f"{BLOBS}/artifacts/{_artifact(call)[1].id}")


def get_permissions(call: Call) -> Answer:
    enabled = _repository(call).actions_enabled and not _service(call).knobs.actions_disabled
    return Answer(
        200, {"enabled": enabled, **({"allowed_actions": "all", "sha_pinning_required": False} if enabled else {})}
    )


ROUTES = (
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
    route(f"GET {RUN}/attempts/{{attempt_number}}/logs", attempt_logs, READ),
    route(f"POST {RUN}/cancel", cancel, WRITE),
    route(f"POST {RUN}/force-cancel", force_cancel, WRITE),
    route(f"POST {RUN}/rerun", rerun, WRITE, Accepts(body="enable_debug_logging:bool")),
    route(f"POST {RUN}/rerun-failed-jobs", rerun_failed, WRITE, Accepts(body="enable_debug_logging:bool")),
    route(f"GET {RUN}/jobs", list_jobs, READ, Accepts("filter per_page page")),
    route(f"GET {RUN}/logs", run_logs, READ),
    route(f"GET {RUN}/artifacts", list_run_artifacts, READ, Accepts("name per_page page")),
    route(f"GET {ROOT}/jobs/{{job_id}}", get_job, READ),
    route(f"GET {ROOT}/jobs/{{job_id}}/logs", job_logs, READ),
    route(f"POST {ROOT}/jobs/{{job_id}}/rerun", rerun_job, WRITE, Accepts(body="enable_debug_logging:bool")),
    route(f"GET {ROOT}/artifacts", list_artifacts, READ, Accepts("name per_page page")),
    route(f"GET {ROOT}/artifacts/{{artifact_id}}", get_artifact, READ),
    route(f"DELETE {ROOT}/artifacts/{{artifact_id}}", delete_artifact, WRITE),
    route(f"GET {ROOT}/artifacts/{{artifact_id}}/{{archive_format}}", download_artifact, READ),
    route(f"GET {ROOT}/permissions", get_permissions, needs("administration:read"), NOTHING),
)


def downloads(service: Actions) -> Sequence[BaseRoute]:
    """What the signed links lead to."""

    def blob(request: Request) -> Response:
        query = request.query_params
        if not service.signer.valid(request.url.path, query.get("expires", ""), query.get("sig", "")):
            return PlainTextResponse("AuthenticationFailed", 403)
        found = _blob(service, str(request.path_params["kind"]), str(request.path_params["name"]))
        if found is None:
            return PlainTextResponse("BlobNotFound", 404)
        content, media_type = found
        return Response(content, media_type=media_type)

    return [HttpRoute(f"{BLOBS}/{{kind}}/{{name}}", blob, methods=["GET", "HEAD"])]


def _blob(service: Actions, kind: str, name: str) -> tuple[bytes, str] | None:
    match kind:
        case "jobs":
            job = service.ledger.job(int(name))
            return (job.log.read_bytes(), "text/plain") if job is not None and job.log.is_file() else None
        case "runs":
            number, _, attempt = name.partition("-")
            run = service.ledger.run(int(number))
            return (run_archive(run.attempt_jobs(int(attempt))), "application/zip") if run is not None else None
        case "artifacts":
            artifact = service.artifacts.get(int(name))
            return (artifact.file.read_bytes(), "application/zip") if artifact is not None else None
        case _:
            return None
