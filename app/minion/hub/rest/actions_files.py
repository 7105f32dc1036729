"""Logs and artifacts of runs, and the signed links that lead to them.

https://docs.github.com/en/rest/actions/artifacts
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as HttpRoute

from minion.hub.actions.log_archive import run_archive
from minion.hub.actions.payloads import artifact_json
from minion.hub.actions.records import Artifact, RunRecord
from minion.hub.actions.service import Actions
from minion.hub.errors import not_found
from minion.hub.rest.actions_finding import READ, ROOT, RUN, WRITE, job_of, run_of, service_of
from minion.hub.rest.route import Accepts, Answer, Call, route

BLOBS = "/_actions/blobs"


def _redirect(call: Call, path: str) -> Answer:
    """To a link that is valid for a minute and needs no Authorization."""
    return Answer(302, None, {"Location": call.core.base_url + service_of(call).signer.signed(path)})


def job_logs(call: Call) -> Answer:
    job = job_of(call)
    if not job.done or not job.log.is_file():
        raise not_found()
    return _redirect(call, f"{BLOBS}/jobs/{job.id}")


def run_logs(call: Call) -> Answer:
    run = run_of(call)
    if not run.done:
        raise not_found()
    return _redirect(call, f"{BLOBS}/runs/{run.id}-{run.attempt}")


def attempt_logs(call: Call) -> Answer:
    run, attempt = run_of(call), call.number("attempt_number")
    if not run.attempt_jobs(attempt):
        raise not_found()
    return _redirect(call, f"{BLOBS}/runs/{run.id}-{attempt}")


def _artifact(call: Call) -> tuple[RunRecord, Artifact]:
    service = service_of(call)
    artifact = service.artifacts.get(call.number("artifact_id"))
    run = service.ledger.run(artifact.run_id) if artifact is not None else None
    if artifact is None or run is None or run.repository_id != call.repository.id:
        raise not_found()
    return run, artifact


def list_run_artifacts(call: Call) -> Answer:
    return _artifacts(call, [run_of(call)])


def list_artifacts(call: Call) -> Answer:
    return _artifacts(call, service_of(call).ledger.runs_of(call.repository.id))


def _artifacts(call: Call, runs: list[RunRecord]) -> Answer:
    service = service_of(call)
    pairs = [(run, artifact) for run in runs for artifact in service.artifacts.of_run(run.id)]
    chosen = [pair for pair in pairs if call.query.get("name", pair[1].name) == pair[1].name]
    return call.page(chosen, lambda pair: artifact_json(service.host, *pair), key="artifacts")


def get_artifact(call: Call) -> Answer:
    return Answer(200, artifact_json(service_of(call).host, *_artifact(call)))


def delete_artifact(call: Call) -> Answer:
    service_of(call).artifacts.remove(_artifact(call)[1].id)
    return Answer(204)


def download_artifact(call: Call) -> Answer:
    if call.params["archive_format"] != "zip":
        raise not_found()
    return _redirect(call, f"{BLOBS}/artifacts/{_artifact(call)[1].id}")


ROUTES = (
    route(f"GET {RUN}/attempts/{{attempt_number}}/logs", attempt_logs, READ),
    route(f"GET {RUN}/logs", run_logs, READ),
    route(f"GET {RUN}/artifacts", list_run_artifacts, READ, Accepts("name per_page page")),
    route(f"GET {ROOT}/jobs/{{job_id}}/logs", job_logs, READ),
    route(f"GET {ROOT}/artifacts", list_artifacts, READ, Accepts("name per_page page")),
    route(f"GET {ROOT}/artifacts/{{artifact_id}}", get_artifact, READ),
    route(f"DELETE {ROOT}/artifacts/{{artifact_id}}", delete_artifact, WRITE),
    route(f"GET {ROOT}/artifacts/{{artifact_id}}/{{archive_format}}", download_artifact, READ),
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
