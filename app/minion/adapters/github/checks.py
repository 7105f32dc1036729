"""Check runs, commit statuses and what is required of them.

https://docs.github.com/en/rest/checks and https://docs.github.com/en/rest/commits/statuses
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from minion.adapters.github import fields
from minion.adapters.github.answers import ABSENT, Refusal, as_error
from minion.adapters.github.resource import Resource, part, path_of
from minion.domain.checks import CheckResult
from minion.domain.ids import CommitSha, RepositoryRef
from minion.ports.github import CheckRunRequest, RequiredCheck, WriteRefused
from minion.tasks.checks import workflow_file

_ACTIONS: Final = "github-actions"
_JOB: Final = re.compile(r"/actions/runs/\d+/job/(\d+)")
_OUTPUT_LIMIT: Final = 65_535
_NO_COMMIT: Final = ABSENT | {409, 422}


class Checks(Resource):
    def checks(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[CheckResult]:
        """The latest attempt of every check run, of all suites and apps, and the latest status of every context."""
        runs = self._check_runs(repo, sha)
        groups = self._groups(repo, sha) if any(_is_actions(run) for run in runs) else {}
        return (*(_check_run(run, groups) for run in runs), *self._statuses(repo, sha))

    def required_checks(self, repo: RepositoryRef, branch: str) -> Sequence[RequiredCheck]:
        """From rulesets, and from what classic protection shows to a reader.

        https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch. Private repositories of free plans have no
        rules, and answer 403: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets
        """
        rules = self._ask.pages(
            lambda page: self._rest.repos.get_branch_rules(
                repo.owner, repo.name, path_of(branch), per_page=100, page=page
            ),
            absent=ABSENT | {403},
        )
        found = [
            RequiredCheck(fields.text(check, "context"), _app_id(check, "integration_id"))
            for rule in rules
            if fields.text(rule, "type") == "required_status_checks"
            for check in fields.items(rule, "parameters", "required_status_checks")
        ]
        data = self._ask.read(lambda: self._rest.repos.get_branch(repo.owner, repo.name, path_of(branch)))
        found += _classic(fields.dig(data, "protection", "required_status_checks"))
        return tuple(dict.fromkeys(found))

    def report_check(self, repo: RepositoryRef, request: CheckRunRequest) -> int | WriteRefused:
        self._same(repo)
        body = _body(replace(request, title=self._redacted(request.title), summary=self._redacted(request.summary)))
        try:
            existing = self._ours(repo, request)
            if existing is None:
                return self._ask.once(lambda: self._ours(repo, request), lambda: self._create_run(repo, body))
            self._ask.again(lambda: self._rest.checks.update(repo.owner, repo.name, existing, data=_update(body)))
        except Refusal as refusal:
            if refusal.status == 403:
                raise as_error(refusal) from refusal
            return WriteRefused(refusal.message)
        return existing

    # --- inside

    def _check_runs(self, repo: RepositoryRef, sha: CommitSha) -> list[Mapping[str, Any]]:
        return self._ask.pages(
            lambda page: self._rest.checks.list_for_ref(
                repo.owner, repo.name, part(sha), filter_="latest", per_page=100, page=page
            ),
            key="check_runs",
        )

    def _statuses(self, repo: RepositoryRef, sha: CommitSha) -> list[CheckResult]:
        """The list is newest first, and unlike the combined answer says who reported."""
        found = self._ask.pages(
            lambda page: self._rest.repos.list_commit_statuses_for_ref(
                repo.owner, repo.name, part(sha), per_page=100, page=page
            )
        )
        newest: dict[str, Mapping[str, Any]] = {}
        for status in found:
            newest.setdefault(fields.text(status, "context"), status)
        return [_status(status, self._reporter(status)) for status in newest.values()]

    def _reporter(self, status: Mapping[str, Any]) -> int | None:
        """The App behind a status, for rules that name one: its bot's login is `<slug>[bot]`."""
        login = fields.text(status, "creator", "login")
        if fields.text(status, "creator", "type") != "Bot" or not login.endswith("[bot]"):
            return None
        slug, known = login.removesuffix("[bot]"), self._connection.apps
        if slug not in known:
            data = self._ask.read(lambda: self._rest.apps.get_by_slug(part(slug)), absent=ABSENT | {403})
            known[slug] = fields.number_or_none(data, "id")
        return known[slug]

    def _groups(self, repo: RepositoryRef, sha: CommitSha) -> dict[int, str]:
        """Suite id to workflow file: all Actions jobs share one app, and two workflows may both have a `build`."""
        runs = self._ask.pages(
            lambda page: self._rest.actions.list_workflow_runs_for_repo(
                repo.owner, repo.name, head_sha=sha, per_page=100, page=page
            ),
            key="workflow_runs",
        )
        return {fields.number(run, "check_suite_id"): workflow_file(fields.text(run, "path")) for run in runs}

    def _ours(self, repo: RepositoryRef, request: CheckRunRequest) -> int | None:
        runs = self._ask.read(
            lambda: self._rest.checks.list_for_ref(
                repo.owner, repo.name, part(request.head_sha), app_id=self._app_id, per_page=100
            ),
            absent=_NO_COMMIT,
        )
        mine = (
            fields.number(run, "id")
            for run in fields.items(runs, "check_runs")
            if fields.text(run, "external_id") == request.external_id
            and fields.number(run, "app", "id") == self._app_id
        )
        return next(mine, None)

    def _create_run(self, repo: RepositoryRef, body: Any) -> int:
        answer = self._ask.one(lambda: self._rest.checks.create(repo.owner, repo.name, data=body))
        return fields.number(answer.json(), "id")


