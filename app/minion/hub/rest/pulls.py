"""https://docs.github.com/en/rest/pulls/pulls"""

from __future__ import annotations

from typing import Any

from minion.hub.changes import issues as change_issue
from minion.hub.changes import pulls as change
from minion.hub.changes.merging import merge
from minion.hub.errors import Refusal, invalid
from minion.hub.rest.finding import accounts_named, pull_of
from minion.hub.rest.issues import REPO
from minion.hub.rest.route import PAGED, Accepts, Answer, Call, needs, route
from minion.hub.shapes.accounts import association, user_json
from minion.hub.shapes.commits import commit_json, file_json
from minion.hub.shapes.pulls import pull_json, pull_simple_json
from minion.hub.state import Pull

PULL = REPO + "/pulls/{pull_number}"
READ = needs("pull_requests:read")
WRITE = needs("pull_requests:write")


def _show(call: Call, pull: Pull) -> dict[str, Any]:
    return pull_json(call.core, call.repository, pull)


def create_pull(call: Call) -> Answer:
    """On a public repository anybody may, from a fork; from a branch of it one needs to be able to push there."""
    body = call.body
    wanted = change.Draft(body["title"], body.get("body"), body["head"], body["base"], bool(body.get("draft")))
    return Answer(201, _show(call, change.open_pull(call.core, call.actor, call.repository, wanted)))


def list_pulls(call: Call) -> Answer:
    query = call.query
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")

    def wanted(pull: Pull) -> bool:
        owner = call.core.state.repositories[pull.head_repository_id].owner.login
        label = f"{owner}:{pull.head_ref}"
        return state in ("all", pull.issue.state) and head in (None, label) and base in (None, pull.base_ref)

    chosen = [pull for pull in call.repository.pulls.values() if wanted(pull)]
    by_update = query.get("sort") in ("updated", "popularity", "long-running")
    backwards = query.get("direction", "asc" if "sort" in query else "desc") == "desc"
    chosen.sort(key=lambda p: (p.issue.updated_at if by_update else p.issue.created_at, p.number), reverse=backwards)
    return call.page(chosen, lambda pull: pull_simple_json(call.core, call.repository, pull))


def get_pull(call: Call) -> Answer:
    pull = pull_of(call)
    if "diff" in call.headers.get("accept", ""):
        git = call.core.git(call.repository)
        base = git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
        return Answer(200, git.run("diff", base, pull.head_sha), {"Content-Type": "application/vnd.github.diff"})
    knobs = call.core.knobs
    if knobs.mergeable_unknown > 0:
        knobs.mergeable_unknown -= 1
        return Answer(200, _show(call, pull) | {"mergeable": None, "mergeable_state": "unknown"})
    return Answer(200, _show(call, pull))


def update_pull(call: Call) -> Answer:
    pull, body = pull_of(call), call.body
    at = (call.core, call.actor, call.repository)
    change_issue.edit_issue(*at, pull.issue, body)
    if body.get("base") not in (None, pull.base_ref):
        change.set_base(*at, pull, body["base"])
    if body.get("state") is not None:
        if body["state"] not in ("open", "closed") or (body["state"] == "open" and pull.merged_at):
            raise invalid("PullRequest", "state")
        change_issue.set_state(*at, pull.issue, body["state"], None)
    return Answer(200, _show(call, pull))


def list_files(call: Call) -> Answer:
    pull, git = pull_of(call), call.core.git(call.repository)
    base = git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    files = git.diff(base, pull.head_sha)
    return call.page(files, lambda file: file_json(call.core, call.repository, file, pull.head_sha))


def list_commits(call: Call) -> Answer:
    """Oldest first."""
    pull, git = pull_of(call), call.core.git(call.repository)
    commits = git.log(f"{pull.base_sha}..{pull.head_sha}")[::-1]
    return call.page(commits, lambda commit: commit_json(call.core, call.repository, commit))


def get_reviewers(call: Call) -> Answer:
    users = [user_json(call.core, account) for account in pull_of(call).requested_reviewers]
    return Answer(200, {"users": users, "teams": []})


def _no_teams(call: Call) -> None:
    if call.body.get("team_reviewers"):
        raise Refusal(422, "Reviews may only be requested from collaborators: there are no teams here.")


def request_reviewers(call: Call) -> Answer:
    _no_teams(call)
    pull = pull_of(call)
    accounts = accounts_named(call, call.body.get("reviewers") or [], "reviewers")
    if any(association(call.repository, one) not in ("OWNER", "MEMBER", "COLLABORATOR") for one in accounts):
        raise Refusal(422, "Reviews may only be requested from collaborators.")
    change.request_reviewers(call.core, call.actor, call.repository, pull, accounts)
    return Answer(201, pull_simple_json(call.core, call.repository, pull))


def remove_reviewers(call: Call) -> Answer:
    _no_teams(call)
    pull = pull_of(call)
    accounts = accounts_named(call, call.body["reviewers"], "reviewers")
    change.remove_reviewers(call.core, call.actor, call.repository, pull, accounts)
    return Answer(200, pull_simple_json(call.core, call.repository, pull))


def merge_pull(call: Call) -> Answer:
    sha = merge(call.core, call.actor, call.repository, pull_of(call), call.body)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def is_merged(call: Call) -> Answer:
    return Answer(204 if pull_of(call).merged_at else 404)


CREATE = "title! body:str? head! base! draft:bool maintainer_can_modify:bool"
MERGE = "commit_title commit_message sha merge_method"
REVIEWERS = "reviewers:list team_reviewers:list"

ROUTES = (
    route(f"POST {REPO}/pulls", create_pull, needs("pull_requests:write", role="read"), Accepts(body=CREATE)),
    route(f"GET {REPO}/pulls", list_pulls, READ, Accepts("state head base sort direction per_page page")),
    route(f"GET {PULL}", get_pull, READ),
    route(f"PATCH {PULL}", update_pull, WRITE, Accepts(body="title body:str? state base maintainer_can_modify:bool")),
    route(f"GET {PULL}/files", list_files, READ, PAGED),
    route(f"GET {PULL}/commits", list_commits, READ, PAGED),
    route(f"GET {PULL}/requested_reviewers", get_reviewers, READ),
    route(f"POST {PULL}/requested_reviewers", request_reviewers, WRITE, Accepts(body=REVIEWERS)),
    route(
        f"DELETE {PULL}/requested_reviewers",
        remove_reviewers,
        WRITE,
        Accepts(body=REVIEWERS.replace("list", "list!", 1)),
    ),
    route(f"PUT {PULL}/merge", merge_pull, needs("contents:write"), Accepts(body=MERGE)),
    route(f"GET {PULL}/merge", is_merged, READ),
)
