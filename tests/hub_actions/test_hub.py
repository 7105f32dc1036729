"""Actions on the whole hub, over HTTP: checkout, REST, OIDC, webhook shapes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from githubkit import GitHub, TokenAuthStrategy
from githubkit.webhooks import parse_obj

from minion.hub.actions.service import Actions
from minion.hub.client import HubClient
from minion.hub.server import Hub, HubOptions

REPO = "acme/app"
VERSION = "2026-03-10"
CI = """
name: CI
on:
  push:
    branches: [main]
  pull_request:
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
        with: {persist-credentials: false}
      - run: |
          cat greeting.txt
          git cat-file -p HEAD | sed -n /^parent/p
          git config --get-regexp extraheader || echo "no credential kept"
          echo "ref=$GITHUB_REF head=$GITHUB_HEAD_REF base=$GITHUB_BASE_REF"
"""
TOOL = """
name: Tool
run-name: Tool for ${{ inputs.who }}
on:
  workflow_dispatch:
    inputs:
      who: {required: true}
      loud: {type: boolean, default: false}
      level: {type: choice, options: [low, high], default: low}
permissions:
  id-token: write
  contents: read
  issues: write
jobs:
  go:
    runs-on: ubuntu-latest
    environment: minion
    steps:
      - uses: actions/checkout@v5
      - run: |
          echo "who=$WHO loud=${{ inputs.loud && 'yes' || 'no' }} level=${{ github.event.inputs.level }}"
          curl -sS -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=https://app.example" > id.json
          curl -sS -o /dev/null -w 'comment=%{http_code}\\n' -X POST -H "Authorization: Bearer $TOKEN" \\
            -d '{"body":"from a job"}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/1/comments"
          curl -sS -o /dev/null -w 'ref=%{http_code}\\n' -X POST -H "Authorization: Bearer $TOKEN" \\
            -d "{\\"ref\\":\\"refs/heads/x\\",\\"sha\\":\\"$GITHUB_SHA\\"}" \\
            "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/git/refs"
          cp id.json "$RUNNER_TEMP/id.json"
        env:
          WHO: ${{ inputs.who }}
          TOKEN: ${{ github.token }}
      - uses: actions/upload-artifact@v4
        with: {name: id, path: id.json}
"""
CHAIN = """
on:
  workflow_run:
    workflows: [Tool]
    types: [completed]
jobs:
  told:
    runs-on: ubuntu-latest
    steps:
      - run: echo "after ${{ github.event.workflow_run.conclusion }}"
