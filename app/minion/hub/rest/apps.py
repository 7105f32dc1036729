"""https://docs.github.com/en/rest/apps/apps, /installations, /webhooks"""

from __future__ import annotations

from typing import Any

from minion.hub.actors import AppItself, Installed
from minion.hub.auth import new_installation_token
from minion.hub.changes.installations import covered
from minion.hub.errors import Refusal, not_found, unprocessable
from minion.hub.rest.route import PAGED, Accepts, Answer, Anyone, AsApp, AsInstallation, Call, route
from minion.hub.shapes.accounts import app_json, installation_json, iso
from minion.hub.shapes.repositories import repository_json
from minion.hub.state import LEVELS, App, Delivery, Installation

HIDDEN = "********"


def _app(call: Call) -> App:
    assert isinstance(call.actor, AppItself)  # noqa: S101  # the route's access says so
    return call.actor.app


def _mine(call: Call) -> list[Installation]:
    return [one for one in call.core.state.installations.values() if one.app is _app(call)]


def _by_id(call: Call) -> Installation:
    found = next((one for one in _mine(call) if one.id == call.number("installation_id")), None)
    if found is None:
        raise not_found()
    return found


def _show(call: Call, found: Installation | None) -> Answer:
    if found is None:
        raise not_found()
    return Answer(200, installation_json(call.core, found))


def get_app(call: Call) -> Answer:
    return Answer(200, app_json(call.core, _app(call)) | {"installations_count": len(_mine(call))})


def get_public_app(call: Call) -> Answer:
    """https://docs.github.com/en/rest/apps/apps#get-an-app"""
    found = next((app for app in call.core.state.apps.values() if app.slug == call.params["app_slug"]), None)
    if found is None:
        raise not_found()
    return Answer(200, app_json(call.core, found))


def list_installations(call: Call) -> Answer:
    return call.page(_mine(call), lambda one: installation_json(call.core, one))


def get_installation(call: Call) -> Answer:
    return _show(call, _by_id(call))


def installation_of_repository(call: Call) -> Answer:
    repository = call.core.state.find(call.params["owner"], call.params["repo"])
    if repository is None:
        raise not_found()
    return _show(call, call.core.state.installation_for(_app(call), repository))


def installation_of_account(call: Call) -> Answer:
    """Of an organization or a user."""
    name = call.params.get("org") or call.params["username"]
    return _show(call, next((one for one in _mine(call) if one.account.login.lower() == name.lower()), None))


# -- tokens ---------------------------------------------------------------------------------------------------------


def create_token(call: Call) -> Answer:
    """422 for a repository or a permission that the installation does not have."""
    installation = _by_id(call)
    if installation.suspended_at is not None:
        raise Refusal(403, "This installation has been suspended")
    permissions = _narrowed(installation, call.body.get("permissions"))
    ids = _chosen(call, installation)
    token = new_installation_token(call.core, installation, permissions, ids)
    body: dict[str, Any] = {
        "token": token.value,
        "expires_at": iso(token.expires_at),
        "permissions": permissions,
        "repository_selection": "selected" if ids is not None or installation.repository_ids is not None else "all",
    }
    if ids is not None:
        body["repositories"] = [repository_json(call.core, call.core.state.repositories[one]) for one in sorted(ids)]
    return Answer(201, body)


def _narrowed(installation: Installation, wanted: dict[str, str] | None) -> dict[str, str]:
    if wanted is None:
        return dict(installation.permissions)
    for name, level in wanted.items():
        held = installation.permissions.get(name, "none")
        if level not in LEVELS or LEVELS.index(level) > LEVELS.index(held):
            raise unprocessable("The permissions requested are not granted to this installation.")
    return dict(wanted) | {"metadata": "read"}


def _chosen(call: Call, installation: Installation) -> set[int] | None:
    names, ids = call.body.get("repositories"), call.body.get("repository_ids")
    if names is None and ids is None:
        return None
    mine = covered(call.core, installation)
    by_name, known = {r.name.lower(): r.id for r in mine}, {r.id for r in mine}
    wanted = {by_name.get(str(name).lower(), 0) for name in names or []} | set(ids or [])
    if not wanted or not wanted <= known:
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return wanted


