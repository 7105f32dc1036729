"""Whatever is sent, the hub answers with one of GitHub's statuses and never fails itself."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from minion.hub.rest.registry import all_routes
from minion.hub.rest.route import AsApp, Field, Route

from .conftest import REPO, World

REAL = {
    "owner": "acme",
    "repo": "widgets",
    "username": "bob",
    "org": "acme",
    "issue_number": "1",
    "pull_number": "2",
    "name": "minion",
    "ref": "main",
    "branch": "main",
    "path": "README.md",
    "basehead": "main...topic",
    "tree_sha": "main",
    "app_slug": "minion",
}
ODD: dict[str, list[Any]] = {
    "str": ["", "x", "0" * 40, "\0", "2026-13-40"],
    "int": [0, -1, 10**12],
    "bool": [True, False],
    "list": [[], [None], [1], [{}], ["x"]],
    "dict": [{}, {"x": None}, {"summary": 1}, {"annotations": [1], "summary": "s"}, {"name": "x"}],
    "any": [None, 1, "x"],
}


def values(field: Field) -> list[Any]:
    return [*ODD[field.kind], None] if field.nullable else ODD[field.kind]


SOUND: dict[str, Any] = {"str": "x", "int": 1, "bool": True, "list": [], "dict": {}, "any": None}
KNOWN = {
    "title": "A title",
    "head": "topic",
    "base": "main",
    "encoding": "base64",
    "state": "success",
    "event": "COMMENT",
}


def bodies(route: Route) -> list[dict[str, Any]]:
    """One odd field at a time, among sound ones."""
    sound = {field.name: KNOWN.get(field.name, SOUND[field.kind]) for field in route.body}
    needed = {field.name: sound[field.name] for field in route.body if field.required}
    odd = [needed | {field.name: value} for field in route.body for value in values(field)]
    return [needed, sound, *odd]


def paths(route: Route) -> list[str]:
    names = re.findall(r"\{(\w+)", route.path)
    garbage = [
        dict.fromkeys(names, "x") | {n: REAL[n] for n in ("owner", "repo") if n in names},
        dict.fromkeys(names, "%00"),
    ]
    return [route.fill(chosen) for chosen in (dict.fromkeys(names, "1") | REAL, *garbage)]


def queries(route: Route) -> list[str]:
    return ["", *(f"{name}={value}" for name in route.query for value in ("x", "0", ""))]


@pytest.fixture
def used(world: World) -> World:
    ann, bob = world.hub.user("ann"), world.hub.user("bob")
    ann.open_issue(REPO, "A bug", labels=["minion"])
    bob.commit(REPO, "topic", {"src/app.py": "one\n2\nthree\n"}, "Change")
    bob.open_pr(REPO, "topic", "main", "A change")
    return world


@pytest.mark.timeout(170)
def test_no_input_makes_the_hub_fail(used: World) -> None:
    person, token = used.hub.token_of("ann"), used.token()
    failed = []
    for route in all_routes(with_actions=False):
        if route.path == "/installation/token":
            continue
        cases = itertools.zip_longest(paths(route), queries(route), bodies(route))
        for path, query, body in cases:
            address = (path or paths(route)[0]) + (f"?{query}" if query else "")
            credential = used.jwt() if isinstance(route.access, AsApp) else token if body else person
            answer = used.call(route.method, address, credential, body or None)
            if answer.status_code >= 500 or used.hub.crashes:
                failed.append((route.method, address, body, answer.status_code, used.hub.crashes[-1:]))
                used.hub.crashes.clear()
    assert failed == []
