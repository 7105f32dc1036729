"""What the routes of Actions look up."""

from __future__ import annotations

from typing import cast

from minion.hub.actions.host import RepositoryInfo
from minion.hub.actions.records import JobRecord, RunRecord
from minion.hub.actions.service import Actions
from minion.hub.errors import not_found
from minion.hub.rest.route import Call, needs

ROOT = "/repos/{owner}/{repo}/actions"
RUN = ROOT + "/runs/{run_id}"
READ = needs("actions:read")
WRITE = needs("actions:write")


def service_of(call: Call) -> Actions:
    return cast("Actions", call.core.actions)


def repository_of(call: Call) -> RepositoryInfo:
    return service_of(call).host.repository(call.repository.id)


def run_of(call: Call) -> RunRecord:
    run = service_of(call).ledger.run(call.number("run_id"))
    if run is None or run.repository_id != call.repository.id:
        raise not_found()
    return run


def job_of(call: Call) -> JobRecord:
    job = service_of(call).ledger.job(call.number("job_id"))
    if job is None or job.run.repository_id != call.repository.id:
        raise not_found()
    return job
