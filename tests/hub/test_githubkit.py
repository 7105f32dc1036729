"""Every answer that an App reads parses with githubkit's typed models; so do the webhooks."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from githubkit import AppAuthStrategy, GitHub, TokenAuthStrategy
from githubkit.webhooks import parse

from .conftest import REPO, World

OWNER, NAME = REPO.split("/")
VERSION = "2026-03-10"


@pytest.fixture
def kit(world: World) -> GitHub[Any]:
    strategy = TokenAuthStrategy(world.token())
    return GitHub(strategy, base_url=world.hub.api_url, http_cache=False, timeout=10, auto_retry=False)


@pytest.fixture
def app_kit(world: World) -> GitHub[Any]:
    strategy = AppAuthStrategy(str(world.app["id"]), world.app["private_key"])
    return GitHub(strategy, base_url=world.hub.api_url, http_cache=False, timeout=10, auto_retry=False)


Calls = dict[str, Callable[[], Any]]


def read_all(calls: Calls) -> dict[str, Any]:
    """Each method's typed data; names the one that does not parse."""
    found = {}
    for name, call in calls.items():
        try:
            answer = call()
            found[name] = answer.parsed_data if answer.status_code != 204 else None
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error
    return found


def pull_request(world: World) -> tuple[dict[str, Any], str]:
    bob = world.hub.user("bob")
    sha = bob.commit(REPO, "fix/it", {"src/app.py": "one\n2\nthree\n"}, "Fix\n\nMinion-Task: t1")
    return bob.open_pr(REPO, "fix/it", "main", "Fix it", body="Closes #1"), sha


def test_issues_labels_comments_reactions(world: World, kit: GitHub[Any]) -> None:
    world.hub.user("ann").open_issue(REPO, "A bug", "It *breaks*", ["minion"])
    rest = kit.rest(VERSION)
    made = read_all(
        {
            "create": lambda: rest.issues.create(OWNER, NAME, title="Another", body="text", labels=["x"]),
            "comment": lambda: rest.issues.create_comment(OWNER, NAME, 1, body="hello"),
            "label": lambda: rest.issues.create_label(OWNER, NAME, name="minion-working", color="ededed"),
        }
    )
    comment = made["comment"].id
    found = read_all(
        {
            "get": lambda: rest.issues.get(OWNER, NAME, 1),
            "update": lambda: rest.issues.update(OWNER, NAME, 1, title="Changed", assignees=["bob"]),
            "list": lambda: rest.issues.list_for_repo(OWNER, NAME, state="all", labels="minion"),
            "events": lambda: rest.issues.list_events(OWNER, NAME, 1),
            "timeline": lambda: rest.issues.list_events_for_timeline(OWNER, NAME, 1),
            "add": lambda: rest.issues.add_labels(OWNER, NAME, 1, labels=["minion-working"]),
            "labels": lambda: rest.issues.list_labels_on_issue(OWNER, NAME, 1),
            "remove": lambda: rest.issues.remove_label(OWNER, NAME, 1, "minion-working"),
            "set": lambda: rest.issues.set_labels(OWNER, NAME, 1, labels=["minion", "minion-done"]),
            "repo labels": lambda: rest.issues.list_labels_for_repo(OWNER, NAME),
            "get label": lambda: rest.issues.get_label(OWNER, NAME, "minion"),
            "comments": lambda: rest.issues.list_comments(OWNER, NAME, 1),
            "get comment": lambda: rest.issues.get_comment(OWNER, NAME, comment),
            "update comment": lambda: rest.issues.update_comment(OWNER, NAME, comment, body="edited"),
            "react": lambda: rest.reactions.create_for_issue(OWNER, NAME, 1, content="eyes"),
            "react comment": lambda: rest.reactions.create_for_issue_comment(OWNER, NAME, comment, content="rocket"),
            "reactions": lambda: rest.reactions.list_for_issue(OWNER, NAME, 1),
            "delete comment": lambda: rest.issues.delete_comment(OWNER, NAME, comment),
        }
    )
    assert [one.name for one in found["set"]] == ["minion", "minion-done"]
    assert (found["events"][0].event, found["events"][0].actor.login) == ("labeled", "ann")
    assert found["get comment"].performed_via_github_app.slug == "minion"
    assert found["update comment"].body == "edited"