def _is_actions(run: Mapping[str, Any]) -> bool:
    return fields.text(run, "app", "slug") == _ACTIONS


def _check_run(run: Mapping[str, Any], groups: Mapping[int, str]) -> CheckResult:
    suite = fields.number_or_none(run, "check_suite", "id")
    actions = _is_actions(run)
    return CheckResult(
        app=fields.text(run, "app", "slug"),
        app_id=fields.number_or_none(run, "app", "id"),
        group=groups.get(suite or 0, "") if actions else "",
        name=fields.text(run, "name"),
        status=fields.text(run, "status"),
        conclusion=fields.text(run, "conclusion") or None,
        id=fields.number_or_none(run, "id"),
        suite_id=suite,
        job_id=_job_id(run) if actions else None,
        url=fields.text(run, "details_url") or fields.text(run, "html_url"),
        started_at=fields.moment(run, "started_at"),
        completed_at=fields.moment(run, "completed_at"),
    )


def _job_id(run: Mapping[str, Any]) -> int | None:
    """The job behind a check run: its address names it; the ids are the same number otherwise."""
    for key in ("details_url", "html_url"):
        if match := _JOB.search(fields.text(run, key)):
            return int(match.group(1))
    return fields.number_or_none(run, "id")


_STATUS_CONCLUSIONS: Final[Mapping[str, str | None]] = {
    "pending": None,
    "success": "success",
    "failure": "failure",
    "error": "failure",
}


def _status(status: Mapping[str, Any], app_id: int | None) -> CheckResult:
    conclusion = _STATUS_CONCLUSIONS.get(fields.text(status, "state"))
    updated = fields.moment(status, "updated_at")
    return CheckResult(
        app="status",
        app_id=app_id,
        group="",
        name=fields.text(status, "context"),
        status="completed" if conclusion else "in_progress",
        conclusion=conclusion,
        id=fields.number_or_none(status, "id"),
        url=fields.text(status, "target_url"),
        summary=fields.text(status, "description"),
        started_at=fields.moment(status, "created_at"),
        completed_at=updated if conclusion else None,
    )


def _classic(required: Any) -> list[RequiredCheck]:
    checks = [
        RequiredCheck(fields.text(check, "context"), _app_id(check, "app_id"))
        for check in fields.items(required, "checks")
    ]
    named = {check.context for check in checks}
    contexts = fields.dig(required, "contexts") or ()
    return [*checks, *(RequiredCheck(str(context), None) for context in contexts if context not in named)]


def _app_id(check: Mapping[str, Any], key: str) -> int | None:
    """GitHub writes "any app" as null, as -1 or not at all."""
    value = fields.number_or_none(check, key)
    return value if value is not None and value > 0 else None


def _body(request: CheckRunRequest) -> Any:
    body: dict[str, Any] = {
        "name": request.name,
        "head_sha": request.head_sha,
        "external_id": request.external_id,
        "status": request.status,
        "output": {"title": request.title[:255], "summary": request.summary[:_OUTPUT_LIMIT]},
    }
    if request.details_url:
        body["details_url"] = request.details_url
    if request.conclusion is not None:
        body |= {"status": "completed", "conclusion": request.conclusion}
    if request.actions:
        body["actions"] = [
            {"label": label[:20], "description": description[:40], "identifier": identifier[:20]}
            for label, description, identifier in request.actions[:3]
        ]
    return body


def _update(body: Mapping[str, Any]) -> Any:
    return {key: value for key, value in body.items() if key != "head_sha"}
