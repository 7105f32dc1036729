"""Reviews, review comments and their threads. https://docs.github.com/en/rest/pulls/reviews, /en/rest/pulls/comments"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor, JobToken
from minion.hub.changes.announcing import start_workflows
from minion.hub.changes.issues import actor_account, check_body
from minion.hub.errors import Refusal, invalid
from minion.hub.shapes.pulls import pull_simple_json, review_comment_json, review_json
from minion.hub.state import Account, Pull, Repository, Review, ReviewComment

if TYPE_CHECKING:
    from minion.hub.core import Core

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED", None: "PENDING"}


def add_review(
    core: Core,
    actor: Actor,
    repository: Repository,
    pull: Pull,
    fields: Mapping[str, Any],
) -> Review:
    """`fields` as in POST /pulls/{n}/reviews: event, body, comments, commit_id."""
    event, body = fields.get("event"), fields.get("body") or ""
    who = actor_account(actor)
    if event not in STATES:
        raise invalid("PullRequestReview", "event")
    if event in ("APPROVE", "REQUEST_CHANGES") and who is pull.issue.user:
        raise Refusal(
            422,
            "Unprocessable Entity",
            errors=[f"Can not {str(event).lower().replace('_', ' ')} your own pull request"],
        )
    if event == "APPROVE" and isinstance(actor, JobToken) and not repository.settings.actions_may_create_pulls:
        raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    check_body(body, "PullRequestReview")
    commit = fields.get("commit_id") or pull.head_sha
    review = Review(core.state.next_id(), who, body, STATES[event], commit, core.now())
    pull.reviews.append(review)
    comments = [_new_comment(core, actor, repository, pull, review, one) for one in fields.get("comments") or []]
    review.submitted_at = core.now()  # its comments were written before
    if who in pull.requested_reviewers and event in ("APPROVE", "REQUEST_CHANGES"):
        pull.requested_reviewers.remove(who)
    if event is not None:
        _announce(core, actor, repository, pull, review, comments)
    return review


def submit_review(
    core: Core, actor: Actor, repository: Repository, pull: Pull, review: Review, fields: Mapping[str, Any]
) -> None:
    """Sends a pending review."""
    if review.state != "PENDING" or fields.get("event") not in ("APPROVE", "REQUEST_CHANGES", "COMMENT"):
        raise invalid("PullRequestReview", "event")
    review.state, review.body = STATES[fields["event"]], fields.get("body") or review.body
    review.submitted_at = core.now()
    _announce(core, actor, repository, pull, review, [c for c in pull.comments if c.review_id == review.id])


def delete_review(pull: Pull, review: Review) -> None:
    """Of a pending one; what was sent stays. https://docs.github.com/en/rest/pulls/reviews#delete-a-pending-review-for-a-pull-request"""
    if review.state != "PENDING":
        raise Refusal(422, "Validation Failed", errors=["Can not delete a non-pending pull request review"])
    pull.reviews.remove(review)
    pull.comments[:] = [comment for comment in pull.comments if comment.review_id != review.id]


def dismiss_review(core: Core, actor: Actor, repository: Repository, pull: Pull, review: Review) -> None:
    review.state = "DISMISSED"
    _tell_review(core, actor, repository, pull, review, "dismissed")


def _announce(
    core: Core, actor: Actor, repository: Repository, pull: Pull, review: Review, comments: Sequence[ReviewComment]
) -> None:
    _tell_review(core, actor, repository, pull, review, "submitted")
    for comment in comments:
        tell_comment(core, actor, repository, pull, comment, "created")


def _tell_review(core: Core, actor: Actor, repository: Repository, pull: Pull, review: Review, action: str) -> None:
    shape = review_json(core, repository, pull, review)
    shape["state"] = shape["state"].lower()
    payload = {"action": action, "review": shape, "pull_request": pull_simple_json(core, repository, pull)}
    core.emit(repository, "pull_request_review", payload, actor_account(actor))
    start_workflows(core, actor, repository, pull, "pull_request_review", payload)


