"""Workflow runs, jobs, logs and dispatches: https://docs.github.com/en/rest/actions"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from minion.adapters.github import fields
from minion.adapters.github.answers import ABSENT, Refusal, Unavailable, as_error
from minion.adapters.github.logs import step_log
from minion.adapters.github.resource import Resource, part
from minion.domain.checks import CheckResult
from minion.domain.ids import CommitSha, RepositoryRef
from minion.ports.github import ActionsRun, Dispatched, FailedStep, WriteRefused

_LOG_LIMIT: Final = 4_000_000
"""Bytes kept of a job's log: its end, where failures are."""
_SUCCESSES: Final = frozenset({"success", "skipped", "neutral"})
_FAILED: Final = frozenset({"failure", "timed_out", "startup_failure"})


class Actions(Resource):
    def runs_for(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[ActionsRun]:
        """The runs of a head, newest first; those that ended badly with the number of their jobs."""
        found = self._ask.pages(
            lambda page: self._rest.actions.list_workflow_runs_for_repo(
                repo.owner, repo.name, head_sha=sha, per_page=100, page=page
            ),
            key="workflow_runs",
        )
        return tuple(_run(run, self._job_count(repo, run)) for run in found)

    def dispatched_runs(self, repo: RepositoryRef, workflow: str) -> Sequence[ActionsRun]:
        """The last 100 dispatched runs of a workflow, newest first."""
        found = self._ask.read(
            lambda: self._rest.actions.list_workflow_runs(
                repo.owner, repo.name, part(workflow), event="workflow_dispatch", per_page=100
            )
        )
        return tuple(_run(run, None) for run in fields.items(found, "workflow_runs"))

    def workflow_exists(self, repo: RepositoryRef, workflow: str) -> bool:
        """True for an active workflow on the default branch: only those can be dispatched."""
        data = self._ask.read(lambda: self._rest.actions.get_workflow(repo.owner, repo.name, part(workflow)))
        return fields.text(data, "state") == "active"

    def actions_enabled(self, repo: RepositoryRef) -> bool | None:
        """Needs `administration: read`, which we don't ask for; where it was given we can tell."""
        data = self._ask.read(
            lambda: self._rest.actions.get_github_actions_permissions_repository(repo.owner, repo.name),
            absent=ABSENT | {403},
        )
        enabled = fields.dig(data, "enabled")
        return enabled if isinstance(enabled, bool) else None

    def failed_steps(self, repo: RepositoryRef, check: CheckResult) -> Sequence[FailedStep]:
        """What a failed check says: the failed steps of an Actions job, else its output or its description."""
        if check.job_id is not None:
            return self._failed_job(repo, check, check.job_id)
        if check.app == "status" or check.id is None:
            return (FailedStep(check.name, "", check.summary),)
        check_id = check.id
        data = self._ask.read(lambda: self._rest.checks.get(repo.owner, repo.name, check_id))
        texts = (fields.text(data, "output", key) for key in ("title", "summary", "text"))
        return (FailedStep(check.name, "", "\n".join(filter(None, texts)), self._annotations(repo, check_id)),)

    def dispatch(
        self, repo: RepositoryRef, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched | WriteRefused:
        """Starts a run. With an input `nonce`, a run whose title carries it is the same dispatch, not a second one.

        https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
        """
        self._same(repo)
        nonce = inputs.get("nonce", "")
        try:
            return self._ask.once(
                lambda: self._dispatched(repo, workflow, nonce), lambda: self._dispatch(repo, workflow, ref, inputs)
            )
        except Refusal as refusal:
            return WriteRefused(refusal.message)

    def cancel_run(self, repo: RepositoryRef, run_id: int) -> None:
        """A run that has ended, or is gone, is left as it is (409, 404)."""
        self._same(repo)
        try:
            self._ask.again(lambda: self._rest.actions.cancel_workflow_run(repo.owner, repo.name, run_id))
        except Refusal as refusal:
            if refusal.status not in ABSENT | {409}:
                raise as_error(refusal) from refusal

    def rerun_failed_jobs(self, repo: RepositoryRef, run_id: int) -> WriteRefused | None:
        """The whole run where none of its jobs counts as failed: whether cancelled ones do is not written down.

        https://docs.github.com/en/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run
        """
        self._same(repo)
        actions = self._rest.actions
        try:
            self._ask.again(lambda: actions.re_run_workflow_failed_jobs(repo.owner, repo.name, run_id))
        except Refusal:
            try:
                self._ask.again(lambda: actions.re_run_workflow(repo.owner, repo.name, run_id))
            except Refusal as refusal:
                return WriteRefused(refusal.message)
        return None

    # --- inside

    def _job_count(self, repo: RepositoryRef, run: Mapping[str, Any]) -> int | None:
        if fields.text(run, "status") != "completed" or fields.text(run, "conclusion") in _SUCCESSES:
            return None
        run_id = fields.number(run, "id")
        data = self._ask.read(
            lambda: self._rest.actions.list_jobs_for_workflow_run(repo.owner, repo.name, run_id, per_page=1)
        )
        return fields.number(data, "total_count")

    def _dispatched(self, repo: RepositoryRef, workflow: str, nonce: str) -> Dispatched | None:
        if not nonce:
            return None
        runs = self.dispatched_runs(repo, workflow)
        return next((Dispatched(run.id, run.url) for run in runs if nonce in run.title), None)

    def _dispatch(self, repo: RepositoryRef, workflow: str, ref: str, inputs: Mapping[str, str]) -> Dispatched:
        """Older versions of the API answer 204 and no run: then the claim will tell which run it is."""
        body: Any = {"ref": ref, "inputs": dict(inputs)}
        answer = self._ask.one(
            lambda: self._rest.actions.create_workflow_dispatch(repo.owner, repo.name, part(workflow), data=body)
        )
        data = answer.json() if answer.content else None
        return Dispatched(fields.number_or_none(data, "workflow_run_id"), fields.text(data, "html_url") or None)

    def _failed_job(self, repo: RepositoryRef, check: CheckResult, job_id: int) -> Sequence[FailedStep]:
        job = self._ask.read(lambda: self._rest.actions.get_job_for_workflow_run(repo.owner, repo.name, job_id))
        log = self._job_log(repo, job_id)
        annotations = () if check.id is None else self._annotations(repo, check.id)
        steps = [step for step in fields.items(job, "steps") if fields.text(step, "conclusion") in _FAILED]
        if not steps:
            return (FailedStep(check.name, "", log, annotations),)
        return tuple(
            FailedStep(
                job=check.name,
                step=fields.text(step, "name"),
                log=step_log(log, fields.moment(step, "started_at"), fields.moment(step, "completed_at")),
                annotations=annotations,
            )
            for step in steps
        )

    def _annotations(self, repo: RepositoryRef, check_id: int) -> tuple[str, ...]:
        found = self._ask.read(lambda: self._rest.checks.list_annotations(repo.owner, repo.name, check_id, per_page=50))
        return tuple(_annotation(data) for data in found or ())

    def _job_log(self, repo: RepositoryRef, job_id: int) -> str:
        """The end of a job's log: empty when GitHub has none (any more)."""
        rest = self._rest.actions
        try:
            answer = self._ask.again(lambda: rest.download_job_logs_for_workflow_run(repo.owner, repo.name, job_id))
        except Refusal:
            return ""
        link = answer.headers.get("location")
        return answer.text[-_LOG_LIMIT:] if link is None else self._ask.once(lambda: None, lambda: _download(link))


def _download(link: str) -> str:
    """Follows the link (good for a minute) without our Authorization, which is not the storage's business."""
    kept = bytearray()
    try:
        with httpx.stream("GET", link, timeout=30.0, follow_redirects=True) as answer:
            if answer.status_code >= 500:
                raise Unavailable(f"{answer.status_code} for a job log")
            if answer.is_error:
                return ""
            for chunk in answer.iter_bytes():
                kept += chunk
                del kept[: max(0, len(kept) - _LOG_LIMIT)]
    except httpx.HTTPError as error:
        raise Unavailable(repr(error)) from error
    return kept.decode("utf-8", "replace")


def _annotation(data: Mapping[str, Any]) -> str:
    place = f"{fields.text(data, 'path')}:{fields.number(data, 'start_line')}"
    level = fields.text(data, "annotation_level") or "notice"
    return f"{place}: {level}: {fields.text(data, 'message')}"


def _run(data: Mapping[str, Any], job_count: int | None) -> ActionsRun:
    return ActionsRun(
        id=fields.number(data, "id"),
        name=fields.text(data, "name"),
        workflow_path=fields.text(data, "path").split("@", 1)[0],
        event=fields.text(data, "event"),
        status=fields.text(data, "status"),
        conclusion=fields.text(data, "conclusion") or None,
        head_sha=CommitSha(fields.text(data, "head_sha")),
        title=fields.text(data, "display_title"),
        job_count=job_count,
        url=fields.text(data, "html_url"),
        suite_id=fields.number_or_none(data, "check_suite_id"),
    )
