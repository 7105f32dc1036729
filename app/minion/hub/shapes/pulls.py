"""Pull requests, reviews and review comments. https://docs.github.com/en/rest/pulls"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minion.hub.changes.positions import place_now
from minion.hub.mergeability import mergeable_state
from minion.hub.shapes.accounts import association, iso, node_id, user_json
from minion.hub.shapes.issues import label_json, reactions_json
from minion.hub.shapes.repositories import repository_json
from minion.hub.state import Pull, Repository, Review, ReviewComment

if TYPE_CHECKING:
    from minion.hub.core import Core


def _side(core: Core, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user_json(core, repository.owner),
        "repo": repository_json(core, repository),
    }


def _links(core: Core, repository: Repository, pull: Pull) -> dict[str, Any]:
    base = f"{core.api_url}/repos/{repository.full_name}"
    url, issue = f"{base}/pulls/{pull.number}", f"{base}/issues/{pull.number}"
    page = f"{core.base_url}/{repository.full_name}/pull/{pull.number}"
    links = {
        "self": url,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{base}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{base}/statuses/{pull.head_sha}",
    }
    names = ("comments", "review_comments", "review_comment", "commits", "statuses", "issue")
    plain = {f"{name}_url": links[name] for name in names}
    own = {"url": url, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return own | plain | {"_links": {name: {"href": href} for name, href in links.items()}}


def pull_simple_json(core: Core, repository: Repository, pull: Pull) -> dict[str, Any]:
    """The form of lists and of review payloads."""
    issue = pull.issue
    head = core.state.repositories[pull.head_repository_id]
    return {
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": pull.number,
        "state": issue.state,
        "locked": False,
        "active_lock_reason": None,
        "title": issue.title,
        "body": issue.body,
        "user": user_json(core, issue.user),
        "author_association": association(repository, issue.user),
        "labels": [label_json(core, repository, label) for label in issue.labels],
        "assignee": user_json(core, issue.assignees[0]) if issue.assignees else None,
        "assignees": [user_json(core, account) for account in issue.assignees],
        "requested_reviewers": [user_json(core, account) for account in pull.requested_reviewers],
        "requested_teams": [],
        "milestone": None,
        "draft": pull.draft,
        "auto_merge": None,
        "head": _side(core, head, pull.head_ref, pull.head_sha),
        "base": _side(core, repository, pull.base_ref, pull.base_sha),
        "created_at": iso(issue.created_at),
        "updated_at": iso(issue.updated_at),
        "closed_at": iso(issue.closed_at),
        "merged_at": iso(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        **_links(core, repository, pull),
    }


def pull_json(core: Core, repository: Repository, pull: Pull) -> dict[str, Any]:
    """The whole pull request."""
    git = core.git(repository)
    files = git.diff(git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha, pull.head_sha)
    merger = pull.merged_by
    return pull_simple_json(core, repository, pull) | {
        "merged": pull.merged_at is not None,
        "mergeable": None if pull.merged_at else pull.mergeable,
        "rebaseable": False,
        "mergeable_state": mergeable_state(repository, pull),
        "merged_by": None if merger is None else user_json(core, merger),
        "comments": len(pull.issue.comments),
        "review_comments": len(pull.comments),
        "maintainer_can_modify": False,
        "commits": len(git.log(f"{pull.base_sha}..{pull.head_sha}")),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def review_json(core: Core, repository: Repository, pull: Pull, review: Review) -> dict[str, Any]:
    """https://docs.github.com/en/rest/pulls/reviews"""
    url = f"{core.api_url}/repos/{repository.full_name}/pulls/{pull.number}"
    page = f"{core.base_url}/{repository.full_name}/pull/{pull.number}#pullrequestreview-{review.id}"
    return {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user_json(core, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": page,
        "pull_request_url": url,
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
        "submitted_at": iso(review.submitted_at),
        "commit_id": review.commit_id,
        "author_association": association(repository, review.user),
    }


def review_comment_json(core: Core, repository: Repository, pull: Pull, comment: ReviewComment) -> dict[str, Any]:
    """https://docs.github.com/en/rest/pulls/comments"""
    base = f"{core.api_url}/repos/{repository.full_name}/pulls"
    url = f"{base}/comments/{comment.id}"
    page = f"{core.base_url}/{repository.full_name}/pull/{pull.number}#discussion_r{comment.id}"
    links = {"self": url, "html": page, "pull_request": f"{base}/{pull.number}"}
    shape = {
        "id": comment.id,
        "node_id": node_id("PRRC", comment.id),
        "url": url,
        "html_url": page,
        "pull_request_url": f"{base}/{pull.number}",
        "pull_request_review_id": comment.review_id,
        "_links": {name: {"href": href} for name, href in links.items()},
        "user": user_json(core, comment.user),
        "author_association": association(repository, comment.user),
        "body": comment.body,
        "created_at": iso(comment.created_at),
        "updated_at": iso(comment.updated_at),
        "reactions": reactions_json(url, comment.reactions),
        **_position(core, repository, pull, comment),
    }
    return shape | ({} if comment.in_reply_to is None else {"in_reply_to_id": comment.in_reply_to})


def _position(core: Core, repository: Repository, pull: Pull, comment: ReviewComment) -> dict[str, Any]:
    """`line` and `position` are null where the comment is outdated."""
    line = place_now(core.git(repository), comment, pull.head_sha)
    start = comment.start_line
    return {
        "path": comment.path,
        "diff_hunk": comment.diff_hunk,
        "commit_id": comment.commit_id,
        "original_commit_id": comment.commit_id,
        "position": line,
        "original_position": comment.line,
        "line": line,
        "original_line": comment.line,
        "start_line": None if start is None or line is None or comment.line is None else start + line - comment.line,
        "original_start_line": start,
        "start_side": None if start is None else comment.side,
        "side": comment.side,
        "subject_type": "file" if comment.line is None else "line",
    }
