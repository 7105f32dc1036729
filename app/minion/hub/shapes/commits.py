"""Commits, trees, refs and diffs. https://docs.github.com/en/rest/commits/commits, /en/rest/git"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minion.hub.git_objects import CommitInfo, FileDiff, Signature
from minion.hub.shapes.accounts import iso, node_id, user_json
from minion.hub.state import Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


def person_json(who: Signature) -> dict[str, Any]:
    return {"name": who.name, "email": who.email, "date": iso(who.date)}


def verification_json(repository: Repository, commit: CommitInfo) -> dict[str, Any]:
    """Commits made by GitHub itself are signed; those that came by push are not.
    https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots"""
    if commit.sha not in repository.web_commits:
        empty = dict.fromkeys(("signature", "payload", "verified_at"))
        return {"verified": False, "reason": "unsigned", **empty}
    signature = f"-----BEGIN PGP SIGNATURE-----\n\n{commit.sha}\n-----END PGP SIGNATURE-----\n"
    when = iso(commit.committer.date)
    return {"verified": True, "reason": "valid", "signature": signature, "payload": commit.message, "verified_at": when}


def _account_of(core: Core, who: Signature) -> dict[str, Any] | None:
    found = next((a for a in core.state.accounts.values() if a.email == who.email), None)
    return None if found is None else user_json(core, found)


def commit_json(core: Core, repository: Repository, commit: CommitInfo) -> dict[str, Any]:
    """The commits API's form."""
    url = f"{core.api_url}/repos/{repository.full_name}"
    page = f"{core.base_url}/{repository.full_name}/commit"
    parents = [{"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{page}/{p}"} for p in commit.parents]
    return {
        "sha": commit.sha,
        "node_id": node_id("C", commit.sha),
        "url": f"{url}/commits/{commit.sha}",
        "html_url": f"{page}/{commit.sha}",
        "comments_url": f"{url}/commits/{commit.sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{commit.sha}",
            "author": person_json(commit.author),
            "committer": person_json(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
            "comment_count": 0,
            "verification": verification_json(repository, commit),
        },
        "author": _account_of(core, commit.author),
        "committer": _account_of(core, commit.committer),
        "parents": parents,
    }


def git_commit_json(core: Core, repository: Repository, commit: CommitInfo) -> dict[str, Any]:
    """The git database's form. https://docs.github.com/en/rest/git/commits"""
    url = f"{core.api_url}/repos/{repository.full_name}/git"
    page = f"{core.base_url}/{repository.full_name}/commit"
    parents = [{"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{page}/{p}"} for p in commit.parents]
    return {
        "sha": commit.sha,
        "node_id": node_id("C", commit.sha),
        "url": f"{url}/commits/{commit.sha}",
        "html_url": f"{page}/{commit.sha}",
        "author": person_json(commit.author),
        "committer": person_json(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{url}/trees/{commit.tree}"},
        "parents": parents,
        "verification": verification_json(repository, commit),
    }


def payload_commit_json(core: Core, repository: Repository, commit: CommitInfo) -> dict[str, Any]:
    """The form inside push payloads."""
    git = core.git(repository)
    before = commit.parents[0] if commit.parents else ""
    files = git.diff(before, commit.sha) if before else []
    named = {status: [f.path for f in files if f.status == status] for status in ("added", "removed")}
    people = {
        role: {"name": who.name, "email": who.email, "date": iso(who.date)}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    return (
        simple_commit_json(commit)
        | people
        | named
        | {
            "distinct": True,
            "url": f"{core.base_url}/{repository.full_name}/commit/{commit.sha}",
            "modified": [f.path for f in files if f.status not in ("added", "removed")],
        }
    )


def simple_commit_json(commit: CommitInfo) -> dict[str, Any]:
    """The form inside check suites and workflow runs."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": iso(commit.committer.date),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def ref_json(core: Core, repository: Repository, name: str, sha: str) -> dict[str, Any]:
    """https://docs.github.com/en/rest/git/refs"""
    url = f"{core.api_url}/repos/{repository.full_name}/git"
    kind = core.git(repository).kind(sha) or "commit"
    return {
        "ref": name,
        "node_id": node_id("REF", name),
        "url": f"{url}/{quote(name)}",
        "object": {"sha": sha, "type": kind, "url": f"{url}/{kind}s/{sha}"},
    }


def file_json(core: Core, repository: Repository, diff: FileDiff, ref: str) -> dict[str, Any]:
    """One changed file."""
    path = quote(diff.path)
    page = f"{core.base_url}/{repository.full_name}"
    shape = {
        "sha": diff.sha,
        "filename": diff.path,
        "status": diff.status,
        "additions": diff.additions,
        "deletions": diff.deletions,
        "changes": diff.additions + diff.deletions,
        "blob_url": f"{page}/blob/{ref}/{path}",
        "raw_url": f"{page}/raw/{ref}/{path}",
        "contents_url": f"{core.api_url}/repos/{repository.full_name}/contents/{path}?ref={ref}",
    }
    extra = {"patch": diff.patch, "previous_filename": diff.previous}
    return shape | {key: value for key, value in extra.items() if value is not None}