"""
SLOW = "on: workflow_dispatch\njobs:\n  s:\n    runs-on: ubuntu-latest\n    steps:\n      - run: sleep 300\n"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(HubOptions(tmp_path / "hub")) as running:
        running.create_user("ann")
        running.create_org("acme", owners=["ann"])
        source = tmp_path / "source"
        files = {"ci.yml": CI, "tool.yml": TOOL, "chain.yml": CHAIN, "slow.yml": SLOW}
        (source / ".github" / "workflows").mkdir(parents=True)
        for name, text in files.items():
            (source / ".github" / "workflows" / name).write_text(text)
        (source / "greeting.txt").write_text("hello from main\n")
        running.create_repository(REPO, source, "ann")
        assert running.settle()
        yield running
        assert running.settle()
        assert service(running).errors == []
        assert running.unknown_requests == []


def service(hub: Hub) -> Actions:
    assert isinstance(hub.core.actions, Actions)
    return hub.core.actions


@pytest.fixture
def ann(hub: Hub) -> Iterator[HubClient]:
    with hub.user("ann") as client:
        yield client


@pytest.fixture
def github(hub: Hub) -> GitHub[TokenAuthStrategy]:
    return GitHub(hub.token_of("ann"), base_url=hub.api_url, http_cache=False, auto_retry=False)


def runs(ann: HubClient, **filters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ann.call("GET", f"/repos/{REPO}/actions/runs", params=filters)["workflow_runs"]
    return found


def job_log(ann: HubClient, run_id: int, name: str) -> str:
    jobs = ann.call("GET", f"/repos/{REPO}/actions/runs/{run_id}/jobs")["jobs"]
    found = next(job for job in jobs if job["name"] == name)
    answer = ann.request("GET", f"/repos/{REPO}/actions/jobs/{found['id']}/logs")
    assert answer.status_code == 302
    return httpx2.get(answer.headers["location"]).raise_for_status().text


def dispatch(ann: HubClient, name: str, **body: Any) -> httpx2.Response:
    return ann.request("POST", f"/repos/{REPO}/actions/workflows/{name}/dispatches", {"ref": "main", **body})


def test_a_push_runs_on_its_commit_and_a_pull_request_on_the_merge(hub: Hub, ann: HubClient) -> None:
    (pushed,) = runs(ann)
    assert (pushed["event"], pushed["conclusion"]) == ("push", "success"), job_log(ann, pushed["id"], "test")
    assert "hello from main" in job_log(ann, pushed["id"], "test")
    assert "no credential kept" in job_log(ann, pushed["id"], "test")
    head = ann.commit(REPO, "topic", {"greeting.txt": "hello from topic\n"}, "Change the greeting")
    pull = ann.open_pr(REPO, "topic", "main", "A greeting")
    assert hub.settle()
    (run,) = runs(ann, event="pull_request")
    assert (run["head_sha"], run["head_branch"], run["conclusion"]) == (head, "topic", "success")
    assert run["pull_requests"][0]["number"] == pull["number"]
    text = job_log(ann, run["id"], "test")
    assert "hello from topic" in text
    assert f"parent {pushed['head_sha']}" in text
    assert f"parent {head}" in text
    assert f"ref=refs/pull/{pull['number']}/merge head=topic base=main" in text
    checks = ann.check_runs(REPO, head)
    assert [(check["name"], check["conclusion"]) for check in checks] == [("test", "success")]


def test_a_dispatch_with_inputs_and_an_id_token(hub: Hub, ann: HubClient) -> None:
    ann.open_issue(REPO, "An issue")
    answer = dispatch(ann, "tool.yml", inputs={"who": "Bob", "loud": "true"})
    assert answer.status_code == 200
    number = answer.json()["workflow_run_id"]
    assert hub.settle()
    run = ann.call("GET", f"/repos/{REPO}/actions/runs/{number}")
    text = job_log(ann, number, "go")
    assert (run["conclusion"], run["display_title"]) == ("success", "Tool for Bob"), text
    assert "who=Bob loud=yes level=low" in text
    assert "comment=201" in text
    assert "ref=403" in text
    claims = id_token_claims(hub, ann, number)
    assert claims["sub"] == f"repo:{REPO}:environment:minion"
    assert claims["run_id"] == str(number)
    assert claims["event_name"] == "workflow_dispatch"
    assert claims["job_workflow_ref"] == f"{REPO}/.github/workflows/tool.yml@refs/heads/main"
    assert claims["repository_id"] == str(run["repository"]["id"])
    assert claims["exp"] - claims["iat"] == 300
    chained = runs(ann, event="workflow_run")
    assert [one["conclusion"] for one in chained] == ["success"]
    assert "after success" in job_log(ann, chained[0]["id"], "told")


def id_token_claims(hub: Hub, ann: HubClient, run_id: int) -> dict[str, Any]:
    """Verified as a relying party does it: discovery, keys, RS256."""
    (artifact,) = ann.call("GET", f"/repos/{REPO}/actions/runs/{run_id}/artifacts")["artifacts"]
    link = ann.request("GET", f"/repos/{REPO}/actions/artifacts/{artifact['id']}/zip").headers["location"]
    with zipfile.ZipFile(io.BytesIO(httpx2.get(link).content)) as archive:
        token = json.loads(archive.read("id.json"))["value"]
    issuer = f"{hub.url}/_services/token"
    found = httpx2.get(f"{issuer}/.well-known/openid-configuration").json()
    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience="https://app.example", issuer=found["issuer"]
    )
    return claims


@pytest.mark.parametrize(("body", "status"), [({}, 204), ({"return_run_details": True}, 200)])
def test_the_older_api_version_tells_the_run_only_when_asked(hub: Hub, body: dict[str, bool], status: int) -> None:
    headers = {"Authorization": f"Bearer {hub.token_of('ann')}", "X-GitHub-Api-Version": "2022-11-28"}
    url = f"{hub.api_url}/repos/{REPO}/actions/workflows/tool.yml/dispatches"
    answer = httpx2.post(url, json={"ref": "main", "inputs": {"who": "x"}, **body}, headers=headers)
    assert answer.status_code == status
    assert ("workflow_run_id" in answer.text) is (status == 200)


def test_the_token_door_is_shut_without_the_jobs_own_token(hub: Hub) -> None:
    url = f"{hub.url}/_services/token/7000000001/1/idtoken?api-version=2.0"
    assert httpx2.get(url).status_code == 401
    assert httpx2.get(url, headers={"Authorization": "bearer nope"}).status_code == 401


@pytest.mark.parametrize(
    ("name", "body", "status", "message"),
    [
        ("tool.yml", {"inputs": {}}, 422, "Required input 'who' not provided"),
        ("tool.yml", {"inputs": {"who": "a", "x": "y"}}, 422, 'Unexpected inputs provided: ["x"]'),
        ("tool.yml", {"inputs": {"who": "a", "level": "mid"}}, 422, "not in the list of allowed values"),
        ("tool.yml", {"inputs": {"who": "a", "loud": "maybe"}}, 422, "is not a boolean"),
        ("tool.yml", {"inputs": {"who": "a" * 66000}}, 422, "too large"),
        ("tool.yml", {"ref": "nowhere", "inputs": {"who": "a"}}, 422, "No ref found for: nowhere"),
        ("ci.yml", {}, 422, "Workflow does not have 'workflow_dispatch' trigger"),
        ("none.yml", {}, 404, "Not Found"),
    ],
)
def test_dispatches_that_are_refused(ann: HubClient, name: str, body: Any, status: int, message: str) -> None:
    answer = dispatch(ann, name, **body)
    assert answer.status_code == status
    assert message in answer.json()["message"]


def test_cancelling_rerunning_and_attempts(hub: Hub, ann: HubClient, wait_for: Any) -> None:
    assert dispatch(ann, "slow.yml").status_code == 200
    (run,) = runs(ann, event="workflow_dispatch")
    path = f"/repos/{REPO}/actions/runs/{run['id']}"
    wait_for(lambda: ann.call("GET", path)["status"] == "in_progress")
    assert ann.request("POST", f"{path}/rerun").status_code == 403
    assert ann.request("POST", f"{path}/cancel").status_code == 202
    assert hub.settle()
    assert ann.call("GET", path)["conclusion"] == "cancelled"
    assert ann.request("POST", f"{path}/cancel").status_code == 409
    assert ann.request("POST", f"{path}/rerun").status_code == 201
    wait_for(lambda: ann.call("GET", path)["status"] == "in_progress")
    assert ann.request("POST", f"{path}/force-cancel").status_code == 202
    assert hub.settle()
    assert ann.call("GET", path)["run_attempt"] == 2
    assert ann.call("GET", f"{path}/attempts/1")["conclusion"] == "cancelled"
    assert len(ann.call("GET", f"{path}/jobs", params={"filter": "all"})["jobs"]) == 2
    assert [job["run_attempt"] for job in ann.call("GET", f"{path}/jobs")["jobs"]] == [2]
    archive = httpx2.get(ann.request("GET", f"{path}/logs").headers["location"]).content
    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert "0_s.txt" in names
    assert "s/1_Set up job.txt" in names


def test_answers_parse_with_the_typed_client(hub: Hub, github: GitHub[TokenAuthStrategy]) -> None:
    rest = github.rest(VERSION).actions
    listed = rest.list_workflow_runs_for_repo("acme", "app").parsed_data
    run = listed.workflow_runs[0]
    assert rest.get_workflow_run("acme", "app", run.id).parsed_data.head_sha == run.head_sha
    assert rest.get_workflow_run_attempt("acme", "app", run.id, 1).parsed_data.run_attempt == 1
    jobs = rest.list_jobs_for_workflow_run("acme", "app", run.id).parsed_data.jobs
    assert rest.get_job_for_workflow_run("acme", "app", jobs[0].id).parsed_data.name == "test"
    assert len(rest.list_jobs_for_workflow_run_attempt("acme", "app", run.id, 1).parsed_data.jobs) == 1
    workflows = rest.list_repo_workflows("acme", "app").parsed_data.workflows
    assert {workflow.name for workflow in workflows} == {
        "CI",
        "Tool",
        ".github/workflows/chain.yml",
        ".github/workflows/slow.yml",
    }
    assert rest.get_workflow("acme", "app", "tool.yml").parsed_data.name == "Tool"
    assert rest.list_workflow_runs("acme", "app", "ci.yml", status="success").parsed_data.total_count == 1
    assert rest.list_workflow_runs_for_repo("acme", "app", created=">=2020-01-01").parsed_data.total_count == 1
    assert rest.list_workflow_runs_for_repo("acme", "app", created="<2020-01-01").parsed_data.total_count == 0
    made = rest.create_workflow_dispatch("acme", "app", "tool.yml", ref="main", inputs={"who": "kit"}).parsed_data
    assert made.html_url == f"{hub.url}/acme/app/actions/runs/{made.workflow_run_id}"
    assert hub.settle()
    artifact = rest.list_workflow_run_artifacts("acme", "app", made.workflow_run_id).parsed_data.artifacts[0]
    assert rest.get_artifact("acme", "app", artifact.id).parsed_data.name == "id"
    hub.set_secret(REPO, "KEY", "v")
    hub.set_variable(REPO, "PLACE", "cave")
    assert [secret.name for secret in rest.list_repo_secrets("acme", "app").parsed_data.secrets] == ["KEY"]
    assert rest.list_repo_variables("acme", "app").parsed_data.variables[0].value == "cave"
    assert rest.get_github_actions_permissions_repository("acme", "app").parsed_data.enabled is True
    logs = rest.download_job_logs_for_workflow_run("acme", "app", jobs[0].id)
    assert "hello from main" in logs.text


def test_a_broken_file_shows_as_a_startup_failure(hub: Hub, ann: HubClient) -> None:
    ann.commit(REPO, "main", {".github/workflows/bad.yml": "on: push\njobs:\n  a:\n    nope: 1\n"}, "Break it")
    assert hub.settle()
    (run,) = runs(ann, status="startup_failure")
    assert run["name"] == ".github/workflows/bad.yml"
    record = service(hub).ledger.run(run["id"])
    assert record is not None
    assert record.problem == ".github/workflows/bad.yml:4: Unexpected value 'nope' in jobs.a"


def test_knobs(hub: Hub, ann: HubClient) -> None:
    actions = service(hub)
    with pytest.raises(ValueError, match="unknown knob"):
        actions.set_knobs({"nonsense": True})
    actions.set_knobs({"runs_never_start": True})
    ann.commit(REPO, "main", {"a": "1"}, "One")
    assert not hub.settle(0.5)
    assert [run["status"] for run in runs(ann, status="queued")] == ["queued"]
    actions.set_knobs({"runs_never_start": False})
    assert hub.settle()
    assert runs(ann, status="queued") == []
    actions.set_knobs({"action_required": True})
    ann.commit(REPO, "main", {"a": "2"}, "Two")
    assert hub.settle()
    (stuck,) = runs(ann, status="action_required")
    path = f"/repos/{REPO}/actions/runs/{stuck['id']}"
    assert ann.call("GET", f"{path}/jobs")["total_count"] == 0
    assert ann.request("POST", f"{path}/approve").status_code == 201
    assert hub.settle()
    assert ann.call("GET", path)["conclusion"] == "success"
    assert ann.request("POST", f"{path}/approve").status_code == 403
    actions.set_knobs({"action_required": False, "actions_disabled": True})
    ann.commit(REPO, "main", {"a": "3"}, "Three")
    assert hub.settle()
    assert len(runs(ann)) == 3
    assert dispatch(ann, "slow.yml").status_code == 422


def test_webhooks_parse_with_the_typed_client(hub: Hub, ann: HubClient) -> None:
    events = ["workflow_run", "workflow_job", "check_run", "check_suite"]
    permissions = {"actions": "write", "checks": "read", "metadata": "read"}
    app = {"slug": "listener", "name": "Listener", "owner": "acme", "permissions": permissions, "events": events}
    hub.create_app({**app, "webhook_url": "http://127.0.0.1:9/webhook", "webhook_secret": "s"})
    hub.install("listener", "acme", by="ann")
    ann.commit(REPO, "main", {"a": "1"}, "Tell it")
    assert hub.settle()
    sent = [(each.event, each.payload) for each in hub.core.state.deliveries.values() if each.event in events]
    seen = set()
    for event, payload in sent:
        parsed = parse_obj(event, json.loads(json.dumps(payload)))
        seen.add((event, parsed.action))
    assert seen >= {
        ("workflow_run", "requested"),
        ("workflow_run", "in_progress"),
        ("workflow_run", "completed"),
        ("workflow_job", "queued"),
        ("workflow_job", "in_progress"),
        ("workflow_job", "completed"),
        ("check_run", "created"),
        ("check_run", "completed"),
        ("check_suite", "completed"),
    }


PUSHER = """
on: workflow_dispatch
permissions:
  contents: write
