"""https://docs.github.com/en/rest/checks/runs, /suites and https://docs.github.com/en/rest/commits/statuses"""

from __future__ import annotations

from typing import Any

from minion.hub.changes import checks as change
from minion.hub.errors import forbidden, invalid
from minion.hub.mergeability import latest_runs, latest_statuses
from minion.hub.rest.finding import check_run_of, commit_of, suite_by_id
from minion.hub.rest.issues import REPO
from minion.hub.rest.route import PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.checks import check_run_json, status_json, suite_json, suite_runs
from minion.hub.shapes.repositories import repository_json
from minion.hub.state import CheckRun, CheckSuite

OUTPUT_FIELDS = {"title", "summary", "text", "annotations", "images"}
ANNOTATION_FIELDS = {
    "path", "start_line", "end_line", "start_column", "end_column",
    "annotation_level", "message", "title", "raw_details",
}  # fmt: skip
READ = needs("checks:read")
WRITE = needs("checks:write")


def _show(call: Call, run: CheckRun) -> dict[str, Any]:
    return check_run_json(call.core, call.repository, run)


def _check_output(output: Any) -> None:
    if output is None:
        return
    if set(output) - OUTPUT_FIELDS or not isinstance(output.get("summary"), str):
        raise invalid("CheckRun", "output")
    for entry in output.get("annotations") or []:
        needed = ("path", "start_line", "end_line", "annotation_level", "message")
        levelled = isinstance(entry, dict) and entry.get("annotation_level") in ("notice", "warning", "failure")
        if not levelled or set(entry) - ANNOTATION_FIELDS or any(key not in entry for key in needed):
            raise invalid("CheckRun", "annotations")


def create_run(call: Call) -> Answer:
    _check_output(call.body.get("output"))
    app = change.reporter(call.core, call.actor)
    git = call.core.git(call.repository)
    sha = git.resolve(call.body["head_sha"])
    if sha is None or len(call.body["head_sha"]) != 40:
        raise invalid("CheckRun", "head_sha", "custom", f"No commit found for SHA: {call.body['head_sha']}")
    heads = git.refs("refs/heads/").items()
    branch = next((name.removeprefix("refs/heads/") for name, tip in heads if tip == sha), None)
    suite = change.suite_of(call.core, call.repository, app, sha, branch)
    return Answer(201, _show(call, change.create_run(call.core, call.actor, call.repository, suite, call.body)))


def update_run(call: Call) -> Answer:
    """Only the App that made it."""
    run = check_run_of(call)
    if change.reporter(call.core, call.actor) is not run.app:
        raise forbidden("Invalid app_id `{}` - check run can only be modified by the GitHub App that created it.")
    _check_output(call.body.get("output"))
    change.update_run(call.core, call.actor, call.repository, run, call.body)
    return Answer(200, _show(call, run))


def get_run(call: Call) -> Answer:
    return Answer(200, _show(call, check_run_of(call)))


def _filtered(call: Call, runs: list[CheckRun]) -> Answer:
    query = call.query
    wanted = {"name": query.get("check_name"), "status": query.get("status")}
    chosen = [r for r in runs if all(v in (None, getattr(r, k)) for k, v in wanted.items())]
    chosen = [r for r in chosen if query.get("app_id") in (None, str(r.app.id))]
    return call.page(chosen, lambda run: _show(call, run), key="check_runs")


def _newest(call: Call, runs: list[CheckRun]) -> list[CheckRun]:
    if call.query.get("filter", "latest") == "all":
        return runs
    latest = {id(run) for sha in {r.head_sha for r in runs} for run in latest_runs(call.repository, sha)}
    return [run for run in runs if id(run) in latest]


def list_for_ref(call: Call) -> Answer:
    sha = commit_of(call)
    runs = sorted((r for r in call.repository.check_runs.values() if r.head_sha == sha), key=lambda r: -r.id)
    return _filtered(call, _newest(call, runs))


def list_in_suite(call: Call) -> Answer:
    runs = sorted(suite_runs(call.repository, suite_by_id(call)), key=lambda run: -run.id)
    return _filtered(call, _newest(call, runs))


def list_annotations(call: Call) -> Answer:
    run = check_run_of(call)
    page = f"{call.core.base_url}/{call.repository.full_name}/blob/{run.head_sha}"
    empty = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    return call.page(run.annotations, lambda one: empty | dict(one) | {"blob_href": f"{page}/{one['path']}"})


def rerequest_run(call: Call) -> Answer:
    """https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run"""
    run = check_run_of(call)
    change.tell_run(call.core, call.actor, call.repository, run, "rerequested")
    return Answer(201, {})


