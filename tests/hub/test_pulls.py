"""Pull requests: merge refs, following pushes, reviews, merging."""

from __future__ import annotations

import httpx2
import pytest

from .conftest import REPO, World


def opened(world: World, branch: str = "topic", **files: str) -> dict[str, object]:
    bob = world.hub.user("bob")
    bob.commit(REPO, branch, files or {"src/app.py": "one\n2\nthree\n"}, "Change")
    return bob.open_pr(REPO, branch, "main", "A change", body="Fixes #1")


def test_a_push_synchronizes_and_the_merge_commit_follows(world: World) -> None:
    opened(world)
    bob = world.hub.user("bob")
    before = bob.pr(REPO, 1)
    sha = bob.commit(REPO, "topic", {"src/app.py": "1\n2\n3\n"}, "More")
    after = bob.pr(REPO, 1)
    assert (before["commits"], after["commits"], after["head"]["sha"]) == (1, 2, sha)
    assert world.hub.settle(10)
    event = world.listener.of("pull_request.synchronize")[0].body
    assert (event["before"], event["after"]) == (before["head"]["sha"], sha)
    assert event["pull_request"]["merge_commit_sha"] != before.get("merge_commit_sha")


def test_conflicts_are_seen_from_both_sides(world: World) -> None:
    opened(world)
    world.hub.user("ann").commit(REPO, "main", {"src/app.py": "one\nzwei\nthree\n"}, "Other")
    pull = world.hub.user("bob").pr(REPO, 1)
    assert (pull["mergeable"], pull["mergeable_state"]) == (False, "dirty")
    with pytest.raises(httpx2.HTTPStatusError, match="405"):
        world.hub.user("ann").merge(REPO, 1)


def test_required_checks_block_and_the_source_counts(world: World) -> None:
    world.hub.protect(REPO, "main", [{"context": "build", "integration_id": world.app["id"]}])
    pull = opened(world)
    sha = str(world.hub.user("bob").pr(REPO, 1)["head"]["sha"])
    world.hub.user("bob").status(REPO, sha, "success", "build")
    assert world.hub.user("bob").pr(REPO, 1)["mergeable_state"] == "blocked"
    with pytest.raises(httpx2.HTTPStatusError, match="Required status check"):
        world.hub.user("ann").merge(REPO, 1)
    run = {"name": "build", "head_sha": sha, "conclusion": "success"}
    assert world.call("POST", f"/repos/{REPO}/check-runs", world.token(), run).status_code == 201
    assert world.hub.user("bob").pr(REPO, 1)["mergeable_state"] == "clean"
    assert pull["number"] == 1


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_merging_closes_the_issue_it_names(world: World, method: str) -> None:
    world.hub.user("ann").open_issue(REPO, "A bug")
    opened(world)
    ann = world.hub.user("ann")
    sha = ann.merge(REPO, 2, method)["sha"]
    assert ann.pr(REPO, 2)["merged"] is True
    assert ann.issue(REPO, 1)["state"] == "closed"
    commit = ann.call("GET", f"/repos/{REPO}/commits/{sha}")
    assert len(commit["parents"]) == {"merge": 2, "squash": 1}[method]
    assert commit["commit"]["verification"]["verified"] is True


def test_deleting_the_branch_closes_the_pull_request(world: World) -> None:
    opened(world)
    world.hub.user("bob").delete_branch(REPO, "topic")
    assert world.hub.user("bob").pr(REPO, 1)["state"] == "closed"


def test_what_cannot_be_opened(world: World) -> None:
    opened(world)
    bob = world.hub.user("bob")
    for head, words in (("topic", "already exists"), ("main", "No commits"), ("nowhere", "Validation Failed")):
        answer = bob.request("POST", f"/repos/{REPO}/pulls", {"title": "x", "head": head, "base": "main"})
        assert answer.status_code == 422
        assert words in answer.text


def test_drafts_can_be_refused(world: World) -> None:
    world.hub.set_settings(REPO, drafts_allowed=False)
    world.hub.user("bob").commit(REPO, "topic", {"a": "b"}, "A")
    body = {"title": "x", "head": "topic", "base": "main", "draft": True}
    refused = world.call("POST", f"/repos/{REPO}/pulls", world.token(), body)
    assert (refused.status_code, "Draft" in refused.json()["message"]) == (422, True)
    assert world.call("POST", f"/repos/{REPO}/pulls", world.token(), body | {"draft": False}).status_code == 201


def test_a_fork_offers_its_branch(world: World) -> None:
    world.hub.set_collaborator(REPO, "eve", "read")
    world.hub.fork(REPO, "eve")
    eve = world.hub.user("eve")
    sha = eve.commit("eve/widgets", "idea", {"new.py": "x"}, "Idea")
    pull = eve.open_pr(REPO, "eve:idea", "main", "An idea")
    assert (pull["head"]["repo"]["full_name"], pull["head"]["sha"]) == ("eve/widgets", sha)
    assert pull["mergeable"] is True


def test_nobody_approves_their_own_work(world: World) -> None:
    opened(world)
    with pytest.raises(httpx2.HTTPStatusError, match="422"):
        world.hub.user("bob").review(REPO, 1, "APPROVE")
    assert world.hub.user("ann").review(REPO, 1, "APPROVE")["state"] == "APPROVED"


def test_whoever_only_reads_opens_no_pull_request_from_a_branch_here(world: World) -> None:
    world.hub.set_collaborator(REPO, "eve", "read")
    world.hub.user("bob").commit(REPO, "topic", {"a": "b"}, "A")
    with pytest.raises(httpx2.HTTPStatusError, match="push access"):
        world.hub.user("eve").open_pr(REPO, "topic", "main", "Mine")


def test_a_merged_pull_request_stays_closed(world: World) -> None:
    opened(world)
    world.hub.user("ann").merge(REPO, 1)
    with pytest.raises(httpx2.HTTPStatusError, match="422"):
        world.hub.user("ann").edit_issue(REPO, 1, state="open")


def test_mergeable_may_not_be_known_yet(world: World) -> None:
    opened(world)
    world.hub.knobs.mergeable_unknown = 1
    bob = world.hub.user("bob")
    assert [bob.pr(REPO, 1)["mergeable"] for _ in range(2)] == [None, True]