jobs:
  push:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: {fetch-depth: 0}
      - run: |
          git -c user.name=Bot -c user.email=bot@example.com commit -q --allow-empty -m "From a job"
          git push -q origin HEAD:main
          echo "history=$(git rev-list --count HEAD)"
      - uses: actions/checkout@v5
        with: {ref: side, path: sub/side, persist-credentials: false}
      - uses: actions/checkout@v5
        with: {repository: acme/other, path: other}
      - run: cat sub/side/greeting.txt other/file.txt; git -C other log -1 --format=%D
"""


def test_checkout_with_credentials_paths_and_other_repositories(hub: Hub, ann: HubClient, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file.txt").write_text("of the other\n")
    hub.create_repository("acme/other", other, "ann")
    ann.commit(REPO, "side", {"greeting.txt": "hello from side\n"}, "A side")
    ann.commit(REPO, "main", {".github/workflows/pusher.yml": PUSHER}, "A workflow that pushes")
    assert hub.settle()
    before = len(runs(ann, event="push"))
    number = dispatch(ann, "pusher.yml").json()["workflow_run_id"]
    assert hub.settle()
    text = job_log(ann, number, "push")
    assert ann.call("GET", f"/repos/{REPO}/actions/runs/{number}")["conclusion"] == "success", text
    assert "hello from side\n" in text
    assert "of the other\n" in text
    assert "HEAD -> main, origin/main" in text
    assert "history=3" in text
    assert hub.pushes(REPO)[-1]["actor"] == "github-actions[bot]"
    assert len(runs(ann, event="push")) == before, "a push with the job's token starts no workflow"
    steps = ann.call("GET", f"/repos/{REPO}/actions/runs/{number}/jobs")["jobs"][0]["steps"]
    assert [step["name"] for step in steps][-3:] == [
        "Post Run actions/checkout",
        "Post Run actions/checkout",
        "Complete job",
    ]
