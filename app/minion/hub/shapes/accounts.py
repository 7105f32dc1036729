"""Users, organizations, Apps and installations. https://docs.github.com/en/rest/users/users, /en/rest/apps/apps"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minion.hub.state import Account, App, Installation, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def iso(moment: datetime | None) -> str | None:
    """GitHub's timestamps: UTC, whole seconds, Z."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(prefix: str, number: int | str) -> str:
    """An opaque global id, as GraphQL wants it: a type prefix and the number, base64url."""
    return f"{prefix}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"


def node_number(prefix: str, node: str) -> int | None:
    """The number inside a global id of that type, or None."""
    start, _, encoded = node.rpartition("_")
    if start != prefix:
        return None
    try:
        return int(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        return None


def user_json(core: Core, account: Account) -> dict[str, Any]:
    """A simple user."""
    url = f"{core.api_url}/users/{quote(account.login, safe='')}"
    is_bot = account.kind == "Bot"
    page = f"apps/{account.login.removesuffix('[bot]')}" if is_bot else account.login
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id({"User": "U", "Organization": "O", "Bot": "BOT"}[account.kind], account.id),
        "avatar_url": f"{core.base_url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{core.base_url}/{page}",
        **{key: url + path for key, path in USER_LINKS.items()},
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def full_user_json(core: Core, account: Account) -> dict[str, Any]:
    """GET /users/{username}."""
    empty = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = {"created_at": iso(account.created_at), "updated_at": iso(account.created_at)}
    return user_json(core, account) | {"name": account.name, "blog": ""} | empty | counts | dates


def organization_json(core: Core, account: Account) -> dict[str, Any]:
    """The short form that payloads carry."""
    url = f"{core.api_url}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{core.base_url}/avatars/{account.id}",
        "description": None,
    }


def full_organization_json(core: Core, account: Account) -> dict[str, Any]:
    """GET /orgs/{org}."""
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return (
        organization_json(core, account)
        | counts
        | {
            "name": account.name or account.login,
            "html_url": f"{core.base_url}/{account.login}",
            "type": "Organization",
            "has_organization_projects": True,
            "has_repository_projects": True,
            "is_verified": False,
            "created_at": iso(account.created_at),
            "updated_at": iso(account.created_at),
            "archived_at": None,
        }
    )


def app_json(core: Core, app: App) -> dict[str, Any]:
    """An integration."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": user_json(core, app.owner),
        "name": app.name,
        "description": None,
        "external_url": core.base_url,
        "html_url": f"{core.base_url}/apps/{app.slug}",
        "created_at": iso(app.created_at),
        "updated_at": iso(app.created_at),
        "permissions": dict(app.permissions),
        "events": list(app.events),
    }


def installation_json(core: Core, installation: Installation) -> dict[str, Any]:
    """https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app"""
    account = installation.account
    suspender = installation.suspended_by
    url = f"{core.api_url}/app/installations/{installation.id}"
    return {
        "id": installation.id,
        "client_id": installation.app.client_id,
        "account": user_json(core, account),
        "repository_selection": "all" if installation.repository_ids is None else "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{core.api_url}/installation/repositories",
        "html_url": f"{core.base_url}/settings/installations/{installation.id}",
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": account.id,
        "target_type": account.kind,
        "permissions": dict(installation.permissions),
        "events": list(installation.events),
        "created_at": iso(installation.created_at),
        "updated_at": iso(installation.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if suspender is None else user_json(core, suspender),
        "suspended_at": iso(installation.suspended_at),
    }


def association(repository: Repository, account: Account) -> str:
    """author_association. https://docs.github.com/en/graphql/reference/enums#commentauthorassociation"""
    if account is repository.owner:
        return "OWNER"
    if account.login in repository.owner.members:
        return "MEMBER"
    if repository.collaborators.get(account.login, "none") != "none":
        return "COLLABORATOR"
    merged = any(p.merged_at and p.issue.user is account for p in repository.pulls.values())
    return "CONTRIBUTOR" if merged else "NONE"
