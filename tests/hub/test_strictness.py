"""Nothing passes by being ignored: unknown routes, parameters and fields are 501 and remembered."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import REPO, World

ISSUES = f"/repos/{REPO}/issues"


@pytest.fixture
def forgiving(world: World) -> Any:
    """A world whose unknown requests are looked at here, and forgotten."""
    yield world
    world.hub.unknown_requests.clear()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/repos/{REPO}/milestones", None),
        ("DELETE", ISSUES, None),
        ("GET", f"{ISSUES}?sorted=up", None),
        ("POST", ISSUES, {"title": "x", "milestone": 3}),
        ("PATCH", f"/repos/{REPO}/git/refs/heads/main", {"sha": "0" * 40, "froce": True}),
    ],
)
def test_the_unknown_is_501_and_named(forgiving: World, method: str, path: str, body: Any) -> None:
    answer = forgiving.call(method, path, forgiving.hub.token_of("ann"), body)
    assert answer.status_code == 501
    assert "does not know" in answer.json()["message"]
    assert len(forgiving.hub.unknown_requests) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "wasn't supplied"),
        ({"title": 3}, "is not of type str"),
        ({"title": "x", "labels": "bug"}, "is not of type list"),
        ({"title": "x", "body": "y" * 65_537}, "Validation Failed"),
    ],
)
def test_a_wrong_body_is_422(world: World, body: Any, words: str) -> None:
    answer = world.call("POST", ISSUES, world.hub.token_of("ann"), body)
    assert answer.status_code == 422
    assert words in answer.json()["message"]


def test_versions_and_user_agent(world: World) -> None:
    import httpx2

    token = {"Authorization": f"Bearer {world.hub.token_of('ann')}", "User-Agent": "t"}
    url = f"{world.hub.api_url}{ISSUES}"
    statuses = {
        version: httpx2.get(url, headers=token | {"X-GitHub-Api-Version": version}).status_code
        for version in ("2022-11-28", "2026-03-10", "2020-01-01")
    }
    assert statuses == {"2022-11-28": 200, "2026-03-10": 200, "2020-01-01": 400}
    assert httpx2.get(url, headers=token | {"User-Agent": ""}).status_code == 403


def test_the_newer_version_has_lost_some_fields(world: World) -> None:
    ann = world.hub.user("ann")
    ann.open_issue(REPO, "A bug")
    new = ann.call("GET", f"{ISSUES}/1")
    old = world.call("GET", f"{ISSUES}/1", world.hub.token_of("ann")).json()
    assert ("assignee" in old, "assignee" in new) == (True, False)


def test_pages_are_linked(world: World) -> None:
    ann = world.hub.user("ann")
    for number in range(5):
        ann.open_issue(REPO, f"Issue {number}")
    answer = ann.request("GET", ISSUES, params={"per_page": 2, "page": 2})
    assert [one["number"] for one in answer.json()] == [3, 2]
    assert 'rel="next"' in answer.headers["Link"]
    assert 'rel="prev"' in answer.headers["Link"]
    assert answer.links["last"]["url"].endswith("page=3")


def test_rate_limit_headers_count_down(world: World) -> None:
    ann = world.hub.user("ann")
    left = [int(ann.request("GET", ISSUES).headers["x-ratelimit-remaining"]) for _ in range(2)]
    assert left[0] - left[1] == 1


def test_graphql_names_what_it_does_not_know(forgiving: World) -> None:
    import httpx2

    headers = {"Authorization": f"Bearer {forgiving.token()}"}
    query = {"query": '{ repository(owner: "acme", name: "widgets") { stargazerCount } }'}
    answer = httpx2.post(f"{forgiving.hub.url}/api/graphql", json=query, headers=headers).json()
    assert "stargazerCount" in answer["errors"][0]["message"]
    assert forgiving.hub.unknown_requests