def test_git_data_makes_a_verified_commit_in_one_push(world: World, kit: GitHub[Any]) -> None:
    rest = kit.rest(VERSION)
    head = rest.git.get_ref(OWNER, NAME, "heads/main").parsed_data.object_.sha
    base = rest.git.get_commit(OWNER, NAME, head).parsed_data
    content = base64.b64encode(b"#!/bin/sh\n").decode()
    blob = rest.git.create_blob(OWNER, NAME, content=content, encoding="base64").parsed_data
    entries: list[Any] = [
        {"path": "bin/run", "mode": "100755", "type": "blob", "sha": blob.sha},
        {"path": "link", "mode": "120000", "type": "blob", "content": "README.md"},
        {"path": "src/app.py", "mode": "100644", "type": "blob", "sha": None},
    ]
    tree = rest.git.create_tree(OWNER, NAME, base_tree=base.tree.sha, tree=entries).parsed_data
    commit = rest.git.create_commit(OWNER, NAME, message="Do it", tree=tree.sha, parents=[head]).parsed_data
    assert (commit.verification.verified, commit.verification.reason) == (True, "valid")
    assert commit.author.name == "minion[bot]"
    made = rest.git.create_ref(OWNER, NAME, ref="refs/heads/minion/1-do", sha=commit.sha).parsed_data
    assert made.object_.sha == commit.sha
    listed = rest.git.get_tree(OWNER, NAME, commit.sha, recursive="1").parsed_data
    assert {(e.path, e.mode) for e in listed.tree if e.type == "blob"} == {
        ("README.md", "100644"),
        ("bin/run", "100755"),
        ("link", "120000"),
    }
    found = read_all(
        {
            "matching": lambda: rest.git.list_matching_refs(OWNER, NAME, "heads/minion"),
            "blob": lambda: rest.git.get_blob(OWNER, NAME, blob.sha),
            "commit": lambda: rest.repos.get_commit(OWNER, NAME, "minion/1-do"),
            "commits": lambda: rest.repos.list_commits(OWNER, NAME, sha="minion/1-do"),
            "compare": lambda: rest.repos.compare_commits(OWNER, NAME, "main...minion/1-do"),
            "branch": lambda: rest.repos.get_branch(OWNER, NAME, "minion/1-do"),
            "branches": lambda: rest.repos.list_branches(OWNER, NAME),
            "move": lambda: rest.git.update_ref(OWNER, NAME, "heads/minion/1-do", sha=commit.sha, force=False),
            "delete": lambda: rest.git.delete_ref(OWNER, NAME, "heads/minion/1-do"),
        }
    )
    assert found["compare"].ahead_by == 1
    assert {file.filename for file in found["compare"].files} == {"bin/run", "link", "src/app.py"}
    moved = [p for p in world.hub.pushes(REPO) if p["ref"] == "refs/heads/minion/1-do"]
    assert [(p["actor"], p["via"]) for p in moved] == [("minion[bot]", "api")] * 2


