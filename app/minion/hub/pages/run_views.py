"""Pages of workflow runs and job logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from minion.hub.actions.payloads import job_json, run_json
from minion.hub.errors import not_found
from minion.hub.state import Repository

if TYPE_CHECKING:
    from minion.hub.actions.records import JobRecord, RunRecord
    from minion.hub.actions.service import Actions
    from minion.hub.core import Core

Page = tuple[str, dict[str, Any]]
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)
MAX_LOG = 2_000_000


def _service(core: Core) -> Actions:
    if core.actions is None:
        raise not_found()
    return cast("Actions", core.actions)


def _repository(core: Core, params: Mapping[str, str]) -> Repository:
    found = core.state.find(params["owner"], params["repo"])
    if found is None:
        raise not_found()
    return found


def _run(core: Core, params: Mapping[str, str]) -> tuple[Repository, RunRecord]:
    repository = _repository(core, params)
    found = _service(core).ledger.run(int(params["id"]))
    if found is None or found.repository_id != repository.id:
        raise not_found()
    return repository, found


def runs(core: Core, params: Mapping[str, str]) -> Page:
    """Newest first."""
    repository, service = _repository(core, params), _service(core)
    found = sorted(service.ledger.runs_of(repository.id), key=lambda run: -run.id)
    return "runs.html", {"repository": repository, "runs": [run_json(service.host, run) for run in found]}


def run(core: Core, params: Mapping[str, str]) -> Page:
    """One run: its jobs, and the log of the job in the address or of the first one that failed."""
    repository, found = _run(core, params)
    service = _service(core)
    jobs = found.attempt_jobs()
    wanted = [job for job in jobs if str(job.id) == params.get("job")]
    failed = [job for job in jobs if job.conclusion == "failure"]
    shown = next(iter([*wanted, *failed, *jobs]), None)
    values = {
        "run": run_json(service.host, found) | {"problem": found.problem},
        "jobs": [job_json(service.host, job) for job in jobs],
        "shown": None if shown is None else job_json(service.host, shown),
        "log": "" if shown is None else _log(shown),
    }
    return "run.html", {"repository": repository} | values


def _log(job: JobRecord) -> list[tuple[str, str]]:
    """(kind, line) without time stamps and colours."""
    if not job.log.is_file():
        return []
    with job.log.open("rb") as file:
        text = file.read(MAX_LOG).decode(errors="replace")
    plain = STAMP.sub("", COLOUR.sub("", text))
    return [_line(line) for line in plain.splitlines()]


def _line(line: str) -> tuple[str, str]:
    kinds = {
        "##[error]": "del",
        "##[warning]": "hunk",
        "##[group]": "hunk",
        "[command]": "hunk",
        "##[endgroup]": "same",
    }
    mark = next((mark for mark in kinds if line.startswith(mark)), "")
    return (kinds.get(mark, "same"), line.removeprefix(mark))
