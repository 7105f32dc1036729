"""Issues, labels, comments and reactions. https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor
from minion.hub.changes.announcing import announce_pull
from minion.hub.errors import Refusal, invalid
from minion.hub.shapes.accounts import user_json
from minion.hub.shapes.issues import REACTIONS, comment_json, issue_json, label_json
from minion.hub.state import MAX_BODY, Account, Comment, Issue, IssueEvent, Label, Reaction, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


def actor_account(actor: Actor) -> Account:
    """Who acts; 401 when nobody does."""
    if actor.account is None:
        raise Refusal(401, "Requires authentication")
    return actor.account


def check_body(body: str | None, resource: str = "Issue") -> None:
    """422 for more characters than GitHub takes."""
    if body is not None and len(body) > MAX_BODY:
        raise invalid(resource, "body", "custom", f"body is too long (maximum is {MAX_BODY} characters)")


def record(core: Core, actor: Actor, issue: Issue, event: str, details: Mapping[str, Any] | None = None) -> None:
    """Adds one entry to the issue's history."""
    who = actor_account(actor)
    issue.events.append(IssueEvent(core.state.next_id(), event, who, core.now(), actor.app, dict(details or {})))


def tell(core: Core, actor: Actor, repository: Repository, issue: Issue, action: str, extra: Mapping[str, Any]) -> None:
    """`issues` for an issue, `pull_request` for a pull request."""
    pull = repository.pulls.get(issue.number)
    if pull is not None:
        announce_pull(core, actor, repository, pull, action, extra)
        return
    payload = {"action": action, "issue": issue_json(core, repository, issue)} | dict(extra)
    core.announce(actor, repository, "issues", payload)


def new_issue(core: Core, actor: Actor, repository: Repository, title: str, body: str | None) -> Issue:
    """The record alone, numbered; used for pull requests too."""
    check_body(body)
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    now, app = core.now(), actor.app
    number = repository.next_number()
    issue = Issue(core.state.next_id(), number, title, body, actor_account(actor), now, now, app)
    repository.issues[number] = issue
    return issue


def open_issue(
    core: Core, actor: Actor, repository: Repository, text: tuple[str, str | None], labels: Sequence[str] = ()
) -> Issue:
    """`text` is (title, body). `opened` goes out first, then `labeled` for each label."""
    issue = new_issue(core, actor, repository, *text)
    chosen = [ensure_label(core, repository, name) for name in labels]
    issue.labels = list(dict.fromkeys(chosen))
    tell(core, actor, repository, issue, "opened", {})
    for label in issue.labels:
        _labeled(core, actor, repository, issue, label, "labeled")
    return issue


def ensure_label(core: Core, repository: Repository, name: str) -> Label:
    """The repository's label of that name, made when missing, as adding an unknown label does on GitHub."""
    if not name.strip() or len(name) > 50:
        raise invalid("Label", "name")
    key = name.lower()
    if key not in repository.labels:
        repository.labels[key] = Label(core.state.next_id(), name)
    return repository.labels[key]


def _labeled(core: Core, actor: Actor, repository: Repository, issue: Issue, label: Label, action: str) -> None:
    record(core, actor, issue, action, {"label": {"name": label.name, "color": label.color}})
    tell(core, actor, repository, issue, action, {"label": label_json(core, repository, label)})


def set_labels(core: Core, actor: Actor, repository: Repository, issue: Issue, names: Iterable[str]) -> None:
    """Makes the issue carry exactly these; one event for each difference. `updated_at` does not move."""
    wanted = list(dict.fromkeys(ensure_label(core, repository, name) for name in names))
    before = list(issue.labels)
    for label in [one for one in before if one not in wanted]:
        issue.labels.remove(label)
        _labeled(core, actor, repository, issue, label, "unlabeled")
    for label in [one for one in wanted if one not in before]:
        issue.labels.append(label)
        _labeled(core, actor, repository, issue, label, "labeled")


