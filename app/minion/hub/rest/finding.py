"""Look-ups by path parameter, each a 404 when there is nothing."""

from __future__ import annotations

from minion.hub.errors import Refusal, invalid, not_found
from minion.hub.rest.route import Call
from minion.hub.state import Account, CheckRun, CheckSuite, Comment, Issue, Pull, Review, ReviewComment


def issue_of(call: Call) -> Issue:
    """By {issue_number}; pull requests are issues too."""
    found = call.repository.issues.get(call.number("issue_number"))
    if found is None:
        raise not_found()
    return found


def pull_of(call: Call) -> Pull:
    """By {pull_number}."""
    found = call.repository.pulls.get(call.number("pull_number"))
    if found is None:
        raise not_found()
    return found


def comment_of(call: Call) -> Comment:
    """By {comment_id}, among the conversation's comments."""
    wanted = call.number("comment_id")
    found = next((c for i in call.repository.issues.values() for c in i.comments if c.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def review_of(call: Call, pull: Pull) -> Review:
    """By {review_id}."""
    wanted = call.number("review_id")
    found = next((review for review in pull.reviews if review.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def review_comment_of(call: Call) -> tuple[Pull, ReviewComment]:
    """By {comment_id}, among the review comments."""
    wanted = call.number("comment_id")
    found = [(p, c) for p in call.repository.pulls.values() for c in p.comments if c.id == wanted]
    if not found:
        raise not_found()
    return found[0]


def check_run_of(call: Call) -> CheckRun:
    """By {check_run_id}."""
    found = call.repository.check_runs.get(call.number("check_run_id"))
    if found is None:
        raise not_found()
    return found


def suite_by_id(call: Call) -> CheckSuite:
    """By {check_suite_id}."""
    found = call.repository.suites.get(call.number("check_suite_id"))
    if found is None:
        raise not_found()
    return found


def commit_of(call: Call, name: str = "ref") -> str:
    """The full sha that a sha, branch, tag or full ref in the path stands for; 422 as GitHub when there is none."""
    git = call.core.git(call.repository)
    wanted = call.params[name]
    found = git.resolve(f"refs/heads/{wanted}") or git.resolve(f"refs/tags/{wanted}") or git.resolve(wanted)
    found = found or git.resolve(f"refs/{wanted}")
    if found is None:
        raise Refusal(422, f"No commit found for SHA: {wanted}")
    return found


def accounts_named(call: Call, logins: object, field: str) -> list[Account]:
    """Users by login; 422 naming the field for anything that is none."""
    names = logins if isinstance(logins, list) else []
    found = [call.core.state.account(str(name)) for name in names]
    if any(account is None for account in found) or not isinstance(logins, list):
        raise invalid("Issue", field)
    return [account for account in found if account is not None]
