"""Claims, heartbeats and results over real HTTP, with a real OIDC issuer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from minion.blueprint.state import NodeResult
from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.ids import CommitSha
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.engines import restored

from .conftest import App


def offered(app: App, **changes: Any) -> Task:
    task = app.new_task(**changes)
    now = datetime.now(UTC)
    app.store.leases.offer(task, 1, "n1", now, now + timedelta(minutes=10))
    return task


def claim(app: App, token: str, nonce: str = "n1") -> Any:
    return app.client.post("/api/v1/claim", json={"oidc_token": token, "nonce": nonce, "minion_version": "1"})


def a_result(task: Task, fence: int = 1, **changes: Any) -> dict[str, Any]:
    going_on = restored(task)
    assert isinstance(going_on, tuple)
    engine, state = going_on
    after = engine.apply(state, NodeResult(outcome="ok"))
    change_set = ChangeSet(base_sha=CommitSha("b" * 40), files=(ChangedFile.of("a.py", b"x = 1\n"),))
    return {
        "fence": fence,
        "state": after.model_dump(mode="json"),
        "change_set": change_set.model_dump(mode="json"),
        "digest": change_set.digest(),
        "sandbox": "bubblewrap",
        "summary": "did it",
    } | changes


def test_a_claim_gives_the_round(app: App) -> None:
    task = offered(app)
    answer = claim(app, app.issuer.token())
    assert answer.status_code == 200
    grant = answer.json()
    assert (grant["task_id"], grant["fence"], grant["clone_token"]) == (task.id, 1, "ghs_read_only")
    assert grant["clone_url"] == "https://github.com/acme/shop.git"
    assert Decimal(grant["usd_left"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://other.example"},
        {"iss": "https://other.example"},
        {"repository_id": "78"},
        {"repository_owner_id": "8"},
        {"event_name": "push"},
        {"job_workflow_ref": "acme/minion-runner/.github/workflows/evil.yml@refs/heads/main"},
        {"job_workflow_ref": "acme/minion-runner/.github/workflows/minion.yml@refs/heads/evil"},
        {"run_attempt": "2"},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"nbf": datetime(2100, 1, 1, tzinfo=UTC)},
        {"run_id": "x"},
    ],
)
def test_a_claim_of_another_run_is_refused(app: App, change: dict[str, Any]) -> None:
    offered(app)
    answer = claim(app, app.issuer.token(**change))
    assert answer.status_code == 409
    assert answer.json()["reason"]
    assert app.store.leases.current(app.store.leases.by_nonce("n1").task_id).run_id is None  # type: ignore[union-attr,arg-type]


def test_another_key_or_algorithm_is_refused(app: App) -> None:
    offered(app)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert claim(app, app.issuer.token(key=stranger)).status_code == 409
    assert claim(app, app.issuer.token(key="x" * 64, algorithm="HS256")).status_code == 409
    assert claim(app, "e30.e30.").status_code == 409


def test_a_token_is_used_once_and_a_lease_held_once(app: App) -> None:
    offered(app)
    token = app.issuer.token()
    grant = claim(app, token).json()
    assert claim(app, token).status_code == 200, "its first answer may have been lost"
    bearer = {"Authorization": f"Bearer {grant['run_token']}"}
    path = f"/api/v1/rounds/{grant['task_id']}/events"
    assert app.client.post(path, json={"fence": 1}, headers=bearer).status_code == 200
    assert claim(app, token).json()["reason"] == "this OIDC token was used before"
    assert claim(app, app.issuer.token(run_id="1001")).json()["reason"] == "run 1000 holds the round"
    assert claim(app, app.issuer.token()).status_code == 200, "its first answer may have been lost"


def test_an_ended_task_and_a_strange_nonce_give_nothing(app: App) -> None:
    offered(app, status=TaskStatus.CANCELLED)
    assert "cancelled" in claim(app, app.issuer.token()).json()["reason"]
    assert claim(app, app.issuer.token(), "n9").status_code == 409
    strange = claim(app, "e30.e30.", "n9")
    assert strange.json()["reason"] == "no round was offered under this nonce", "and no issuer was asked for keys"


def test_heartbeats_keep_the_lease_and_carry_the_trace_and_the_cancellation(app: App) -> None:
    task = app.new_task()
    bearer = {"Authorization": f"Bearer {app.lease(task)}"}
    event = {"seq": 1, "at": "2026-01-05T12:00:00Z", "kind": "agent.text", "text": "hello"}
    path = f"/api/v1/rounds/{task.id}/events"
    for _ in range(2):
        answer = app.client.post(path, json={"fence": 1, "events": [event]}, headers=bearer)
        assert answer.json() == {"cancel": None, "lease_s": 180.0}
    assert [found.text for _, _, found in app.store.trace.read(task.id)] == ["hello"]
    stopped = task.model_copy(update={"status": TaskStatus.CANCELLED, "reason": "stopped by @ann"})
    assert app.store.tasks.save(stopped)
    answer = app.client.post(path, json={"fence": 1}, headers=bearer)
    assert answer.json()["cancel"] == "the task is cancelled: stopped by @ann"


def test_a_token_of_another_task_or_fence_is_refused(app: App) -> None:
    task, other = app.new_task(), app.new_task(number=6)
    bearer = {"Authorization": f"Bearer {app.lease(task)}"}
    assert app.client.post(f"/api/v1/rounds/{other.id}/events", json={"fence": 1}, headers=bearer).status_code == 401
    assert app.client.post(f"/api/v1/rounds/{task.id}/events", json={"fence": 2}, headers=bearer).status_code == 409
    assert app.client.post(f"/api/v1/rounds/{task.id}/events", json={"fence": 1}).status_code == 401
    strange = {"Authorization": bearer["Authorization"] + "x"}
    assert app.client.post(f"/api/v1/rounds/{task.id}/events", json={"fence": 1}, headers=strange).status_code == 401


def test_a_result_is_taken_once_and_wakes_the_task(app: App) -> None:
    task = app.new_task()
    bearer = {"Authorization": f"Bearer {app.lease(task)}"}
    path = f"/api/v1/rounds/{task.id}/result"
    first = app.client.post(path, json=a_result(task), headers=bearer)
    again = app.client.post(path, json=a_result(task), headers=bearer)
    assert (first.status_code, first.json()["accepted"]) == (200, True)
    assert (again.status_code, again.json()) == (200, {"accepted": True, "reason": "known already"})
    saved = app.store.tasks.get(task.id)
    assert saved is not None
    assert (saved.status, saved.version, saved.summary) == (TaskStatus.PUBLISHING, 1, "did it")
    assert app.woken.tasks == [task.id]


def test_of_a_receipt_no_more_is_kept_than_people_read(app: App) -> None:
    task = app.new_task()
    bearer = {"Authorization": f"Bearer {app.lease(task)}"}
    spent_on = {f"{number} {'x' * 500}": {"usd": "0.01"} for number in range(500)}
    line = {"round": 9, "node": "n" * 500, "outcome": "ok", "model": "m" * 500, "usd": "5", "spent_on": spent_on}
    told = a_result(task, receipt=[line, *[line | {"spent_on": {}}] * 299])
    assert app.client.post(f"/api/v1/rounds/{task.id}/result", json=told, headers=bearer).json()["accepted"]
    saved = app.store.tasks.get(task.id)
    assert saved is not None
    [kept, *others] = saved.receipt.lines
    assert len(others) == 199
    assert (kept.round, len(kept.node), len(kept.model or ""), kept.usd) == (1, 100, 100, 5)
    assert {len(purpose) for purpose in kept.spent_on} == {100}
    assert len(kept.spent_on) == 60


def test_a_result_that_does_not_hold_water_is_refused(app: App) -> None:
    task = app.new_task()
    bearer = {"Authorization": f"Bearer {app.lease(task)}"}
    path = f"/api/v1/rounds/{task.id}/result"
    state = a_result(task)["state"]
    forged_place = {**state, "frames": [{**state["frames"][0], "node": "done"}]}
    forged_push = {**state, "spent": {**state["spent"], "pushes": 0, "usd": "-1"}}
    elsewhere = ChangeSet(base_sha=CommitSha("c" * 40))
    for change in (
        {"digest": "0" * 64},
        {"state": forged_place},
        {"state": forged_push},
        {"state": {}},
        {"change_set": elsewhere.model_dump(mode="json"), "digest": elsewhere.digest()},
    ):
        answer = app.client.post(path, json=a_result(task, **change), headers=bearer)
        assert answer.status_code == 409, change
        assert answer.json()["accepted"] is False
    assert app.client.post(path, json={"fence": 1}, headers=bearer).status_code == 422
    assert app.client.post(path, content=b"x" * (20 * 1024 * 1024 + 1), headers=bearer).status_code == 413
    saved = app.store.tasks.get(task.id)
    assert saved is not None
    assert saved.version == 0


def test_a_result_of_a_lost_lease_is_refused(app: App) -> None:
    task = app.new_task()
    bearer = {"Authorization": f"Bearer {app.lease(task)}"}
    app.lease(task, "n2")
    answer = app.client.post(f"/api/v1/rounds/{task.id}/result", json=a_result(task), headers=bearer)
    assert (answer.status_code, answer.json()["accepted"]) == (409, False)
