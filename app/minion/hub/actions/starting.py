"""Which workflows an event starts, and the runs that come of it.

https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from minion.hub.actions.contexts import github_context
from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import Value
from minion.hub.actions.expressions import Scope
from minion.hub.actions.git_reader import (
    changed_by_pull_request,
    changed_by_push,
    commit_message,
    workflow_files,
)
from minion.hub.actions.host import Host, RepositoryInfo
from minion.hub.actions.ledger import Ledger
from minion.hub.actions.records import Cause, RunRecord
from minion.hub.actions.triggers import Occurrence, Trigger, matches, read_triggers
from minion.hub.actions.workflow import Workflow
from minion.hub.actions.workflow_reader import read_workflow
from minion.hub.actions.yaml_source import Entries, SourceError, read_yaml

# https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
_SKIP = re.compile(
    r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks:\s*true\s*\Z", re.IGNORECASE | re.MULTILINE
)
MAX_CHAIN = 3


@dataclass(frozen=True)
class Broken:
    """A workflow file that cannot be read, and what is known of its triggers."""

    path: str
    problem: str
    triggers: Mapping[str, Trigger] | None


@lru_cache(maxsize=64)
def files_at(git_dir: Path, commit: str) -> tuple[Workflow | Broken, ...]:
    """The workflow files of a commit, read once."""
    return tuple(read_file(path, text) for path, text in workflow_files(git_dir, commit).items())


def read_file(path: str, text: str) -> Workflow | Broken:
    try:
        return read_workflow(text, path)
    except SourceError as error:
        return Broken(path, str(error), _triggers_of(path, text))


def _triggers_of(path: str, text: str) -> Mapping[str, Trigger] | None:
    try:
        root = read_yaml(text, path)
        on = root.get("on") if isinstance(root, Entries) else None
        return None if on is None else read_triggers(on)
    except SourceError:
        return None


def started_by(repository: RepositoryInfo, cause: Cause) -> Iterator[Workflow | Broken]:
    """The workflows at the cause's commit that listen to it."""
    if _skipped(repository, cause) or cause.depth > MAX_CHAIN:
        return
    occurrence = Occurrence(cause.event, cause.payload, cause.ref, _changed(repository, cause))
    for found in files_at(repository.git_dir, cause.sha):
        trigger = found.triggers.get(cause.event) if found.triggers is not None else None
        # A file of which not even `on` can be read fails on each push, as on GitHub.
        unreadable = found.triggers is None and cause.event == "push"
        if unreadable or (trigger is not None and matches(trigger, occurrence)):
            yield found


def _skipped(repository: RepositoryInfo, cause: Cause) -> bool:
    if cause.event == "push":
        commit = cause.sha
    elif cause.event == "pull_request":
        commit = str(cause.payload["pull_request"]["head"]["sha"])
    else:
        return False
    return bool(_SKIP.search(commit_message(repository.git_dir, commit)))


def _changed(repository: RepositoryInfo, cause: Cause) -> Callable[[], list[str]]:
    def changed() -> list[str]:
        if cause.event == "push":
            before = str(cause.payload.get("before", ""))
            return list(changed_by_push(repository.git_dir, before, cause.sha, repository.default_branch))
        pull = cause.payload["pull_request"]
        return list(changed_by_pull_request(repository.git_dir, pull["base"]["sha"], pull["head"]["sha"]))

    return changed


def make_run(
    host: Host,
    ledger: Ledger,
    repository: RepositoryInfo,
    cause: Cause,
    found: Workflow | Broken,
    inputs: Mapping[str, Value],
) -> RunRecord:
    """A queued run with its check suite; not started."""
    head_sha, head_branch = _head(cause)
    suite = host.create_check_suite(repository.id, head_sha, head_branch)
    workflow_id = ledger.workflow_id(repository.id, found.path)
    workflow = found if isinstance(found, Workflow) else None
    make = partial(
        RunRecord,
        repository_id=repository.id,
        workflow_id=workflow_id,
        workflow_path=found.path,
        workflow_name=found.path if workflow is None else workflow.name,
        cause=cause,
        head_sha=head_sha,
        head_branch=head_branch,
        display_title=_title(repository, cause, head_sha),
        suite_id=suite,
        workflow=workflow,
        from_fork=_from_fork(repository, cause),
        inputs=inputs,
        triggering_actor=cause.actor,
        problem=found.problem if isinstance(found, Broken) else None,
    )
    run = ledger.add(make, workflow_id)
    _name_run(host, repository, run)
    return run


def _head(cause: Cause) -> tuple[str, str]:
    if cause.event in {"pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"}:
        head = cause.payload["pull_request"]["head"]
        return str(head["sha"]), str(head["ref"])
    return cause.sha, cause.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")


def _from_fork(repository: RepositoryInfo, cause: Cause) -> bool:
    if cause.event != "pull_request" and not cause.event.startswith("pull_request_review"):
        return False
    head = cause.payload["pull_request"]["head"].get("repo")
    return head is None or head["id"] != repository.id


def _title(repository: RepositoryInfo, cause: Cause, head_sha: str) -> str:
    payload = cause.payload
    for key in ("pull_request", "issue"):
        if key in payload:
            return str(payload[key]["title"])
    if cause.event == "push":
        return commit_message(repository.git_dir, head_sha).split("\n")[0]
    if cause.event == "workflow_run":
        return str(payload["workflow_run"]["display_title"])
    if cause.event == "repository_dispatch":
        return str(payload.get("action", ""))
    return ""


def _name_run(host: Host, repository: RepositoryInfo, run: RunRecord) -> None:
    workflow = run.workflow
    if workflow is not None and workflow.run_name is not None:
        try:
            run.display_title = workflow.run_name.text(top_scope(host, repository, run)) or run.display_title
        except ExpressionError as error:
            run.problem = f"{run.workflow_path}:{workflow.run_name.line}: run-name: {error}"
    run.display_title = run.display_title or run.workflow_name


def top_scope(host: Host, repository: RepositoryInfo, run: RunRecord) -> Scope:
    """github, inputs and vars: for run-name and concurrency."""
    variables: dict[str, Any] = dict(host.variables(repository.id))
    github = github_context(host.base_url, repository, run)
    return Scope({"github": github, "inputs": dict(run.inputs), "vars": variables})