def set_assignees(core: Core, actor: Actor, repository: Repository, issue: Issue, accounts: list[Account]) -> None:
    """Makes exactly these the assignees."""
    gone = [a for a in issue.assignees if a not in accounts]
    new = [a for a in accounts if a not in issue.assignees]
    issue.assignees = list(accounts)
    for action, changed in (("unassigned", gone), ("assigned", new)):
        for account in changed:
            shape = user_json(core, account)
            record(core, actor, issue, action, {"assignee": shape, "assigner": user_json(core, actor_account(actor))})
            tell(core, actor, repository, issue, action, {"assignee": shape})


def edit_issue(core: Core, actor: Actor, repository: Repository, issue: Issue, change: Mapping[str, Any]) -> None:
    """`change` may hold title, body; one `edited` with what they were before."""
    new = {key: change[key] for key in ("title", "body") if key in change and change[key] != getattr(issue, key)}
    if not new:
        return
    check_body(new.get("body"))
    before = {key: {"from": getattr(issue, key) or ""} for key in new}
    if "title" in new:
        rename = {"from": issue.title, "to": new["title"]}
        record(core, actor, issue, "renamed", {"rename": rename})
    for key, value in new.items():
        setattr(issue, key, value)
    issue.updated_at = core.now()
    tell(core, actor, repository, issue, "edited", {"changes": before})


def set_state(core: Core, actor: Actor, repository: Repository, issue: Issue, state: str, reason: str | None) -> None:
    """open or closed; `reason` completed, not_planned, duplicate or reopened."""
    if state == issue.state:
        return
    pull = repository.pulls.get(issue.number)
    closing = state == "closed"
    if not closing and pull is not None and pull.merged_at is not None:
        raise invalid("PullRequest", "state", "invalid", "A merged pull request cannot be reopened")
    issue.state, issue.updated_at = state, core.now()
    is_pull = pull is not None
    issue.state_reason = None if is_pull else (reason or "completed" if closing else "reopened")
    issue.closed_at = core.now() if closing else None
    issue.closed_by = actor_account(actor) if closing else None
    action = "closed" if closing else "reopened"
    record(core, actor, issue, action, {} if is_pull or not closing else {"state_reason": issue.state_reason})
    tell(core, actor, repository, issue, action, {})


# -- comments -------------------------------------------------------------------------------------------------------


def add_comment(core: Core, actor: Actor, repository: Repository, issue: Issue, body: str) -> Comment:
    check_body(body, "IssueComment")
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    now = core.now()
    comment = Comment(core.state.next_id(), issue.number, actor_account(actor), body, now, now, actor.app)
    issue.comments.append(comment)
    issue.updated_at = now
    _tell_comment(core, actor, repository, comment, "created", {})
    return comment


def edit_comment(core: Core, actor: Actor, repository: Repository, comment: Comment, body: str) -> None:
    check_body(body, "IssueComment")
    changes = {"changes": {"body": {"from": comment.body}}}
    comment.body, comment.updated_at = body, core.now()
    _tell_comment(core, actor, repository, comment, "edited", changes)


def delete_comment(core: Core, actor: Actor, repository: Repository, comment: Comment) -> None:
    repository.issues[comment.issue_number].comments.remove(comment)
    _tell_comment(core, actor, repository, comment, "deleted", {})


def _tell_comment(
    core: Core, actor: Actor, repository: Repository, comment: Comment, action: str, extra: Mapping[str, Any]
) -> None:
    issue = repository.issues[comment.issue_number]
    payload = {
        "action": action,
        "issue": issue_json(core, repository, issue),
        "comment": comment_json(core, repository, comment),
    }
    core.announce(actor, repository, "issue_comment", payload | dict(extra))


def react(core: Core, actor: Actor, reactions: list[Reaction], content: str) -> tuple[Reaction, bool]:
    """(reaction, whether it is new); one of each kind for each person. Reactions send no webhook."""
    if content not in REACTIONS:
        raise invalid("Reaction", "content")
    who = actor_account(actor)
    found = next((r for r in reactions if r.user is who and r.content == content), None)
    if found is not None:
        return found, False
    reactions.append(Reaction(core.state.next_id(), who, content, core.now()))
    return reactions[-1], True
