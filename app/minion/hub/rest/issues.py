"""https://docs.github.com/en/rest/issues/issues, /labels, /comments, /events, /timeline"""

from __future__ import annotations

from typing import Any

from minion.hub.changes import issues as change
from minion.hub.errors import invalid, moment, not_found
from minion.hub.rest.finding import accounts_named, comment_of, issue_of
from minion.hub.rest.route import PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.issues import comment_json, event_json, issue_json
from minion.hub.state import Comment, Issue, IssueEvent

REPO = "/repos/{owner}/{repo}"
ISSUE = REPO + "/issues/{issue_number}"
READ = needs("issues:read", "pull_requests:read")
WRITE = needs("issues:write", "pull_requests:write", role="triage")
SPEAK = needs("issues:write", "pull_requests:write", role="read")


def _show(call: Call, issue: Issue) -> dict[str, Any]:
    return issue_json(call.core, call.repository, issue)


def _names(labels: list[Any]) -> list[str]:
    names = [label.get("name") if isinstance(label, dict) else label for label in labels]
    if any(not isinstance(name, str) for name in names):
        raise invalid("Label", "name")
    return [str(name) for name in names]


def create_issue(call: Call) -> Answer:
    text = (call.body["title"], call.body.get("body"))
    labels = _names(call.body.get("labels") or [])
    issue = change.open_issue(call.core, call.actor, call.repository, text, labels)
    if call.body.get("assignees"):
        chosen = accounts_named(call, call.body["assignees"], "assignees")
        change.set_assignees(call.core, call.actor, call.repository, issue, chosen)
    return Answer(201, _show(call, issue))


def get_issue(call: Call) -> Answer:
    return Answer(200, _show(call, issue_of(call)))


def list_issues(call: Call) -> Answer:
    """Newest first; pull requests included, as on GitHub."""
    query = call.query
    state, labels = query.get("state", "open"), [name.lower() for name in query.get("labels", "").split(",") if name]
    creator, since = query.get("creator"), moment(query.get("since"))

    def wanted(issue: Issue) -> bool:
        carried = {label.name.lower() for label in issue.labels}
        return (
            state in ("all", issue.state)
            and carried.issuperset(labels)
            and creator in (None, issue.user.login)
            and (since is None or issue.updated_at >= since)
        )

    chosen = [issue for issue in call.repository.issues.values() if wanted(issue)]
    key = {"updated": "updated_at", "comments": "number"}.get(query.get("sort", "created"), "created_at")
    chosen.sort(key=lambda issue: (getattr(issue, key), issue.number), reverse=query.get("direction", "desc") == "desc")
    return call.page(chosen, lambda issue: _show(call, issue))


def update_issue(call: Call) -> Answer:
    issue, body = issue_of(call), call.body
    at = (call.core, call.actor, call.repository, issue)
    change.edit_issue(*at, body)
    if body.get("state") is not None:
        if body["state"] not in ("open", "closed"):
            raise invalid("Issue", "state")
        change.set_state(*at, body["state"], body.get("state_reason"))
    if body.get("labels") is not None:
        change.set_labels(*at, _names(body["labels"]))
    if body.get("assignees") is not None:
        change.set_assignees(*at, accounts_named(call, body["assignees"], "assignees"))
    return Answer(200, _show(call, issue))


def list_events(call: Call) -> Answer:
    return call.page(issue_of(call).events, lambda event: event_json(call.core, call.repository, event))


def list_timeline(call: Call) -> Answer:
    """Events and comments by time."""
    issue = issue_of(call)
    entries: list[IssueEvent | Comment] = [*issue.events, *issue.comments]
    entries.sort(key=lambda entry: (entry.created_at, entry.id))

    def show(entry: IssueEvent | Comment) -> dict[str, Any]:
        if isinstance(entry, IssueEvent):
            return event_json(call.core, call.repository, entry)
        shape = comment_json(call.core, call.repository, entry)
        return shape | {"event": "commented", "actor": shape["user"]}

    return call.page(entries, show)


