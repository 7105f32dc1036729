"""Tells the hub what runs and jobs do: check runs, and the webhooks workflow_run and workflow_job.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
"""

from __future__ import annotations

from typing import Literal

from minion.hub.actions.host import CheckRunState, Host
from minion.hub.actions.ledger import Ledger
from minion.hub.actions.payloads import job_html_url, job_json, run_json, workflow_json
from minion.hub.actions.records import JobRecord, RunRecord, now

MAX_ANNOTATIONS = 50


class Announcer:
    """Calls the host: never with a lock held."""

    def __init__(self, host: Host, ledger: Ledger) -> None:
        self._host = host
        self._ledger = ledger

    def create_check(self, run: RunRecord, name: str) -> int:
        state = CheckRunState(name=name, head_sha=run.head_sha, status="queued")
        return self._host.create_check_run(run.repository_id, run.suite_id, state)

    def job(self, job: JobRecord, action: Literal["queued", "waiting", "in_progress", "completed"]) -> None:
        """Brings the check run up to date and sends workflow_job."""
        self._host.update_check_run(job.run.repository_id, job.id, self._state(job))
        self._host.emit(
            job.run.repository_id, "workflow_job", {"action": action, "workflow_job": job_json(self._host, job)}
        )

    def _state(self, job: JobRecord) -> CheckRunState:
        annotations = [dict(annotation) for annotation in job.annotations[:MAX_ANNOTATIONS]]
        return CheckRunState(
            name=job.name,
            head_sha=job.run.head_sha,
            status=job.status,
            conclusion=job.conclusion,
            details_url=job_html_url(self._host, job),
            output={"title": job.name, "summary": job.summary, "annotations": annotations} if annotations else None,
        )

    def run(self, run: RunRecord, action: Literal["requested", "in_progress", "completed"]) -> dict[str, object]:
        """Sends workflow_run and returns its payload."""
        run.updated_at = now()
        repository = self._host.repository(run.repository_id)
        payload = {
            "action": action,
            "workflow_run": run_json(self._host, run),
            "workflow": workflow_json(self._host, repository, run.workflow_id, run.workflow_path, run.workflow_name),
        }
        self._host.emit(run.repository_id, "workflow_run", payload)
        whole = self._host.repository_json(run.repository_id)
        return {**payload, "repository": whole, "sender": self._host.user_json(run.cause.actor)}
