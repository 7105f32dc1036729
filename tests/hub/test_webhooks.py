"""Deliveries: signed, in order, recorded, redelivered with the same GUID, and astray when asked to be."""

from __future__ import annotations

import hashlib
import hmac
import json

from .conftest import REPO, SECRET, World


def test_a_delivery_is_signed_and_recorded(world: World) -> None:
    world.hub.user("ann").open_issue(REPO, "A bug", labels=["minion"])
    assert world.hub.settle(10)
    one = world.listener.of("issues.labeled")[0]
    expected = hmac.new(SECRET.encode(), one.raw, hashlib.sha256).hexdigest()
    assert one.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert one.headers["x-github-hook-installation-target-id"] == str(world.app["id"])
    assert one.headers["user-agent"].startswith("GitHub-Hookshot/")
    assert one.body["label"]["name"] == "minion"
    assert one.body["sender"]["login"] == "ann"
    assert one.body["installation"]["id"] == world.installation
    listed = world.as_app("GET", "/app/hook/deliveries").json()
    mine = next(d for d in listed if d["guid"] == one.headers["x-github-delivery"])
    assert (mine["status_code"], mine["event"], mine["action"]) == (202, "issues", "labeled")


def test_order_is_kept_and_the_label_event_says_who(world: World) -> None:
    ann = world.hub.user("ann")
    ann.open_issue(REPO, "A bug")
    world.hub.user("bob").label(REPO, 1, "minion")
    ann.close_issue(REPO, 1)
    assert world.hub.settle(10)
    names = [name for name in world.listener.names() if name.startswith("issues.")]
    assert names == ["issues.opened", "issues.labeled", "issues.closed"]
    events = ann.call("GET", f"/repos/{REPO}/issues/1/events")
    assert [(e["event"], e["actor"]["login"]) for e in events] == [("labeled", "bob"), ("closed", "ann")]


def test_a_failed_delivery_is_not_tried_again_until_asked(world: World) -> None:
    world.listener.status = 503
    world.hub.user("ann").open_issue(REPO, "A bug")
    assert world.hub.settle(10)
    failed = world.as_app("GET", "/app/hook/deliveries?status=failure").json()
    opened = next(d for d in failed if d["event"] == "issues")
    assert len(world.listener.of("issues.opened")) == 1
    world.listener.status = 202
    assert world.as_app("POST", f"/app/hook/deliveries/{opened['id']}/attempts").status_code == 202
    assert world.hub.settle(10)
    guids = {one.headers["x-github-delivery"] for one in world.listener.of("issues.opened")}
    assert (len(world.listener.of("issues.opened")), guids) == (2, {opened["guid"]})
    newest = world.as_app("GET", "/app/hook/deliveries").json()[0]
    assert (newest["redelivery"], newest["status_code"]) == (True, 202)


def test_deliveries_are_paged_by_cursor(world: World) -> None:
    for number in range(4):
        world.hub.user("ann").open_issue(REPO, f"Issue {number}")
    assert world.hub.settle(10)
    first = world.as_app("GET", "/app/hook/deliveries?per_page=2")
    following = first.links["next"]["url"].partition("/api/v3")[2]
    second = world.as_app("GET", following).json()
    assert {d["id"] for d in first.json()}.isdisjoint({d["id"] for d in second})


def test_an_unreachable_receiver_is_a_failure(world: World) -> None:
    world.hub.set_webhook("minion", "http://127.0.0.1:9/hook")
    world.hub.user("ann").open_issue(REPO, "A bug")
    assert world.hub.settle(10)
    newest = world.as_app("GET", "/app/hook/deliveries").json()[0]
    assert (newest["status_code"], newest["status"]) == (502, "failed to connect to host")


def test_only_what_is_subscribed_permitted_and_not_suspended_is_heard(world: World) -> None:
    world.hub.set_permissions(world.installation, {"pull_requests": "read"}, "ann")
    world.hub.user("ann").open_issue(REPO, "Unheard: no issues permission")
    world.hub.suspend(world.installation, "ann")
    world.hub.user("ann").comment(REPO, 1, "Unheard: suspended")
    assert world.hub.settle(10)
    heard = [n for n in world.listener.names() if not n.startswith("installation")]
    assert heard == []
    assert world.listener.names()[-1] == "installation.suspend"


def test_lost_doubled_and_reordered(world: World) -> None:
    knobs = world.hub.knobs.deliveries
    knobs.event, knobs.lose = "issues", 1
    ann = world.hub.user("ann")
    ann.open_issue(REPO, "Lost")
    knobs.duplicate = 1
    ann.open_issue(REPO, "Doubled")
    knobs.hold = 2
    ann.open_issue(REPO, "Second")
    ann.open_issue(REPO, "First")
    knobs.vanish = 1
    ann.open_issue(REPO, "Vanished")
    assert world.hub.settle(10)
    titles = [one.body["issue"]["title"] for one in world.listener.of("issues.opened")]
    assert titles == ["Doubled", "Doubled", "First", "Second"]
    failed = world.as_app("GET", "/app/hook/deliveries?status=failure").json()
    assert len(failed) == 1
    world.as_app("POST", f"/app/hook/deliveries/{failed[0]['id']}/attempts")
    assert world.hub.settle(10)
    assert json.loads(world.listener.received[-1].raw)["issue"]["title"] == "Lost"


def test_check_suite_requests_go_to_their_app_alone(world: World) -> None:
    other = {"slug": "other", "owner": "acme", "webhook_url": world.listener.url, "webhook_secret": "x"}
    world.hub.create_app(other | {"permissions": {"checks": "write"}, "events": ["check_suite", "check_run"]})
    world.hub.install("other", "acme")
    world.hub.user("bob").commit(REPO, "topic", {"a": "b"}, "A")
    assert world.hub.settle(10)
    asked = [one.body["check_suite"]["app"]["slug"] for one in world.listener.of("check_suite.requested")]
    assert sorted(asked) == ["minion", "other"]