def set_issue_assignees(call: Call) -> Answer:
    """POST adds, DELETE removes."""
    issue = issue_of(call)
    named = accounts_named(call, call.body.get("assignees") or [], "assignees")
    rest = [account for account in issue.assignees if account not in named]
    adding = call.route.method == "POST"
    change.set_assignees(call.core, call.actor, call.repository, issue, rest + named if adding else rest)
    return Answer(201 if adding else 200, _show(call, issue))


def create_comment(call: Call) -> Answer:
    comment = change.add_comment(call.core, call.actor, call.repository, issue_of(call), call.body["body"])
    return Answer(201, comment_json(call.core, call.repository, comment))


def list_comments(call: Call) -> Answer:
    since = moment(call.query.get("since"))
    chosen = [c for c in issue_of(call).comments if since is None or c.updated_at >= since]
    return call.page(chosen, lambda comment: comment_json(call.core, call.repository, comment))


def list_all_comments(call: Call) -> Answer:
    chosen = [comment for issue in call.repository.issues.values() for comment in issue.comments]
    key = "updated_at" if call.query.get("sort") == "updated" else "created_at"
    backwards = call.query.get("direction") == "desc"
    chosen.sort(key=lambda comment: (getattr(comment, key), comment.id), reverse=backwards)
    since = moment(call.query.get("since"))
    chosen = [c for c in chosen if since is None or c.updated_at >= since]
    return call.page(chosen, lambda comment: comment_json(call.core, call.repository, comment))


def get_comment(call: Call) -> Answer:
    return Answer(200, comment_json(call.core, call.repository, comment_of(call)))


def _may_change(call: Call, comment: Comment) -> None:
    """One's own always; another's needs write permission."""
    from minion.hub.auth import can

    if comment.user is not call.account and not can(call.repository, call.actor, "issues", "write"):
        raise not_found()


def update_comment(call: Call) -> Answer:
    comment = comment_of(call)
    _may_change(call, comment)
    change.edit_comment(call.core, call.actor, call.repository, comment, call.body["body"])
    return Answer(200, comment_json(call.core, call.repository, comment))


def delete_comment(call: Call) -> Answer:
    comment = comment_of(call)
    _may_change(call, comment)
    change.delete_comment(call.core, call.actor, call.repository, comment)
    return Answer(204)


LISTING = "state labels creator since sort direction per_page page"
COMMENTS = REPO + "/issues/comments/{comment_id}"
NEW = "title! body:str? labels:list assignees:list"
EDIT = "title body:str? state state_reason:str? labels:list assignees:list"

ROUTES = (
    route(f"POST {REPO}/issues", create_issue, needs("issues:write", role="read"), Accepts(body=NEW)),
    route(f"GET {REPO}/issues", list_issues, READ, Accepts(LISTING)),
    route(f"GET {ISSUE}", get_issue, READ),
    route(f"PATCH {ISSUE}", update_issue, WRITE, Accepts(body=EDIT)),
    route(f"GET {ISSUE}/events", list_events, READ, PAGED),
    route(f"GET {ISSUE}/timeline", list_timeline, READ, PAGED),
    route(f"POST {ISSUE}/assignees", set_issue_assignees, WRITE, Accepts(body="assignees:list")),
    route(f"DELETE {ISSUE}/assignees", set_issue_assignees, WRITE, Accepts(body="assignees:list")),
    route(f"POST {ISSUE}/comments", create_comment, SPEAK, Accepts(body="body!")),
    route(f"GET {ISSUE}/comments", list_comments, READ, Accepts("since per_page page")),
    route(f"GET {REPO}/issues/comments", list_all_comments, READ, Accepts("sort direction since per_page page")),
    route(f"GET {COMMENTS}", get_comment, READ),
    route(f"PATCH {COMMENTS}", update_comment, SPEAK, Accepts(body="body!")),
    route(f"DELETE {COMMENTS}", delete_comment, SPEAK),
)
