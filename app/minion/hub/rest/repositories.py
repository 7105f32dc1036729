"""https://docs.github.com/en/rest/repos/repos, /rest/branches/branches, /rest/repos/rules, /rest/commits/commits,
/rest/collaborators/collaborators, /rest/users/users, /rest/orgs/orgs"""

from __future__ import annotations

import json
from functools import partial
from typing import Any, assert_never
from urllib.parse import quote

from minion.hub.actors import AppItself, Installed, JobToken, Nobody, Person
from minion.hub.auth import grants, reaches, role_of
from minion.hub.errors import Refusal, not_found, unprocessable
from minion.hub.git_objects import CommitInfo
from minion.hub.mergeability import protections
from minion.hub.rest.finding import commit_of
from minion.hub.rest.issues import REPO
from minion.hub.rest.route import PAGED, Accepts, Answer, Anyone, Call, SignedIn, needs, route
from minion.hub.shapes.accounts import full_organization_json, full_user_json, user_json
from minion.hub.shapes.commits import commit_json, file_json
from minion.hub.shapes.repositories import full_repository_json
from minion.hub.state import Account, Protection

CONTENTS = needs("contents:read")
METADATA = needs("metadata:read")


# -- accounts -------------------------------------------------------------------------------------------------------


def _account(call: Call, name: str) -> Account:
    found = call.core.state.account(call.params[name])
    if found is None:
        raise not_found()
    return found


def get_user(call: Call) -> Answer:
    return Answer(200, full_user_json(call.core, _account(call, "username")))


def get_me(call: Call) -> Answer:
    """Installation tokens are not a user: 403."""
    if not isinstance(call.actor, Person):
        raise Refusal(403, "Resource not accessible by integration")
    private = {
        "private_gists": 0,
        "total_private_repos": 0,
        "owned_private_repos": 0,
        "disk_usage": 0,
        "collaborators": 0,
    }
    return Answer(200, full_user_json(call.core, call.account) | private | {"two_factor_authentication": True})


def get_rate_limit(call: Call) -> Answer:
    """https://docs.github.com/en/rest/rate-limit/rate-limit; asking costs nothing elsewhere, one request here."""
    limit = {"limit": 5000, "remaining": 5000, "reset": int(call.core.now().timestamp()) + 3600, "used": 0}
    shape: dict[str, Any] = {"resources": {"core": limit, "search": limit, "graphql": limit}}
    old = call.headers.get("x-github-api-version", "2022-11-28") == "2022-11-28"
    return Answer(200, shape | ({"rate": limit} if old else {}))


def get_org(call: Call) -> Answer:
    account = _account(call, "org")
    if account.kind != "Organization":
        raise not_found()
    return Answer(200, full_organization_json(call.core, account))


def get_permission(call: Call) -> Answer:
    """`permission` knows admin, write, read, none; `role_name` the finer roles."""
    account = _account(call, "username")
    if account.kind != "User":
        raise Refusal(404, f"{account.login} is not a user")
    role = role_of(call.repository, account)
    legacy = {"maintain": "write", "triage": "read"}.get(role, role)
    names = ("pull", "triage", "push", "maintain", "admin")
    levels = ("read", "triage", "write", "maintain", "admin")
    granted = {name: levels.index(role) >= at if role in levels else False for at, name in enumerate(names)}
    user = user_json(call.core, account) | {"permissions": granted, "role_name": role}
    return Answer(200, {"permission": legacy, "role_name": role, "user": user})


# -- the repository -------------------------------------------------------------------------------------------------


def _role(call: Call) -> str:
    match call.actor:
        case Person(account=account):
            return role_of(call.repository, account)
        case Installed() | JobToken() as actor:
            able = reaches(actor, call.repository) and grants(actor, "contents", "write")
            return "write" if able else "read"
        case Nobody() | AppItself():
            return "read"
    assert_never(call.actor)


def get_repository(call: Call) -> Answer:
    return Answer(200, full_repository_json(call.core, call.repository, _role(call)))