def tell_comment(
    core: Core, actor: Actor, repository: Repository, pull: Pull, comment: ReviewComment, action: str
) -> None:
    """`pull_request_review_comment`."""
    payload = {
        "action": action,
        "comment": review_comment_json(core, repository, pull, comment),
        "pull_request": pull_simple_json(core, repository, pull),
    }
    core.emit(repository, "pull_request_review_comment", payload, actor_account(actor))
    start_workflows(core, actor, repository, pull, "pull_request_review_comment", payload)


def _new_comment(
    core: Core, actor: Actor, repository: Repository, pull: Pull, review: Review, fields: Mapping[str, Any]
) -> ReviewComment:
    path, body = fields.get("path"), fields.get("body")
    if not isinstance(path, str) or not isinstance(body, str) or not body.strip():
        raise invalid("PullRequestReviewComment", "body" if isinstance(path, str) else "path", "missing_field")
    check_body(body, "PullRequestReviewComment")
    hunk = _hunk(core, repository, pull, path)
    line = fields.get("line") or fields.get("position")
    now = core.now()
    comment = ReviewComment(
        id=core.state.next_id(),
        review_id=review.id,
        user=actor_account(actor),
        body=body,
        path=path,
        commit_id=fields.get("commit_id") or pull.head_sha,
        created_at=now,
        updated_at=now,
        line=line,
        start_line=fields.get("start_line"),
        side=fields.get("side") or "RIGHT",
        diff_hunk=hunk,
    )
    pull.comments.append(comment)
    return comment


def _hunk(core: Core, repository: Repository, pull: Pull, path: str) -> str:
    git = core.git(repository)
    base = git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    found = next((f for f in git.diff(base, pull.head_sha) if f.path == path), None)
    if found is None:
        raise invalid("PullRequestReviewComment", "path", "invalid", "path is not part of the pull request")
    return (found.patch or "")[:2000]


def comment_alone(
    core: Core, actor: Actor, repository: Repository, pull: Pull, fields: Mapping[str, Any]
) -> ReviewComment:
    """POST /pulls/{n}/comments: a review of one comment."""
    review = Review(core.state.next_id(), actor_account(actor), "", "COMMENTED", pull.head_sha, core.now())
    comment = _new_comment(core, actor, repository, pull, review, fields)
    pull.reviews.append(review)
    _announce(core, actor, repository, pull, review, [comment])
    return comment


def reply(core: Core, actor: Actor, repository: Repository, pull: Pull, to: ReviewComment, body: str) -> ReviewComment:
    """An answer in the thread that `to` belongs to, also where its file is no longer part of the pull request."""
    first = thread_root(pull, to)
    review = Review(core.state.next_id(), actor_account(actor), "", "COMMENTED", pull.head_sha, core.now())
    if not body.strip():
        raise invalid("PullRequestReviewComment", "body", "missing_field")
    check_body(body, "PullRequestReviewComment")
    now = core.now()
    comment = replace(
        first,
        id=core.state.next_id(),
        review_id=review.id,
        user=actor_account(actor),
        body=body,
        created_at=now,
        updated_at=now,
        in_reply_to=first.id,
        reactions=[],
    )
    pull.comments.append(comment)
    pull.reviews.append(review)
    tell_comment(core, actor, repository, pull, comment, "created")
    return comment


def thread_root(pull: Pull, comment: ReviewComment) -> ReviewComment:
    """The first comment of the thread; a thread is known by it."""
    return next((c for c in pull.comments if c.id == comment.in_reply_to), comment)


def threads(pull: Pull, viewer: Account | None) -> list[list[ReviewComment]]:
    """Each thread's comments, oldest first, as `viewer` sees them."""
    seen = visible(pull, viewer)
    roots = [c for c in seen if c.in_reply_to is None]
    return [[root, *(c for c in seen if c.in_reply_to == root.id)] for root in roots]


def visible(pull: Pull, viewer: Account | None) -> list[ReviewComment]:
    """Without the comments of pending reviews, which their authors alone see.

    https://docs.github.com/en/rest/pulls/reviews#create-a-review-for-a-pull-request
    """
    pending = {review.id for review in pull.reviews if review.state == "PENDING" and review.user is not viewer}
    return [comment for comment in pull.comments if comment.review_id not in pending]
