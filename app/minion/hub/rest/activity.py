"""https://docs.github.com/en/rest/repos/repos#list-repository-activities"""

from __future__ import annotations

from typing import Any

from minion.hub.git_objects import ZERO
from minion.hub.rest.route import Accepts, Answer, Call, needs, route
from minion.hub.shapes.accounts import iso, user_json
from minion.hub.state import Push

QUERY = "direction per_page before after ref actor time_period activity_type"


def list_activities(call: Call) -> Answer:
    """Newest first, unless `direction=asc`. Cursors are not needed for the few pushes that a hub sees."""
    wanted_ref, wanted_actor = call.query.get("ref"), call.query.get("actor")
    rows = [_activity(call, number, push) for number, push in enumerate(call.repository.pushes, 1)]
    kept = [
        row
        for row in rows
        if wanted_ref in {None, row["ref"], row["ref"].removeprefix("refs/heads/")}
        and wanted_actor in {None, row["actor"]["login"]}
        and call.query.get("activity_type") in {None, row["activity_type"]}
    ]
    return Answer(200, kept if call.query.get("direction") == "asc" else kept[::-1])


def _activity(call: Call, number: int, push: Push) -> dict[str, Any]:
    account = call.core.state.account(push.actor)
    return {
        "id": number,
        "node_id": f"PSH_{number}",
        "before": push.before,
        "after": push.after,
        "ref": push.ref,
        "timestamp": iso(push.at),
        "activity_type": _kind(push),
        "actor": user_json(call.core, account) if account else None,
    }


def _kind(push: Push) -> str:
    if push.before == ZERO:
        return "branch_creation"
    if push.after == ZERO:
        return "branch_deletion"
    return "pr_merge" if push.via == "merge" else "push"


ROUTES = (route("GET /repos/{owner}/{repo}/activity", list_activities, needs("contents:read"), Accepts(query=QUERY)),)