def revoke_token(call: Call) -> Answer:
    if isinstance(call.actor, Installed):
        del call.core.state.tokens[call.actor.token.value]
    return Answer(204)


def list_repositories(call: Call) -> Answer:
    assert isinstance(call.actor, Installed)  # noqa: S101  # the route's access says so
    ids = call.actor.token.repository_ids
    mine = [r for r in covered(call.core, call.actor.installation) if ids is None or r.id in ids]
    return call.page(mine, lambda repository: repository_json(call.core, repository), key="repositories")


# -- webhook --------------------------------------------------------------------------------------------------------


def _config(app: App) -> dict[str, str]:
    return {"content_type": app.content_type, "insecure_ssl": "0", "secret": HIDDEN, "url": app.webhook_url}


def get_config(call: Call) -> Answer:
    return Answer(200, _config(_app(call)))


def update_config(call: Call) -> Answer:
    app = _app(call)
    app.webhook_url = call.body.get("url", app.webhook_url)
    app.webhook_secret = call.body.get("secret", app.webhook_secret)
    if call.body.get("content_type", "json") != "json":
        raise unprocessable("This hub delivers JSON only")
    return Answer(200, _config(app))


def _item(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": iso(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": round(delivery.duration, 2),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def list_deliveries(call: Call) -> Answer:
    """Newest first, by cursor (a delivery id, exclusive); `status` success or failure.
    https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook"""
    found = sorted((d for d in call.core.state.deliveries.values() if d.app is _app(call)), key=lambda d: -d.id)
    found = [d for d in found if d.status != "pending"]
    status, cursor = call.query.get("status"), call.query.get("cursor")
    if status in ("success", "failure"):
        found = [d for d in found if (200 <= d.status_code < 400) == (status == "success")]
    if cursor:
        number = int(cursor.removeprefix("v1_")) if cursor.removeprefix("v1_").isdigit() else 0
        found = [d for d in found if d.id < number]
    size = max(1, min(int(call.query.get("per_page") or 30), 100))
    shown = found[:size]
    link = (
        f'<{call.core.api_url}/app/hook/deliveries?per_page={size}&cursor=v1_{shown[-1].id}>; rel="next"'
        if len(found) > size
        else ""
    )
    return Answer(200, [_item(d) for d in shown], {"Link": link} if link else {})


def _delivery(call: Call) -> Delivery:
    found = call.core.state.deliveries.get(call.number("delivery_id"))
    if found is None or found.app is not _app(call):
        raise not_found()
    return found


def get_delivery(call: Call) -> Answer:
    found = _delivery(call)
    response = {"headers": found.response_headers, "payload": found.response_body}
    request = {"headers": found.request_headers, "payload": found.payload}
    return Answer(200, _item(found) | {"url": found.app.webhook_url, "request": request, "response": response})


def redeliver(call: Call) -> Answer:
    call.core.deliveries.redeliver(_delivery(call))
    return Answer(202, {})


TOKEN = Accepts(body="repositories:list repository_ids:list permissions:dict")
CONFIG = Accepts(body="url content_type secret insecure_ssl:any")

ROUTES = (
    route("GET /app", get_app, AsApp()),
    route("GET /apps/{app_slug}", get_public_app, Anyone()),
    route("GET /app/installations", list_installations, AsApp(), Accepts("per_page page since outdated")),
    route("GET /app/installations/{installation_id}", get_installation, AsApp()),
    route("POST /app/installations/{installation_id}/access_tokens", create_token, AsApp(), TOKEN),
    route("GET /repos/{owner}/{repo}/installation", installation_of_repository, AsApp()),
    route("GET /orgs/{org}/installation", installation_of_account, AsApp()),
    route("GET /users/{username}/installation", installation_of_account, AsApp()),
    route("GET /app/hook/config", get_config, AsApp()),
    route("PATCH /app/hook/config", update_config, AsApp(), CONFIG),
    route("GET /app/hook/deliveries", list_deliveries, AsApp(), Accepts("per_page cursor status")),
    route("GET /app/hook/deliveries/{delivery_id}", get_delivery, AsApp()),
    route("POST /app/hook/deliveries/{delivery_id}/attempts", redeliver, AsApp()),
    route("DELETE /installation/token", revoke_token, AsInstallation()),
    route("GET /installation/repositories", list_repositories, AsInstallation(), PAGED),
)
