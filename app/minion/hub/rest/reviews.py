"""https://docs.github.com/en/rest/pulls/reviews and https://docs.github.com/en/rest/pulls/comments"""

from __future__ import annotations

from typing import Any

from minion.hub.changes import reviews as change
from minion.hub.errors import invalid, not_found
from minion.hub.rest.finding import pull_of, review_comment_of, review_of
from minion.hub.rest.issues import REPO
from minion.hub.rest.pulls import PULL, READ
from minion.hub.rest.route import PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.pulls import review_comment_json, review_json
from minion.hub.state import Pull, Review, ReviewComment

COMMENT_FIELDS = {"path", "position", "body", "line", "side", "start_line", "start_side", "subject_type"}
SPEAK = needs("pull_requests:write", role="read")


def _review(call: Call, pull: Pull, review: Review) -> dict[str, Any]:
    return review_json(call.core, call.repository, pull, review)


def _comment(call: Call, pull: Pull, comment: ReviewComment) -> dict[str, Any]:
    return review_comment_json(call.core, call.repository, pull, comment)


def create_review(call: Call) -> Answer:
    for entry in call.body.get("comments") or []:
        if not isinstance(entry, dict) or set(entry) - COMMENT_FIELDS:
            raise invalid("PullRequestReview", "comments")
    pull = pull_of(call)
    review = change.add_review(call.core, call.actor, call.repository, pull, call.body)
    return Answer(200, _review(call, pull, review))


def list_reviews(call: Call) -> Answer:
    """Pending ones are shown to their author alone."""
    pull = pull_of(call)
    shown = [r for r in pull.reviews if r.state != "PENDING" or r.user is call.actor.account]
    return call.page(shown, lambda review: _review(call, pull, review))


def get_review(call: Call) -> Answer:
    pull = pull_of(call)
    return Answer(200, _review(call, pull, review_of(call, pull)))


def submit_review(call: Call) -> Answer:
    pull = pull_of(call)
    review = review_of(call, pull)
    change.submit_review(call.core, call.actor, call.repository, pull, review, call.body)
    return Answer(200, _review(call, pull, review))


def delete_review(call: Call) -> Answer:
    pull = pull_of(call)
    review = review_of(call, pull)
    if review.state == "PENDING" and review.user is not call.actor.account:
        raise not_found()
    shape = _review(call, pull, review)
    change.delete_review(pull, review)
    return Answer(200, shape)


def dismiss_review(call: Call) -> Answer:
    pull = pull_of(call)
    review = review_of(call, pull)
    change.dismiss_review(call.core, call.actor, call.repository, pull, review)
    return Answer(200, _review(call, pull, review))


def list_review_comments(call: Call) -> Answer:
    pull = pull_of(call)
    review = review_of(call, pull)
    seen = change.visible(pull, call.actor.account)
    chosen = [comment for comment in seen if comment.review_id == review.id]
    return call.page(chosen, lambda comment: _comment(call, pull, comment))


def list_comments(call: Call) -> Answer:
    pull = pull_of(call)
    seen = change.visible(pull, call.actor.account)
    backwards = call.query.get("direction") == "desc"
    return call.page(seen[::-1] if backwards else seen, lambda c: _comment(call, pull, c))


def create_comment(call: Call) -> Answer:
    pull = pull_of(call)
    comment = change.comment_alone(call.core, call.actor, call.repository, pull, call.body)
    return Answer(201, _comment(call, pull, comment))


def reply(call: Call) -> Answer:
    pull = pull_of(call)
    to = next((c for c in pull.comments if c.id == call.number("comment_id")), None)
    if to is None:
        raise not_found()
    comment = change.reply(call.core, call.actor, call.repository, pull, to, call.body["body"])
    return Answer(201, _comment(call, pull, comment))


def get_comment(call: Call) -> Answer:
    pull, comment = review_comment_of(call)
    return Answer(200, _comment(call, pull, comment))


def update_comment(call: Call) -> Answer:
    pull, comment = review_comment_of(call)
    if comment.user is not call.account:
        raise not_found()
    comment.body, comment.updated_at = call.body["body"], call.core.now()
    change.tell_comment(call.core, call.actor, call.repository, pull, comment, "edited")
    return Answer(200, _comment(call, pull, comment))


REVIEW = PULL + "/reviews/{review_id}"
NEW_COMMENT = "body! commit_id! path! line:int side start_line:int? start_side subject_type"

ROUTES = (
    route(f"POST {PULL}/reviews", create_review, SPEAK, Accepts(body="commit_id body event comments:list")),
    route(f"GET {PULL}/reviews", list_reviews, READ, PAGED),
    route(f"GET {REVIEW}", get_review, READ),
    route(f"DELETE {REVIEW}", delete_review, SPEAK),
    route(f"POST {REVIEW}/events", submit_review, SPEAK, Accepts(body="body event!")),
    route(f"PUT {REVIEW}/dismissals", dismiss_review, needs("pull_requests:write"), Accepts(body="message! event")),
    route(f"GET {REVIEW}/comments", list_review_comments, READ, PAGED),
    route(f"GET {PULL}/comments", list_comments, READ, Accepts("sort direction since per_page page")),
    route(f"POST {PULL}/comments", create_comment, SPEAK, Accepts(body=NEW_COMMENT)),
    route(f"POST {PULL}/comments/{{comment_id}}/replies", reply, SPEAK, Accepts(body="body!")),
    route(f"GET {REPO}/pulls/comments/{{comment_id}}", get_comment, READ),
    route(f"PATCH {REPO}/pulls/comments/{{comment_id}}", update_comment, SPEAK, Accepts(body="body!")),
)
