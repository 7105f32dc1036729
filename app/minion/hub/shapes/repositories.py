"""Repositories. https://docs.github.com/en/rest/repos/repos#get-a-repository"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minion.hub.shapes.accounts import iso, node_id, organization_json, user_json
from minion.hub.state import ROLES, Account, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core

LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
COUNTS = ("forks_count", "stargazers_count", "watchers_count", "size", "forks", "watchers")
FLAGS = {
    "has_issues": True,
    "has_projects": False,
    "has_wiki": False,
    "has_pages": False,
    "has_discussions": False,
    "has_downloads": False,
    "archived": False,
    "disabled": False,
    "is_template": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
}


def repository_json(core: Core, repository: Repository) -> dict[str, Any]:
    """The form inside payloads and pull requests."""
    url = f"{core.api_url}/repos/{repository.full_name}"
    page = f"{core.base_url}/{repository.full_name}"
    open_issues = sum(issue.state == "open" for issue in repository.issues.values())
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": user_json(core, repository.owner),
        "html_url": page,
        "description": repository.description,
        "fork": repository.parent_id is not None,
        "url": url,
        **{key: url + path for key, path in LINKS.items()},
        "git_url": f"git:{page.partition(':')[2]}.git",
        "ssh_url": f"ssh:{page.partition(':')[2]}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
        **dict.fromkeys(COUNTS, 0),
        **FLAGS,
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "created_at": iso(repository.created_at),
        "updated_at": iso(repository.updated_at),
        "pushed_at": iso(repository.pushed_at),
    }


def full_repository_json(core: Core, repository: Repository, role: str) -> dict[str, Any]:
    """GET /repos/{owner}/{repo}; `permissions` are those of the caller's role."""
    rank = ROLES.index(role)
    names = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    shape = repository_json(core, repository) | {
        "permissions": {name: rank >= ROLES.index(least) for name, least in names.items()},
        "subscribers_count": 0,
        "network_count": 0,
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": False,
        "allow_auto_merge": False,
        "delete_branch_on_merge": repository.settings.delete_branch_on_merge,
    }
    if repository.owner.kind == "Organization":
        shape["organization"] = user_json(core, repository.owner)
    if repository.parent_id is not None:
        parent = repository_json(core, core.state.repositories[repository.parent_id])
        shape |= {"parent": parent, "source": parent}
    return shape


def around(core: Core, repository: Repository, sender: Account) -> dict[str, Any]:
    """What each webhook payload ends with."""
    shape = {"repository": repository_json(core, repository), "sender": user_json(core, sender)}
    if repository.owner.kind == "Organization":
        shape["organization"] = organization_json(core, repository.owner)
    return shape
