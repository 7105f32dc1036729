"""Check runs, check suites and commit statuses. https://docs.github.com/en/rest/checks, /en/rest/commits/statuses"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minion.hub.shapes.accounts import app_json, iso, node_id, user_json
from minion.hub.shapes.commits import simple_commit_json
from minion.hub.shapes.repositories import repository_json
from minion.hub.state import CheckRun, CheckSuite, Pull, Repository, Status

if TYPE_CHECKING:
    from minion.hub.core import Core

WORST_FIRST = ("failure", "startup_failure", "timed_out", "action_required", "cancelled", "stale", "neutral", "skipped")


def pull_minimal_json(core: Core, repository: Repository, pull: Pull) -> dict[str, Any]:
    """The form inside checks and workflow runs."""
    url = f"{core.api_url}/repos/{repository.full_name}"
    short = {"id": repository.id, "url": url, "name": repository.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{url}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": short},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": short},
    }


def pulls_at(core: Core, repository: Repository, sha: str) -> list[dict[str, Any]]:
    """Open pull requests of the same repository with that head; those of forks are left out, as on GitHub."""
    pulls = [p for p in repository.pulls.values() if p.issue.state == "open" and p.head_sha == sha]
    return [pull_minimal_json(core, repository, p) for p in pulls if p.head_repository_id == repository.id]


def check_run_json(core: Core, repository: Repository, run: CheckRun) -> dict[str, Any]:
    """A check run as the checks API returns it."""
    url = f"{core.api_url}/repos/{repository.full_name}/check-runs/{run.id}"
    page = f"{core.base_url}/{repository.full_name}/runs/{run.id}"
    output = {key: run.output.get(key) for key in ("title", "summary", "text")}
    counted = {"annotations_count": len(run.annotations), "annotations_url": f"{url}/annotations"}
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("CR", run.id),
        "head_sha": run.head_sha,
        "external_id": run.external_id,
        "url": url,
        "html_url": page,
        "details_url": run.details_url or page,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": iso(run.started_at),
        "completed_at": iso(run.completed_at),
        "output": output | counted,
        "check_suite": {"id": run.suite_id},
        "app": app_json(core, run.app),
        "pull_requests": pulls_at(core, repository, run.head_sha),
    }


def check_run_payload(core: Core, repository: Repository, run: CheckRun) -> dict[str, Any]:
    """The form inside webhooks, which carries the whole suite."""
    suite = suite_json(core, repository, repository.suites[run.suite_id])
    for key in ("repository", "latest_check_runs_count", "check_runs_url", "head_commit"):
        suite.pop(key)
    return check_run_json(core, repository, run) | {"check_suite": suite}


def suite_runs(repository: Repository, suite: CheckSuite) -> list[CheckRun]:
    return [run for run in repository.check_runs.values() if run.suite_id == suite.id]


def suite_state(runs: Sequence[CheckRun]) -> tuple[str, str | None]:
    """(status, conclusion): queued without runs, completed with the worst conclusion when all are."""
    if not runs:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return ("in_progress" if any(run.status != "queued" for run in runs) else "queued"), None
    found = {run.conclusion for run in runs}
    worst = next((c for c in WORST_FIRST[:6] if c in found), None)
    return "completed", worst or ("success" if "success" in found else runs[0].conclusion)


def suite_json(core: Core, repository: Repository, suite: CheckSuite) -> dict[str, Any]:
    """A check suite as the checks API returns it."""
    url = f"{core.api_url}/repos/{repository.full_name}/check-suites/{suite.id}"
    runs = suite_runs(repository, suite)
    status, conclusion = suite_state(runs)
    git = core.git(repository)
    commit = git.commit(suite.head_sha)
    return {
        "id": suite.id,
        "node_id": node_id("CS", suite.id),
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": commit.parents[0] if commit.parents else None,
        "after": suite.head_sha,
        "pull_requests": pulls_at(core, repository, suite.head_sha),
        "app": app_json(core, suite.app),
        "repository": repository_json(core, repository),
        "created_at": iso(suite.created_at),
        "updated_at": iso(suite.updated_at),
        "head_commit": simple_commit_json(commit),
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": True,
    }


def status_json(core: Core, repository: Repository, status: Status) -> dict[str, Any]:
    """One commit status."""
    return {
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "url": f"{core.api_url}/repos/{repository.full_name}/statuses/{status.sha}",
        "avatar_url": f"{core.base_url}/avatars/{status.creator.id}",
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": iso(status.created_at),
        "updated_at": iso(status.created_at),
        "creator": user_json(core, status.creator),
    }