def test_pulls_and_reviews(world: World, kit: GitHub[Any]) -> None:
    pull, sha = pull_request(world)
    number = pull["number"]
    rest = kit.rest(VERSION)
    comments: Any = [{"path": "src/app.py", "line": 2, "body": "why?"}]
    review = rest.pulls.create_review(OWNER, NAME, number, event="COMMENT", body="see", comments=comments).parsed_data
    found = read_all(
        {
            "get": lambda: rest.pulls.get(OWNER, NAME, number),
            "list": lambda: rest.pulls.list(OWNER, NAME, head="acme:fix/it", state="open"),
            "update": lambda: rest.pulls.update(OWNER, NAME, number, body="new text"),
            "files": lambda: rest.pulls.list_files(OWNER, NAME, number),
            "commits": lambda: rest.pulls.list_commits(OWNER, NAME, number),
            "ask": lambda: rest.pulls.request_reviewers(OWNER, NAME, number, reviewers=["ann"]),
            "asked": lambda: rest.pulls.list_requested_reviewers(OWNER, NAME, number),
            "reviews": lambda: rest.pulls.list_reviews(OWNER, NAME, number),
            "review": lambda: rest.pulls.get_review(OWNER, NAME, number, review.id),
            "of review": lambda: rest.pulls.list_comments_for_review(OWNER, NAME, number, review.id),
            "comments": lambda: rest.pulls.list_review_comments(OWNER, NAME, number),
            "of commit": lambda: rest.repos.list_pull_requests_associated_with_commit(OWNER, NAME, sha),
            "issue": lambda: rest.issues.get(OWNER, NAME, number),
        }
    )
    assert found["get"].mergeable is True
    assert merge_parents(world, number) == [found["get"].base.sha, sha]
    assert [one.login for one in found["asked"].users] == ["ann"]
    first = found["comments"][0]
    assert (first.path, first.line, first.body) == ("src/app.py", 2, "why?")
    reply = rest.pulls.create_reply_for_review_comment(OWNER, NAME, number, first.id, body="because").parsed_data
    assert reply.in_reply_to_id == first.id
    assert found["issue"].pull_request is not None


def test_reviews_that_are_not_sent(world: World, kit: GitHub[Any]) -> None:
    """Their author sees them, and takes them back or sends them."""
    number = pull_request(world)[0]["number"]
    rest, ann = kit.rest(VERSION), world.hub.user("ann")
    comments = [{"path": "src/app.py", "line": 2, "body": "half a thought"}]
    pending = ann.call("POST", f"/repos/{REPO}/pulls/{number}/reviews", {"comments": comments})
    assert pending["state"] == "PENDING"
    assert len(ann.review_comments(REPO, number)) == 1
    assert rest.pulls.list_review_comments(OWNER, NAME, number).parsed_data == []
    assert rest.pulls.list_reviews(OWNER, NAME, number).parsed_data == []
    path = f"/repos/{REPO}/pulls/{number}/reviews/{pending['id']}"
    assert world.hub.user("bob").request("DELETE", path).status_code == 404
    assert ann.call("DELETE", path)["id"] == pending["id"]
    assert ann.review_comments(REPO, number) == []
    sent = ann.review(REPO, number, "COMMENT", "see", comments)
    assert ann.request("DELETE", f"/repos/{REPO}/pulls/{number}/reviews/{sent['id']}").status_code == 422


def test_a_review_comment_is_outdated_when_its_line_changes(world: World, kit: GitHub[Any]) -> None:
    number = pull_request(world)[0]["number"]
    world.hub.user("ann").review(REPO, number, "COMMENT", "", [{"path": "src/app.py", "line": 2, "body": "why?"}])
    world.hub.user("bob").commit(REPO, "fix/it", {"src/app.py": "one\nsomething else\nthree\n"}, "Otherwise")
    (comment,) = kit.rest(VERSION).pulls.list_review_comments(OWNER, NAME, number).parsed_data
    assert (comment.line, comment.position, comment.original_line) == (None, None, 2)
    (thread,) = world.hub.user("bob").threads(REPO, number)
    assert (thread["isOutdated"], thread["line"]) == (True, None)


def merge_parents(world: World, number: int) -> list[str]:
    repository = next(r for r in world.hub.core.state.repositories.values() if r.full_name == REPO)
    command = ["git", "--git-dir", str(repository.git_dir), "rev-list", "-1", "--parents", f"refs/pull/{number}/merge"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1:]


