"""https://docs.github.com/en/rest/issues/labels and https://docs.github.com/en/rest/reactions/reactions"""

from __future__ import annotations

import re
from typing import Any

from minion.hub.changes import issues as change
from minion.hub.errors import Refusal, invalid, not_found
from minion.hub.rest.finding import comment_of, issue_of, review_comment_of
from minion.hub.rest.issues import COMMENTS, ISSUE, READ, REPO, SPEAK, WRITE
from minion.hub.rest.route import PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.issues import label_json, reaction_json
from minion.hub.state import Issue, Label, Reaction


def _show(call: Call, label: Label) -> dict[str, Any]:
    return label_json(call.core, call.repository, label)


def _find(call: Call) -> Label:
    label = call.repository.labels.get(call.params["name"].lower())
    if label is None:
        raise not_found()
    return label


def _paint(label: Label, body: dict[str, Any]) -> None:
    color = body.get("color")
    if color is not None and not re.fullmatch(r"[0-9a-fA-F]{6}", color):
        raise invalid("Label", "color")
    label.color = (color or label.color).lower()
    if "description" in body:
        if len(body["description"] or "") > 100:
            raise invalid("Label", "description")
        label.description = body["description"]


def create_label(call: Call) -> Answer:
    if call.body["name"].lower() in call.repository.labels:
        raise invalid("Label", "name", "already_exists")
    label = Label(0, call.body["name"])
    _paint(label, call.body)
    kept = change.ensure_label(call.core, call.repository, label.name)
    kept.color, kept.description = label.color, label.description
    return Answer(201, _show(call, kept))


def list_labels(call: Call) -> Answer:
    return call.page(list(call.repository.labels.values()), lambda label: _show(call, label))


def get_label(call: Call) -> Answer:
    return Answer(200, _show(call, _find(call)))


def update_label(call: Call) -> Answer:
    label, new = _find(call), call.body.get("new_name")
    _paint(label, call.body)
    if new:
        del call.repository.labels[label.name.lower()]
        label.name = new
        call.repository.labels[new.lower()] = label
    return Answer(200, _show(call, label))


def delete_label(call: Call) -> Answer:
    label = _find(call)
    del call.repository.labels[label.name.lower()]
    for issue in call.repository.issues.values():
        issue.labels = [one for one in issue.labels if one is not label]
    return Answer(204)


# -- on an issue ----------------------------------------------------------------------------------------------------


def _wanted(call: Call) -> list[str]:
    """`{"labels": [...]}` or a bare array."""
    given = call.body.get("_", call.body.get("labels", []))
    names = [one.get("name") if isinstance(one, dict) else one for one in given] if isinstance(given, list) else [None]
    if any(not isinstance(name, str) for name in names):
        raise Refusal(422, "Invalid request. labels must be an array of names.")
    return [str(name) for name in names]


def _all(call: Call, issue: Issue) -> Answer:
    return Answer(200, [_show(call, label) for label in issue.labels])


def list_on_issue(call: Call) -> Answer:
    return call.page(issue_of(call).labels, lambda label: _show(call, label))


def add_to_issue(call: Call) -> Answer:
    issue = issue_of(call)
    names = [label.name for label in issue.labels] + _wanted(call)
    change.set_labels(call.core, call.actor, call.repository, issue, names)
    return _all(call, issue)


def set_on_issue(call: Call) -> Answer:
    issue = issue_of(call)
    change.set_labels(call.core, call.actor, call.repository, issue, _wanted(call))
    return _all(call, issue)


def clear_issue(call: Call) -> Answer:
    change.set_labels(call.core, call.actor, call.repository, issue_of(call), [])
    return Answer(204)


def remove_from_issue(call: Call) -> Answer:
    """404 when the issue does not carry it."""
    issue, name = issue_of(call), call.params["name"].lower()
    if name not in {label.name.lower() for label in issue.labels}:
        raise Refusal(404, "Label does not exist")
    rest = [label.name for label in issue.labels if label.name.lower() != name]
    change.set_labels(call.core, call.actor, call.repository, issue, rest)
    return _all(call, issue)


# -- reactions ------------------------------------------------------------------------------------------------------


def _reactions(call: Call) -> list[Reaction]:
    if "issue_number" in call.params:
        return issue_of(call).reactions
    return review_comment_of(call)[1].reactions if "/pulls/" in call.route.path else comment_of(call).reactions


def create_reaction(call: Call) -> Answer:
    """201 for a new one, 200 for the one that was there."""
    reaction, new = change.react(call.core, call.actor, _reactions(call), call.body["content"])
    return Answer(201 if new else 200, reaction_json(call.core, reaction))


def list_reactions(call: Call) -> Answer:
    content = call.query.get("content")
    chosen = [r for r in _reactions(call) if content in (None, r.content)]
    return call.page(chosen, lambda reaction: reaction_json(call.core, reaction))


def delete_reaction(call: Call) -> Answer:
    reactions, wanted = _reactions(call), call.number("reaction_id")
    found = next((r for r in reactions if r.id == wanted and r.user is call.account), None)
    if found is None:
        raise not_found()
    reactions.remove(found)
    return Answer(204)


REACTED = Accepts("content per_page page")
REACT = Accepts(body="content!")
REVIEWED = REPO + "/pulls/comments/{comment_id}"
PULL_SPEAK = needs("pull_requests:write", role="read")

ROUTES = (
    route(f"POST {REPO}/labels", create_label, WRITE, Accepts(body="name! color description:str?")),
    route(f"GET {REPO}/labels", list_labels, READ, PAGED),
    route(f"GET {REPO}/labels/{{name}}", get_label, READ),
    route(f"PATCH {REPO}/labels/{{name}}", update_label, WRITE, Accepts(body="new_name color description:str?")),
    route(f"DELETE {REPO}/labels/{{name}}", delete_label, WRITE),
    route(f"GET {ISSUE}/labels", list_on_issue, READ, PAGED),
    route(f"POST {ISSUE}/labels", add_to_issue, WRITE, Accepts(body="labels:list", any_body=True)),
    route(f"PUT {ISSUE}/labels", set_on_issue, WRITE, Accepts(body="labels:list", any_body=True)),
    route(f"DELETE {ISSUE}/labels", clear_issue, WRITE),
    route(f"DELETE {ISSUE}/labels/{{name}}", remove_from_issue, WRITE),
    route(f"POST {ISSUE}/reactions", create_reaction, SPEAK, REACT),
    route(f"GET {ISSUE}/reactions", list_reactions, READ, REACTED),
    route(f"DELETE {ISSUE}/reactions/{{reaction_id}}", delete_reaction, SPEAK),
    route(f"POST {COMMENTS}/reactions", create_reaction, SPEAK, REACT),
    route(f"GET {COMMENTS}/reactions", list_reactions, READ, REACTED),
    route(f"DELETE {COMMENTS}/reactions/{{reaction_id}}", delete_reaction, SPEAK),
    route(f"POST {REVIEWED}/reactions", create_reaction, PULL_SPEAK, REACT),
    route(f"GET {REVIEWED}/reactions", list_reactions, needs("pull_requests:read"), REACTED),
)
