"""Issues, labels, comments, reactions and events. https://docs.github.com/en/rest/issues"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minion.hub.shapes.accounts import app_json, association, iso, node_id, user_json
from minion.hub.state import App, Comment, Issue, IssueEvent, Label, Reaction, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def reactions_json(url: str, reactions: Sequence[Reaction]) -> dict[str, Any]:
    """The roll-up inside an issue or comment."""
    counts = Counter(reaction.content for reaction in reactions)
    total: dict[str, Any] = {"url": f"{url}/reactions", "total_count": len(reactions)}
    return total | {name: counts[name] for name in REACTIONS}


def reaction_json(core: Core, reaction: Reaction) -> dict[str, Any]:
    return {
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": user_json(core, reaction.user),
        "content": reaction.content,
        "created_at": iso(reaction.created_at),
    }


def label_json(core: Core, repository: Repository, label: Label) -> dict[str, Any]:
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": f"{core.api_url}/repos/{repository.full_name}/labels/{quote(label.name, safe='')}",
        "name": label.name,
        "description": label.description,
        "color": label.color,
        "default": label.default,
        "archived_at": None,
        "archived_by": None,
    }


def issue_json(core: Core, repository: Repository, issue: Issue) -> dict[str, Any]:
    """One issue, or the issue half of a pull request."""
    url = f"{core.api_url}/repos/{repository.full_name}/issues/{issue.number}"
    pull = repository.pulls.get(issue.number)
    shape = {
        "id": issue.id,
        "node_id": node_id("PR" if pull else "I", pull.id if pull else issue.id),
        "url": url,
        "repository_url": f"{core.api_url}/repos/{repository.full_name}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": f"{core.base_url}/{repository.full_name}/{'pull' if pull else 'issues'}/{issue.number}",
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "user": user_json(core, issue.user),
        "author_association": association(repository, issue.user),
        "labels": [label_json(core, repository, label) for label in issue.labels],
        "assignee": user_json(core, issue.assignees[0]) if issue.assignees else None,
        "assignees": [user_json(core, account) for account in issue.assignees],
        "milestone": None,
        "locked": False,
        "active_lock_reason": None,
        "comments": len(issue.comments),
        "reactions": reactions_json(url, issue.reactions),
        "performed_via_github_app": _via(core, issue.app),
        **_state(core, issue),
    }
    return shape | _pull_part(core, repository, issue)


def _state(core: Core, issue: Issue) -> dict[str, Any]:
    return {
        "state": issue.state,
        "state_reason": issue.state_reason,
        "created_at": iso(issue.created_at),
        "updated_at": iso(issue.updated_at),
        "closed_at": iso(issue.closed_at),
        "closed_by": None if issue.closed_by is None else user_json(core, issue.closed_by),
    }


def _pull_part(core: Core, repository: Repository, issue: Issue) -> dict[str, Any]:
    pull = repository.pulls.get(issue.number)
    if pull is None:
        return {}
    page = f"{core.base_url}/{repository.full_name}/pull/{issue.number}"
    return {
        "draft": pull.draft,
        "pull_request": {
            "url": f"{core.api_url}/repos/{repository.full_name}/pulls/{issue.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": iso(pull.merged_at),
        },
    }


def _via(core: Core, app: App | None) -> dict[str, Any] | None:
    return None if app is None else app_json(core, app)


def comment_json(core: Core, repository: Repository, comment: Comment) -> dict[str, Any]:
    """A comment of the conversation."""
    base = f"{core.api_url}/repos/{repository.full_name}/issues"
    url = f"{base}/comments/{comment.id}"
    kind = "pull" if comment.issue_number in repository.pulls else "issues"
    page = f"{core.base_url}/{repository.full_name}/{kind}/{comment.issue_number}"
    return {
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": url,
        "html_url": f"{page}#issuecomment-{comment.id}",
        "issue_url": f"{base}/{comment.issue_number}",
        "user": user_json(core, comment.user),
        "author_association": association(repository, comment.user),
        "body": comment.body,
        "created_at": iso(comment.created_at),
        "updated_at": iso(comment.updated_at),
        "performed_via_github_app": _via(core, comment.app),
        "reactions": reactions_json(url, comment.reactions),
    }


def event_json(core: Core, repository: Repository, event: IssueEvent) -> dict[str, Any]:
    """https://docs.github.com/en/rest/using-the-rest-api/issue-event-types"""
    return {
        "id": event.id,
        "node_id": node_id("EV", event.id),
        "url": f"{core.api_url}/repos/{repository.full_name}/issues/events/{event.id}",
        "actor": user_json(core, event.actor),
        "event": event.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": iso(event.created_at),
        "performed_via_github_app": _via(core, event.app),
    } | event.details