def test_checks_and_statuses(world: World, kit: GitHub[Any]) -> None:
    _, sha = pull_request(world)
    rest = kit.rest(VERSION)
    output: Any = {
        "title": "2 problems",
        "summary": "text",
        "annotations": [
            {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "no"}
        ],
    }
    run = rest.checks.create(
        OWNER, NAME, name="minion", head_sha=sha, status="in_progress", external_id="t1", output=output
    ).parsed_data
    world.hub.user("bob").status(REPO, sha, "success", "ci/old")
    found = read_all(
        {
            "done": lambda: rest.checks.update(OWNER, NAME, run.id, status="completed", conclusion="success"),
            "get": lambda: rest.checks.get(OWNER, NAME, run.id),
            "list": lambda: rest.checks.list_for_ref(OWNER, NAME, "fix/it", filter_="latest", app_id=world.app["id"]),
            "annotations": lambda: rest.checks.list_annotations(OWNER, NAME, run.id),
            "suites": lambda: rest.checks.list_suites_for_ref(OWNER, NAME, sha),
            "in suite": lambda: rest.checks.list_for_suite(OWNER, NAME, run.check_suite.id),
            "again": lambda: rest.checks.rerequest_run(OWNER, NAME, run.id),
            "statuses": lambda: rest.repos.list_commit_statuses_for_ref(OWNER, NAME, sha),
            "combined": lambda: rest.repos.get_combined_status_for_ref(OWNER, NAME, sha),
        }
    )
    assert found["list"].total_count == 1
    assert found["get"].conclusion == "success"
    assert found["annotations"][0].message == "no"
    assert found["suites"].check_suites[0].status == "completed"
    assert found["combined"].state == "success"


def test_repositories_and_accounts(world: World, kit: GitHub[Any]) -> None:
    world.hub.protect(REPO, "main", [{"context": "build", "integration_id": 15368}, {"context": "any"}])
    rest = kit.rest(VERSION)
    found = read_all(
        {
            "repo": lambda: rest.repos.get(OWNER, NAME),
            "org": lambda: rest.orgs.get("acme"),
            "user": lambda: rest.users.get_by_username("ann"),
            "permission": lambda: rest.repos.get_collaborator_permission_level(OWNER, NAME, "bob"),
            "rules": lambda: rest.repos.get_branch_rules(OWNER, NAME, "main"),
            "branch": lambda: rest.repos.get_branch(OWNER, NAME, "main"),
            "file": lambda: rest.repos.get_content(OWNER, NAME, "README.md", ref="main"),
            "folder": lambda: rest.repos.get_content(OWNER, NAME, "src"),
            "repositories": rest.apps.list_repos_accessible_to_installation,
            "dispatch": lambda: rest.repos.create_dispatch_event(OWNER, NAME, event_type="ping"),
        }
    )
    assert base64.b64decode(found["file"].content) == b"# Widgets\n"
    assert found["branch"].protected is True
    required = next(rule for rule in found["rules"] if rule.type == "required_status_checks")
    checks = required.parameters.required_status_checks
    assert (checks[0].context, checks[0].integration_id) == ("build", 15368)


def test_the_app_manages_itself(world: World, app_kit: GitHub[Any]) -> None:
    world.hub.user("ann").open_issue(REPO, "A bug")
    assert world.hub.settle(10)
    rest = app_kit.rest(VERSION)
    found = read_all(
        {
            "app": rest.apps.get_authenticated,
            "installations": rest.apps.list_installations,
            "installation": lambda: rest.apps.get_installation(world.installation),
            "of repo": lambda: rest.apps.get_repo_installation(OWNER, NAME),
            "of org": lambda: rest.apps.get_org_installation("acme"),
            "token": lambda: rest.apps.create_installation_access_token(
                world.installation, repositories=["widgets"], permissions={"contents": "read"}
            ),
            "config": rest.apps.get_webhook_config_for_app,
            "deliveries": lambda: rest.apps.list_webhook_deliveries(per_page=10),
        }
    )
    delivery = found["deliveries"][0]
    whole = rest.apps.get_webhook_delivery(delivery.id).parsed_data
    assert whole.event == delivery.event
    assert rest.apps.redeliver_webhook_delivery(delivery.id).status_code == 202
    assert rest.apps.update_webhook_config_for_app(url=world.listener.url).parsed_data.url == world.listener.url


def test_an_installation_client_of_githubkit_works(world: World, app_kit: GitHub[Any]) -> None:
    inside = app_kit.with_auth(app_kit.auth.as_installation(world.installation))
    assert inside.rest(VERSION).repos.get(OWNER, NAME).parsed_data.full_name == REPO