def dispatch(call: Call) -> Answer:
    """https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event"""
    kind, payload = call.body["event_type"], call.body.get("client_payload") or {}
    if not 0 < len(kind) <= 100 or len(payload) > 10 or len(json.dumps(payload)) >= 65_536:
        raise unprocessable("event_type has at most 100 characters, client_payload 10 properties and 64 KB")
    branch = call.repository.default_branch
    shape = {"action": kind, "branch": branch, "client_payload": payload}
    call.core.announce(call.actor, call.repository, "repository_dispatch", shape)
    return Answer(204)


# -- commits --------------------------------------------------------------------------------------------------------


def _files(call: Call, before: str, after: str) -> list[dict[str, Any]]:
    git = call.core.git(call.repository)
    return [file_json(call.core, call.repository, file, after) for file in git.diff(before, after)]


def get_commit(call: Call) -> Answer:
    git = call.core.git(call.repository)
    commit = git.commit(commit_of(call))
    if "sha" in call.headers.get("accept", ""):
        return Answer(200, commit.sha.encode(), {"Content-Type": "application/vnd.github.sha; charset=utf-8"})
    before = commit.parents[0] if commit.parents else git.text("hash-object", "-t", "tree", "/dev/null")
    files = _files(call, before, commit.sha)
    totals = {key: sum(file[key] for file in files) for key in ("additions", "deletions")}
    stats = totals | {"total": sum(totals.values())}
    return Answer(200, commit_json(call.core, call.repository, commit) | {"stats": stats, "files": files})


def list_commits(call: Call) -> Answer:
    git = call.core.git(call.repository)
    sha = git.resolve(call.query.get("sha") or f"refs/heads/{call.repository.default_branch}")
    if sha is None:
        raise not_found()
    window = [f"--{name}={call.query[name]}" for name in ("since", "until") if name in call.query]
    path = ["--", f":(literal){call.query['path']}"] if call.query.get("path") else []
    author = call.query.get("author")
    found = git.log(*window, sha, *path)
    account = call.core.state.account(author) if author else None
    emails = {author, account.email if account else None}
    chosen = [c for c in found if author is None or c.author.email in emails]
    return call.page(chosen, partial(_commit, call))


def _commit(call: Call, commit: CommitInfo) -> dict[str, Any]:
    return commit_json(call.core, call.repository, commit)


def compare(call: Call) -> Answer:
    """{base}...{head}; the files are those of merge base to head."""
    git = call.core.git(call.repository)
    names = call.params["basehead"].split("...")
    if len(names) != 2:
        raise not_found()
    shas = [git.resolve(f"refs/heads/{name}") or git.resolve(name) for name in names]
    base, head = shas
    if base is None or head is None or (meeting := git.merge_base(base, head)) is None:
        raise not_found()
    ahead, behind = git.log(f"{base}..{head}")[::-1], len(git.log(f"{head}..{base}"))
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    page = f"{call.core.base_url}/{call.repository.full_name}/compare/{call.params['basehead']}"
    listed = call.page(ahead, partial(_commit, call))
    body = {
        "url": f"{call.core.api_url}/repos/{call.repository.full_name}/compare/{call.params['basehead']}",
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": _commit(call, git.commit(base)),
        "merge_base_commit": _commit(call, git.commit(meeting)),
        "status": status.get((bool(ahead), behind > 0), "diverged"),
        "ahead_by": len(ahead),
        "behind_by": behind,
        "total_commits": len(ahead),
        "commits": listed.body,
        "files": _files(call, meeting, head)[:300] if "page" not in call.query or call.query["page"] == "1" else [],
    }
    return Answer(200, body, listed.headers)


def pulls_of_commit(call: Call) -> Answer:
    """https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit"""
    from minion.hub.shapes.pulls import pull_simple_json

    git, sha = call.core.git(call.repository), commit_of(call)

    def holds(head: str, base: str) -> bool:
        return git.is_ancestor(sha, head) and not git.is_ancestor(sha, base)

    found = [p for p in call.repository.pulls.values() if holds(p.head_sha, p.base_sha)]
    return call.page(found, lambda pull: pull_simple_json(call.core, call.repository, pull))


# -- branches -------------------------------------------------------------------------------------------------------


def _protection(rules: list[Protection]) -> dict[str, Any]:
    checks = [check for rule in rules for check in rule.required]
    summary = {
        "enforcement_level": "non_admins" if checks else "off",
        "contexts": [check.context for check in checks],
        "checks": [{"context": check.context, "app_id": check.integration_id} for check in checks],
    }
    return {"enabled": bool(rules), "required_status_checks": summary}


