"""Who may do what: App JWTs, installation tokens, people, strangers."""

from __future__ import annotations

import time
from typing import Any

import jwt as pyjwt
import pytest

from .conftest import REPO, World

READABLE = f"/repos/{REPO}/issues"


def test_the_app_reads_itself_with_a_jwt(world: World) -> None:
    answer = world.as_app("GET", "/app")
    assert answer.status_code == 200
    assert answer.json()["slug"] == "minion"
    assert answer.json()["permissions"]["contents"] == "write"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": 3600}, "too far in the future"),
        ({"exp": -5}, "Expiration time"),
        ({"iat": 300, "exp": 400}, "Issued at"),
        ({"iss": "999999"}, "Integration not found"),
    ],
)
def test_a_jwt_out_of_bounds_is_refused(world: World, claims: dict[str, Any], message: str) -> None:
    """Times are seconds from now."""
    now = int(time.time())
    answer = world.as_app(
        "GET", "/app", **{name: now + at if isinstance(at, int) else at for name, at in claims.items()}
    )
    assert answer.status_code == 401
    assert message in answer.json()["message"]


def test_a_jwt_may_be_back_dated_by_the_drift_that_github_allows(world: World) -> None:
    assert world.as_app("GET", "/app", iat=int(time.time()) + 30).status_code == 200


def test_a_jwt_of_another_key_or_algorithm_is_refused(world: World) -> None:
    claims = {"iss": str(world.app["id"]), "iat": int(time.time()), "exp": int(time.time()) + 60}
    forged = pyjwt.encode(claims, "a-shared-secret-of-enough-length-for-hs256", algorithm="HS256")
    unsigned = pyjwt.encode(claims, None, algorithm="none")
    assert world.call("GET", "/app", forged).status_code == 401
    assert world.call("GET", "/app", unsigned).status_code == 401


def test_an_installation_is_found_by_repository_org_and_list(world: World) -> None:
    for path in (f"/repos/{REPO}/installation", "/orgs/acme/installation"):
        assert world.as_app("GET", path).json()["id"] == world.installation
    assert [one["id"] for one in world.as_app("GET", "/app/installations").json()] == [world.installation]
    assert world.as_app("GET", "/repos/acme/nothing/installation").status_code == 404


def test_a_token_has_the_long_format_and_an_hour(world: World) -> None:
    path = f"/app/installations/{world.installation}/access_tokens"
    answer = world.as_app("POST", path).json()
    assert answer["token"].startswith(f"ghs_{world.app['id']}_")
    assert len(answer["token"]) > 500
    expires = time.mktime(time.strptime(answer["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert 3500 < expires - time.time() < 3700


def test_a_narrowed_token_loses_the_rest(world: World) -> None:
    token = world.token(permissions={"issues": "read"}, repositories=["widgets"])
    assert world.call("GET", READABLE, token).status_code == 200
    refused = world.call("POST", READABLE, token, {"title": "x"})
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "issues=write"
    assert world.call("GET", f"/repos/{REPO}/pulls", token).status_code == 403


@pytest.mark.parametrize(
    "narrowing",
    [{"permissions": {"administration": "read"}}, {"permissions": {"statuses": "write"}}, {"repositories": ["other"]}],
)
def test_a_token_cannot_ask_for_more_than_the_installation_has(world: World, narrowing: dict[str, Any]) -> None:
    path = f"/app/installations/{world.installation}/access_tokens"
    assert world.as_app("POST", path, narrowing).status_code == 422


def test_another_repository_is_not_found(world: World) -> None:
    world.hub.create_repository("acme/secret", private=True)
    token = world.token(repositories=["widgets"])
    assert world.call("GET", "/repos/acme/secret/issues", token).status_code == 404
    assert world.call("GET", "/repos/acme/secret/issues", world.token()).status_code == 200
    names = [r["name"] for r in world.call("GET", "/installation/repositories", token).json()["repositories"]]
    assert names == ["widgets"]


def test_revoked_suspended_and_uninstalled(world: World) -> None:
    token = world.token()
    assert world.call("DELETE", "/installation/token", token).status_code == 204
    assert world.call("GET", READABLE, token).status_code == 401
    token = world.token()
    world.hub.suspend(world.installation, "ann")
    assert world.call("GET", READABLE, token).status_code == 403
    assert world.as_app("POST", f"/app/installations/{world.installation}/access_tokens").status_code == 403
    world.hub.suspend(world.installation, "ann", suspended=False)
    assert world.call("GET", READABLE, token).status_code == 200
    world.hub.uninstall(world.installation, "ann")
    assert world.call("GET", READABLE, token).status_code == 401


def test_a_permission_taken_away_is_gone_at_once(world: World) -> None:
    token = world.token()
    world.hub.set_permissions(world.installation, {"issues": "read"}, "ann")
    assert world.call("GET", READABLE, token).status_code == 200
    assert world.call("POST", READABLE, token, {"title": "x"}).status_code == 403


def test_an_expired_token_is_refused(world: World) -> None:
    token = world.token()
    world.hub.knobs.clock_offset_s = 3601
    assert world.call("GET", READABLE, token).status_code == 401


def test_strangers_and_readers(world: World) -> None:
    assert world.call("GET", READABLE).status_code == 404
    eve = world.hub.token_of("eve")
    assert world.call("GET", READABLE, eve).status_code == 404
    world.hub.set_collaborator(REPO, "eve", "read")
    assert world.call("POST", READABLE, eve, {"title": "I found a bug"}).status_code == 201
    assert world.call("POST", f"{READABLE}/1/labels", eve, {"labels": ["minion"]}).status_code == 403
    assert world.call("GET", READABLE, "ghp_wrong").status_code == 401


def test_permission_look_up_maps_roles(world: World) -> None:
    token = world.token()

    def look_up(login: str) -> tuple[str, str]:
        answer = world.call("GET", f"/repos/{REPO}/collaborators/{login}/permission", token).json()
        return answer["permission"], answer["role_name"]

    world.hub.set_collaborator(REPO, "eve", "triage")
    assert look_up("eve") == ("read", "triage")
    world.hub.set_collaborator(REPO, "eve", "maintain")
    assert look_up("eve") == ("write", "maintain")
    assert look_up("ann") == ("admin", "admin")
    world.hub.create_user("zoe")
    assert look_up("zoe") == ("none", "none")
    answer = world.call("GET", f"/repos/{REPO}/collaborators/minion%5Bbot%5D/permission", token)
    assert (answer.status_code, "not a user" in answer.json()["message"]) == (404, True)