def _suite(call: Call, suite: CheckSuite) -> dict[str, Any]:
    return suite_json(call.core, call.repository, suite)


def list_suites(call: Call) -> Answer:
    sha, app, name = commit_of(call), call.query.get("app_id"), call.query.get("check_name")
    chosen = [s for s in call.repository.suites.values() if s.head_sha == sha and app in (None, str(s.app.id))]
    if name is not None:
        chosen = [s for s in chosen if any(run.name == name for run in suite_runs(call.repository, s))]
    return call.page(chosen, lambda suite: _suite(call, suite), key="check_suites")


def create_suite(call: Call) -> Answer:
    app = change.reporter(call.core, call.actor)
    sha = call.core.git(call.repository).resolve(call.body["head_sha"])
    if sha is None:
        raise invalid("CheckSuite", "head_sha")
    fresh = not any(s.app is app and s.head_sha == sha for s in call.repository.suites.values())
    suite = change.suite_of(call.core, call.repository, app, sha, None)
    return Answer(201 if fresh else 200, _suite(call, suite))


def get_suite(call: Call) -> Answer:
    return Answer(200, _suite(call, suite_by_id(call)))


def rerequest_suite(call: Call) -> Answer:
    change.rerequest_suite(call.core, call.actor, call.repository, suite_by_id(call))
    return Answer(201, {})


# -- statuses -------------------------------------------------------------------------------------------------------


def create_status(call: Call) -> Answer:
    sha = commit_of(call, "sha")
    status = change.add_status(call.core, call.actor, call.repository, sha, call.body)
    return Answer(201, status_json(call.core, call.repository, status))


def list_statuses(call: Call) -> Answer:
    sha = commit_of(call)
    found = [s for s in reversed(call.repository.statuses) if s.sha == sha]
    return call.page(found, lambda status: status_json(call.core, call.repository, status))


def combined_status(call: Call) -> Answer:
    """The worst of the newest status of each context; pending when there is none."""
    sha = commit_of(call)
    newest = latest_statuses(call.repository, sha)
    states = {status.state for status in newest}
    bad = states & {"failure", "error"}
    state = "failure" if bad else ("success" if states == {"success"} else "pending")
    url = f"{call.core.api_url}/repos/{call.repository.full_name}/commits/{sha}"
    shown = call.page(newest, lambda status: status_json(call.core, call.repository, status))
    for shape in shown.body:
        shape.pop("creator")
    body = {
        "state": state,
        "statuses": shown.body,
        "sha": sha,
        "total_count": len(newest),
        "repository": repository_json(call.core, call.repository),
        "commit_url": url,
        "url": f"{url}/status",
    }
    return Answer(200, body, shown.headers)


RUN = REPO + "/check-runs/{check_run_id}"
SUITE = REPO + "/check-suites/{check_suite_id}"
RUN_FIELDS = "details_url external_id status started_at conclusion completed_at output:dict actions:list"
LISTING = "check_name status filter app_id per_page page"
NEW_STATUS = Accepts(body="state! target_url:str? description:str? context")

ROUTES = (
    route(f"POST {REPO}/check-runs", create_run, WRITE, Accepts(body=f"name! head_sha! {RUN_FIELDS}")),
    route(f"PATCH {RUN}", update_run, WRITE, Accepts(body=f"name {RUN_FIELDS}")),
    route(f"GET {RUN}", get_run, READ),
    route(f"GET {RUN}/annotations", list_annotations, READ, PAGED),
    route(f"POST {RUN}/rerequest", rerequest_run, WRITE),
    route(f"GET {REPO}/commits/{{ref:path}}/check-runs", list_for_ref, READ, Accepts(LISTING)),
    route(
        f"GET {REPO}/commits/{{ref:path}}/check-suites", list_suites, READ, Accepts("app_id check_name per_page page")
    ),
    route(f"POST {REPO}/check-suites", create_suite, WRITE, Accepts(body="head_sha!")),
    route(f"GET {SUITE}", get_suite, READ),
    route(f"GET {SUITE}/check-runs", list_in_suite, READ, Accepts(LISTING.replace(" app_id", ""))),
    route(f"POST {SUITE}/rerequest", rerequest_suite, WRITE),
    route(f"POST {REPO}/statuses/{{sha}}", create_status, needs("statuses:write"), NEW_STATUS),
    route(f"GET {REPO}/commits/{{ref:path}}/statuses", list_statuses, needs("statuses:read"), PAGED),
    route(f"GET {REPO}/commits/{{ref:path}}/status", combined_status, needs("statuses:read"), PAGED),
)