def _branch(call: Call, name: str) -> dict[str, Any]:
    rules = protections(call.repository, name)
    url = f"{call.core.api_url}/repos/{call.repository.full_name}/branches/{quote(name, safe='')}"
    classic = _protection([rule for rule in rules if rule.classic])
    return {"protected": bool(rules), "protection": classic, "protection_url": f"{url}/protection"}


def list_branches(call: Call) -> Answer:
    url = f"{call.core.api_url}/repos/{call.repository.full_name}/commits"
    refs = call.core.git(call.repository).refs("refs/heads/")
    wanted = call.query.get("protected")

    def show(item: tuple[str, str]) -> dict[str, Any]:
        name, sha = item
        return {"name": name, "commit": {"sha": sha, "url": f"{url}/{sha}"}} | _branch(call, name)

    names = {ref.removeprefix("refs/heads/"): sha for ref, sha in refs.items()}
    chosen = [
        item for item in names.items()
        if wanted is None or (wanted == "true") == bool(protections(call.repository, item[0]))
    ]  # fmt: skip
    return call.page(chosen, show)


def get_branch(call: Call) -> Answer:
    git, name = call.core.git(call.repository), call.params["branch"]
    sha = git.ref(f"refs/heads/{name}")
    if sha is None:
        raise Refusal(404, "Branch not found")
    base = f"{call.core.api_url}/repos/{call.repository.full_name}/branches/{quote(name, safe='')}"
    links = {"self": base, "html": f"{call.core.base_url}/{call.repository.full_name}/tree/{quote(name)}"}
    commit = commit_json(call.core, call.repository, git.commit(sha))
    return Answer(200, {"name": name, "commit": commit, "_links": links} | _branch(call, name))


def branch_rules(call: Call) -> Answer:
    """https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch: rulesets alone, not classic protection."""
    rules = [r for r in protections(call.repository, call.params["branch"]) if not r.classic]
    return call.page([entry for rule in rules for entry in _rules(call, rule)], lambda entry: entry)


def _rules(call: Call, rule: Protection) -> list[dict[str, Any]]:
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": call.repository.full_name,
        "ruleset_id": rule.ruleset_id,
    }
    checks = [
        {"context": c.context} | ({} if c.integration_id is None else {"integration_id": c.integration_id})
        for c in rule.required
    ]
    wanted = {"required_status_checks": checks, "strict_required_status_checks_policy": False}
    reviews = {
        "allowed_merge_methods": ["merge", "squash"],
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": rule.reviews,
        "required_review_thread_resolution": False,
    }
    found: list[dict[str, Any]] = [{"type": "pull_request", "parameters": reviews} | source]
    return found + ([{"type": "required_status_checks", "parameters": wanted} | source] if checks else [])


LOG = Accepts("sha path author since until per_page page")
DISPATCH = Accepts(body="event_type! client_payload:dict")

ROUTES = (
    route("GET /user", get_me, SignedIn()),
    route("GET /rate_limit", get_rate_limit, Anyone()),
    route("GET /users/{username}", get_user, Anyone()),
    route("GET /orgs/{org}", get_org, Anyone()),
    route(f"GET {REPO}", get_repository, METADATA),
    route(f"GET {REPO}/collaborators/{{username}}/permission", get_permission, needs("metadata:read")),
    route(f"POST {REPO}/dispatches", dispatch, needs("contents:write"), DISPATCH),
    route(f"GET {REPO}/commits", list_commits, CONTENTS, LOG),
    route(f"GET {REPO}/commits/{{ref:path}}", get_commit, CONTENTS, PAGED),
    route(f"GET {REPO}/commits/{{ref}}/pulls", pulls_of_commit, needs("pull_requests:read"), PAGED),
    route(f"GET {REPO}/compare/{{basehead:path}}", compare, CONTENTS, PAGED),
    route(f"GET {REPO}/branches", list_branches, CONTENTS, Accepts("protected per_page page")),
    route(f"GET {REPO}/branches/{{branch:path}}", get_branch, CONTENTS),
    route(f"GET {REPO}/rules/branches/{{branch:path}}", branch_rules, METADATA, PAGED),
)
