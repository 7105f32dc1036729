"""Can this pull request be merged, and what do its checks say?"""

from __future__ import annotations

from minion.hub.git_objects import Git, Signature
from minion.hub.state import CheckRun, Protection, Pull, Repository, RequiredCheck, Status

GOOD = ("success", "neutral", "skipped")


def protections(repository: Repository, branch: str) -> list[Protection]:
    return [rule for rule in repository.protections if rule.branch == branch]


def required_checks(repository: Repository, branch: str) -> list[RequiredCheck]:
    return [check for rule in protections(repository, branch) for check in rule.required]


def latest_runs(repository: Repository, sha: str) -> list[CheckRun]:
    """The newest run for each suite and name. https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference"""
    newest: dict[tuple[int, str], CheckRun] = {}
    for run in sorted(repository.check_runs.values(), key=lambda run: run.id):
        if run.head_sha == sha:
            newest[run.suite_id, run.name] = run
    return sorted(newest.values(), key=lambda run: -run.id)


def latest_statuses(repository: Repository, sha: str) -> list[Status]:
    """The newest status for each context."""
    newest = {s.context: s for s in sorted(repository.statuses, key=lambda s: s.id) if s.sha == sha}
    return list(newest.values())


def unmet(repository: Repository, pull: Pull) -> list[str]:
    """Required contexts of the base branch that no successful report of the right source satisfies."""
    runs = [(r.name, r.app.id, r.conclusion in GOOD) for r in latest_runs(repository, pull.head_sha)]
    statuses = [(s.context, None, s.state == "success") for s in latest_statuses(repository, pull.head_sha)]
    reports = [*runs, *statuses]

    def met(check: RequiredCheck) -> bool:
        source = check.integration_id
        matching = [good for name, app, good in reports if name == check.context and source in (None, app)]
        return bool(matching) and all(matching)

    return [check.context for check in required_checks(repository, pull.base_ref) if not met(check)]


def mergeable_state(repository: Repository, pull: Pull) -> str:
    """https://docs.github.com/en/graphql/reference/enums#mergestatestatus, in lower case."""
    if pull.mergeable is None:
        return "unknown"
    if not pull.mergeable:
        return "dirty"
    if pull.draft:
        return "draft"
    if unmet(repository, pull):
        return "blocked"
    runs = latest_runs(repository, pull.head_sha)
    fine = all(run.conclusion in GOOD for run in runs)
    fine = fine and all(status.state == "success" for status in latest_statuses(repository, pull.head_sha))
    return "clean" if fine else "unstable"


def refresh_merge_ref(git: Git, pull: Pull, base: str, who: Signature) -> None:
    """Makes refs/pull/N/merge anew: a real merge commit of the base branch's head and the pull request's, or none when
    they conflict."""
    name = f"refs/pull/{pull.number}/merge"
    tree = git.merge_tree(base, pull.head_sha)
    pull.mergeable = tree is not None
    if tree is None:
        pull.merge_commit_sha = None
        if git.ref(name):
            git.delete_ref(name)
        return
    message = f"Merge {pull.head_sha} into {base}"
    pull.merge_commit_sha = git.write_commit(tree, [base, pull.head_sha], message, (who, who))
    git.update_ref(name, pull.merge_commit_sha)