def test_graphql_drafts_and_threads(world: World, kit: GitHub[Any]) -> None:
    bob = world.hub.user("bob")
    bob.commit(REPO, "fix/it", {"src/app.py": "one\n2\nthree\n"}, "Fix")
    pull = bob.open_pr(REPO, "fix/it", "main", "Fix it", draft=True)
    world.hub.user("ann").review(
        REPO, pull["number"], "REQUEST_CHANGES", "no", [{"path": "src/app.py", "line": 2, "body": "hm"}]
    )
    ready = """mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) {
        pullRequest { isDraft number } } }"""
    answer = kit.graphql(ready, {"id": pull["node_id"]})
    assert answer["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False, "number": pull["number"]}
    query = """query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
        pullRequest(number: $number) { id reviewThreads(first: 50) { nodes { id isResolved
        comments(first: 10) { nodes { databaseId body path line author { login } } } } } } } }"""
    variables = {"owner": OWNER, "name": NAME, "number": pull["number"]}
    thread = kit.graphql(query, variables)["repository"]["pullRequest"]["reviewThreads"]["nodes"][0]
    assert thread["isResolved"] is False
    assert thread["comments"]["nodes"][0]["author"] == {"login": "ann"}
    reply = """mutation($t: ID!, $b: String!) { addPullRequestReviewThreadReply(
        input: {pullRequestReviewThreadId: $t, body: $b}) { comment { databaseId } } }"""
    assert kit.graphql(reply, {"t": thread["id"], "b": "done"})
    resolve = "mutation($t: ID!) { resolveReviewThread(input: {threadId: $t}) { thread { isResolved } } }"
    assert kit.graphql(resolve, {"t": thread["id"]})["resolveReviewThread"]["thread"]["isResolved"] is True
    after = kit.graphql(query, variables)["repository"]["pullRequest"]["reviewThreads"]["nodes"]
    assert [c["body"] for c in after[0]["comments"]["nodes"]] == ["hm", "done"]


def test_every_webhook_parses(world: World) -> None:
    ann, bob = world.hub.user("ann"), world.hub.user("bob")
    ann.open_issue(REPO, "A bug", "text", ["minion"])
    comment = bob.comment(REPO, 1, "/minion help")
    bob.edit_comment(REPO, comment["id"], "/minion status")
    pull, sha = pull_request(world)
    number = pull["number"]
    ann.label(REPO, number, "minion-working")
    ann.review(REPO, number, "REQUEST_CHANGES", "no", [{"path": "src/app.py", "line": 2, "body": "hm"}])
    bob.status(REPO, sha, "failure", "ci/old")
    run = {"name": "minion", "head_sha": sha, "status": "completed", "conclusion": "failure"}
    made = world.call("POST", f"/repos/{REPO}/check-runs", world.token(), run).json()
    buttons = {"actions": [{"label": "Try again", "description": "one more round", "identifier": "retry"}]}
    world.call("PATCH", f"/repos/{REPO}/check-runs/{made['id']}", world.token(), buttons)
    world.hub.press_button(REPO, made["id"], "retry", "ann")
    bob.commit(REPO, "fix/it", {"src/app.py": "1\n2\n3\n"}, "More")
    ann.merge(REPO, number)
    bob.delete_branch(REPO, "fix/it")
    world.hub.select_repositories(world.installation, [], "ann")
    world.hub.set_permissions(world.installation, {"issues": "read"}, "ann")
    assert world.hub.settle(20)
    for one in world.listener.received:
        parse(one.event, one.raw)
    assert set(world.listener.names()) >= {
        "installation.created",
        "issues.opened",
        "issues.labeled",
        "issue_comment.created",
        "issue_comment.edited",
        "push",
        "pull_request.opened",
        "pull_request.labeled",
        "pull_request.synchronize",
        "pull_request.closed",
        "pull_request_review.submitted",
        "pull_request_review_comment.created",
        "status",
        "check_suite.requested",
        "check_suite.completed",
        "check_run.created",
        "check_run.completed",
        "check_run.requested_action",
        "installation_repositories.removed",
        "installation.new_permissions_accepted",
    }
