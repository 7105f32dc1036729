"""Faults on purpose, by Python and through the control API."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from .conftest import REPO, World

COMMENTS = f"/repos/{REPO}/issues/1/comments"


@pytest.fixture
def busy(world: World) -> World:
    world.hub.user("ann").open_issue(REPO, "A bug")
    return world


def comment(world: World) -> httpx2.Response:
    return world.call("POST", COMMENTS, world.hub.token_of("ann"), {"body": "hello"})


def count(world: World) -> int:
    return len(world.hub.user("ann").comments(REPO, 1))


@pytest.mark.parametrize(("after", "kept"), [(False, 0), (True, 1)])
def test_a_502_before_or_after_the_effect(busy: World, after: bool, kept: int) -> None:
    busy.hub.knobs.fail("POST /repos/*/issues/*/comments", 502, after=after)
    assert comment(busy).status_code == 502
    assert count(busy) == kept
    assert comment(busy).status_code == 201


def test_rate_limits(busy: World) -> None:
    busy.hub.knobs.secondary_limit("POST /repos/*", retry_after=7)
    answer = comment(busy)
    assert (answer.status_code, answer.headers["Retry-After"]) == (403, "7")
    busy.hub.knobs.secondary_limit("POST /repos/*")
    assert "Retry-After" not in comment(busy).headers
    busy.hub.knobs.primary_limit("POST /repos/*", reset=123)
    limited = comment(busy)
    assert (limited.headers["x-ratelimit-remaining"], limited.headers["x-ratelimit-reset"]) == ("0", "123")


def test_a_slow_answer_is_a_timeout_whose_effect_happened(busy: World) -> None:
    busy.hub.knobs.slow("POST /repos/*/comments", 5)
    headers = {"Authorization": f"Bearer {busy.hub.token_of('ann')}", "User-Agent": "t"}
    started = time.monotonic()
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{busy.hub.api_url}{COMMENTS}", json={"body": "late"}, headers=headers, timeout=0.3)
    assert time.monotonic() - started < 4
    assert count(busy) == 1


def control(world: World, method: str, body: Any = None, token: str = "") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token or world.hub.control_token}"}
    return httpx2.post(f"{world.hub.url}/_hub/{method}", json=body or {}, headers=headers)


def test_the_control_api_does_the_same(busy: World) -> None:
    fault = {"pattern": "POST /repos/*/comments", "status": 502}
    assert control(busy, "set_knobs", {"faults": [fault]}).status_code == 200
    assert comment(busy).status_code == 502
    assert control(busy, "create_user", {"login": "zoe"}).json()["login"] == "zoe"
    pushes = control(busy, "pushes", {"full_name": REPO}).json()
    assert [(p["ref"], p["via"]) for p in pushes] == [("refs/heads/main", "seed")]
    assert control(busy, "verdict").json()["unknown_requests"] == []


def test_the_control_api_is_closed_to_others(busy: World) -> None:
    assert control(busy, "create_user", {"login": "x"}, token="wrong").status_code == 401
    assert control(busy, "core").status_code == 404
    assert control(busy, "create_user", {"nickname": "x"}).status_code == 422
    assert control(busy, "set_knobs", {"faults": [{"pattern": "x", "statsu": 1}]}).status_code == 422


def test_the_clock_can_be_wrong(busy: World) -> None:
    busy.hub.knobs.clock_offset_s = 600
    date = busy.call("GET", f"/repos/{REPO}", busy.hub.token_of("ann")).headers["Date"]
    assert abs(time.mktime(time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone - time.time() - 600) < 5
    assert busy.as_app("GET", "/app").status_code == 401


def test_the_connection_can_end_after_the_effect(busy: World) -> None:
    busy.hub.knobs.hang_up("POST /repos/*/comments")
    with pytest.raises(httpx2.RemoteProtocolError):
        comment(busy)
    assert count(busy) == 1


def test_something_can_happen_at_exactly_that_point(busy: World) -> None:
    bob, token = busy.hub.user("bob"), busy.token()
    first = bob.commit(REPO, "topic", {"a": "1"}, "One")
    tree = busy.call("GET", f"/repos/{REPO}/git/commits/{first}", token).json()["tree"]["sha"]
    body = {"message": "Mine", "tree": tree, "parents": [first]}
    sha = busy.call("POST", f"/repos/{REPO}/git/commits", token, body).json()["sha"]
    busy.hub.knobs.interpose("PATCH /repos/*/git/refs/heads/topic", lambda: bob.delete_branch(REPO, "topic"))
    refused = busy.call("PATCH", f"/repos/{REPO}/git/refs/heads/topic", token, {"sha": sha})
    assert (refused.status_code, refused.json()["message"]) == (422, "Reference does not exist")


def test_tokens_can_expire_early(busy: World) -> None:
    token = busy.token()
    assert busy.hub.expire_tokens(busy.installation)["expired"] >= 1
    assert busy.call("GET", COMMENTS, token).status_code == 401
    assert busy.call("GET", COMMENTS, busy.token()).status_code == 200


def test_git_can_fail_after_the_push_too(busy: World, tmp_path: Path) -> None:
    from .test_git import Clone, git

    clone = Clone(busy, busy.hub.token_of("bob"), tmp_path / "work")
    clone.commit("a", "b", "topic")
    busy.hub.knobs.fail("POST /acme/widgets.git/git-receive-pack", 502, after=True)
    assert clone.push("origin", "topic").returncode != 0
    assert "topic" in git(clone.folder, "ls-remote", "origin").stdout
