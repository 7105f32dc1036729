"""Runs, jobs, workflows and artifacts as GitHub's API and webhooks show them.

https://docs.github.com/en/rest/actions/workflow-runs · https://docs.github.com/en/rest/actions/workflow-jobs
https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from minion.hub.actions.git_reader import commit_json
from minion.hub.actions.host import Host, RepositoryInfo
from minion.hub.actions.machine import RUNNER_NAME
from minion.hub.actions.records import Artifact, JobRecord, RunRecord, StepRecord


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _optional(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment)


def node_id(kind: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{kind}{number}".encode()).decode().rstrip("=")


@lru_cache(maxsize=512)
def _commit(git_dir: Path, sha: str) -> dict[str, object]:
    return commit_json(git_dir, sha)


def api_root(host: Host, repository: RepositoryInfo) -> str:
    return f"{host.base_url}/api/v3/repos/{repository.full_name}"


def html_root(host: Host, repository: RepositoryInfo) -> str:
    return f"{host.base_url}/{repository.full_name}"


def run_json(host: Host, run: RunRecord) -> dict[str, Any]:
    repository = host.repository(run.repository_id)
    api = api_root(host, repository)
    url = f"{api}/actions/runs/{run.id}"
    whole = host.repository_json(repository.id)
    former = f"{url}/attempts/{run.attempt - 1}" if run.attempt > 1 else None
    return {
        "id": run.id,
        "name": run.workflow_name,
        "node_id": node_id("WFR_", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow_path,
        "display_title": run.display_title,
        "run_number": run.number,
        "event": run.cause.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow_id,
        "check_suite_id": run.suite_id,
        "check_suite_node_id": node_id("CS_", run.suite_id),
        "url": url,
        "html_url": f"{html_root(host, repository)}/actions/runs/{run.id}",
        "pull_requests": [dict(pull) for pull in host.pull_requests_for(repository.id, run.head_sha)],
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "actor": host.user_json(run.cause.actor),
        "run_attempt": run.attempt,
        "referenced_workflows": [],
        "run_started_at": stamp(run.started_at),
        "triggering_actor": host.user_json(run.triggering_actor or run.cause.actor),
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{api}/check-suites/{run.suite_id}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": former,
        "workflow_url": f"{api}/actions/workflows/{run.workflow_id}",
        "head_commit": _commit(repository.git_dir, run.head_sha),
        "repository": whole,
        "head_repository": whole,
    }


def job_json(host: Host, job: JobRecord) -> dict[str, Any]:
    repository = host.repository(job.run.repository_id)
    api = api_root(host, repository)
    run_url = f"{api}/actions/runs/{job.run.id}"
    ran = job.runner_id is not None
    return {
        "id": job.id,
        "run_id": job.run.id,
        "workflow_name": job.run.workflow_name,
        "head_branch": job.run.head_branch,
        "run_url": run_url,
        "run_attempt": job.attempt,
        "node_id": node_id("CR_", job.id),
        "head_sha": job.run.head_sha,
        "url": f"{api}/actions/jobs/{job.id}",
        "html_url": job_html_url(host, job),
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": stamp(job.created_at),
        "started_at": stamp(job.started_at or job.created_at),
        "completed_at": _optional(job.completed_at),
        "name": job.name,
        "steps": [step_json(step) for step in list(job.steps)],
        "check_run_url": f"{api}/check-runs/{job.id}",
        "labels": list(job.labels),
        "runner_id": job.runner_id,
        "runner_name": RUNNER_NAME if ran else None,
        "runner_group_id": 0 if ran else None,
        "runner_group_name": "GitHub Actions" if ran else None,
    }


def job_html_url(host: Host, job: JobRecord) -> str:
    repository = host.repository(job.run.repository_id)
    return f"{html_root(host, repository)}/actions/runs/{job.run.id}/job/{job.id}"


def step_json(step: StepRecord) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": _optional(step.started_at),
        "completed_at": _optional(step.completed_at),
    }


def workflow_json(host: Host, repository: RepositoryInfo, number: int, path: str, name: str) -> dict[str, Any]:
    moment = "2026-01-01T00:00:00Z"
    html = html_root(host, repository)
    return {
        "id": number,
        "node_id": node_id("W_", number),
        "name": name,
        "path": path,
        "state": "active",
        "created_at": moment,
        "updated_at": moment,
        "url": f"{api_root(host, repository)}/actions/workflows/{number}",
        "html_url": f"{html}/blob/{repository.default_branch}/{path}",
        "badge_url": f"{html}/workflows/{name.replace(' ', '%20')}/badge.svg",
    }


def artifact_json(host: Host, run: RunRecord, artifact: Artifact) -> dict[str, Any]:
    repository = host.repository(run.repository_id)
    url = f"{api_root(host, repository)}/actions/artifacts/{artifact.id}"
    return {
        "id": artifact.id,
        "node_id": node_id("A_", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.size,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": False,
        "created_at": stamp(artifact.created_at),
        "updated_at": stamp(artifact.created_at),
        "expires_at": stamp(artifact.created_at + timedelta(days=artifact.retention_days)),
        "digest": artifact.digest,
        "workflow_run": {
            "id": run.id,
            "repository_id": repository.id,
            "head_repository_id": repository.id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        },
    }
