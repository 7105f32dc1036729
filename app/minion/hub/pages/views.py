"""What each page shows: (template, values). Values are the REST shapes, so that pages and API never disagree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minion.hub.errors import not_found
from minion.hub.git_objects import CommitInfo, FileDiff
from minion.hub.mergeability import latest_runs, latest_statuses
from minion.hub.shapes.checks import check_run_json, status_json
from minion.hub.shapes.commits import commit_json
from minion.hub.shapes.issues import comment_json, event_json, issue_json
from minion.hub.shapes.pulls import pull_json, review_comment_json, review_json
from minion.hub.state import Issue, Pull, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core

TRAILER = re.compile(r"^([A-Z][A-Za-z-]+): (.+)$")
Page = tuple[str, dict[str, Any]]


def _repository(core: Core, params: Mapping[str, str]) -> Repository:
    found = core.state.find(params["owner"], params["repo"])
    if found is None:
        raise not_found()
    return found


def home(core: Core, _params: Mapping[str, str]) -> Page:
    return "home.html", {"repositories": sorted(core.state.repositories.values(), key=lambda r: r.full_name)}


def repository(core: Core, params: Mapping[str, str]) -> Page:
    found = _repository(core, params)
    git, head = core.git(found), core.default_head(found)
    entries = [] if head is None else sorted(git.tree(head[1]), key=lambda e: (e.kind != "tree", e.path))
    readme = next((e for e in entries if e.path.lower() == "readme.md"), None)
    text = git.blob(readme.sha).decode(errors="replace") if readme else ""
    log = [] if head is None else [_commit(core, found, one) for one in git.log(head[1], limit=10)]
    branches = [name.removeprefix("refs/heads/") for name in git.refs("refs/heads/")]
    values = {"entries": entries, "readme": text, "commits": log, "branches": branches}
    return "repository.html", {"repository": found} | values


def _rows(core: Core, found: Repository, *, pulls_only: bool) -> list[dict[str, Any]]:
    chosen = [i for i in found.issues.values() if (i.number in found.pulls) == pulls_only]
    return [issue_json(core, found, i) for i in sorted(chosen, key=lambda i: -i.number)]


def issues(core: Core, params: Mapping[str, str]) -> Page:
    found = _repository(core, params)
    return "issues.html", {"repository": found, "title": "Issues", "rows": _rows(core, found, pulls_only=False)}


def pulls(core: Core, params: Mapping[str, str]) -> Page:
    found = _repository(core, params)
    return "issues.html", {"repository": found, "title": "Pull requests", "rows": _rows(core, found, pulls_only=True)}


def _conversation(core: Core, found: Repository, issue: Issue) -> list[dict[str, Any]]:
    """Comments, events and reviews by time."""
    entries = [(c.created_at, c.id, comment_json(core, found, c) | {"kind": "comment"}) for c in issue.comments]
    entries += [(e.created_at, e.id, event_json(core, found, e) | {"kind": "event"}) for e in issue.events]
    pull = found.pulls.get(issue.number)
    if pull is not None:
        entries += [
            (
                r.submitted_at,
                r.id,
                review_json(core, found, pull, r) | {"kind": "review", "comments": _remarks(core, found, pull, r.id)},
            )
            for r in pull.reviews
            if r.state != "PENDING"
        ]
    return [shape for _, _, shape in sorted(entries, key=lambda entry: entry[:2])]


def _remarks(core: Core, found: Repository, pull: Pull, review_id: int) -> list[dict[str, Any]]:
    return [review_comment_json(core, found, pull, c) for c in pull.comments if c.review_id == review_id]


def issue(core: Core, params: Mapping[str, str]) -> Page:
    found = _repository(core, params)
    one = found.issues.get(int(params["number"]))
    if one is None:
        raise not_found()
    if one.number in found.pulls:
        return pull(core, params)
    values = {"issue": issue_json(core, found, one), "entries": _conversation(core, found, one)}
    return "issue.html", {"repository": found} | values


def pull(core: Core, params: Mapping[str, str]) -> Page:
    """Conversation, commits, files or checks."""
    found = _repository(core, params)
    one = found.pulls.get(int(params["number"]))
    if one is None:
        raise not_found()
    git = core.git(found)
    base = git.merge_base(one.base_sha, one.head_sha) or one.base_sha
    commits = git.log(f"{one.base_sha}..{one.head_sha}")[::-1]
    values = {
        "tab": params.get("tab", "conversation"),
        "pull": pull_json(core, found, one),
        "issue": issue_json(core, found, one.issue),
        "entries": _conversation(core, found, one.issue),
        "commits": [_commit(core, found, commit) for commit in commits],
        "files": [_file(diff) for diff in git.diff(base, one.head_sha)],
        "checks": [check_run_json(core, found, run) for run in latest_runs(found, one.head_sha)],
        "statuses": [status_json(core, found, status) for status in latest_statuses(found, one.head_sha)],
    }
    return "pull.html", {"repository": found} | values


def _commit(core: Core, found: Repository, info: CommitInfo) -> dict[str, Any]:
    title, _, rest = info.message.partition("\n")
    lines = rest.strip().split("\n\n")[-1].split("\n") if rest.strip() else []
    trailers = [match.groups() for line in lines if (match := TRAILER.match(line))]
    body = rest.strip() if len(trailers) != len(lines) else rest.strip().rpartition("\n\n")[0]
    return commit_json(core, found, info) | {"title": title, "text": body, "trailers": trailers}


def _file(diff: FileDiff) -> dict[str, Any]:
    lines = [(_kind(line), line) for line in (diff.patch or "").split("\n")] if diff.patch else []
    return {"path": diff.path, "previous": diff.previous, "status": diff.status, "lines": lines,
            "additions": diff.additions, "deletions": diff.deletions}  # fmt: skip


def _kind(line: str) -> str:
    return {"+": "add", "-": "del", "@": "hunk"}.get(line[:1], "same")


def commit(core: Core, params: Mapping[str, str]) -> Page:
    found = _repository(core, params)
    git = core.git(found)
    if git.kind(params["sha"]) != "commit":
        raise not_found()
    info = git.commit(params["sha"])
    files = git.diff(info.parents[0], info.sha) if info.parents else []
    return "commit.html", {
        "repository": found,
        "commit": _commit(core, found, info),
        "files": [_file(f) for f in files],
    }


def check_run(core: Core, params: Mapping[str, str]) -> Page:
    found = _repository(core, params)
    run = found.check_runs.get(int(params["id"]))
    if run is None:
        raise not_found()
    values = {"run": check_run_json(core, found, run), "annotations": run.annotations, "actions": run.actions}
    return "check_run.html", {"repository": found} | values


def file(core: Core, params: Mapping[str, str]) -> Page:
    """A file's text or a folder's entries at a branch or commit."""
    found = _repository(core, params)
    git, path = core.git(found), params.get("path", "").strip("/")
    sha = git.resolve(f"refs/heads/{params['ref']}") or git.resolve(params["ref"])
    entry = git.entry(sha, path) if sha and path else None
    if sha is None or (path and entry is None):
        raise not_found()
    shared = {"repository": found, "ref": params["ref"], "path": path}
    if entry is None or entry.kind == "tree":
        return "file.html", shared | {"entries": git.tree(sha, path), "text": None}
    return "file.html", shared | {"entries": [], "text": git.blob(entry.sha).decode(errors="replace")}
