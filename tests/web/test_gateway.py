"""The model gateway against a real endpoint that streams."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from minion.domain.task import TaskStatus

from .conftest import MODEL, App

CALL: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 1000,
    "stream": True,
    "messages": [{"role": "user", "content": "hi"}],
}
BY_URL = {"type": "image", "source": {"type": "url", "url": "https://evil.example/a.png"}}
START = {"type": "message_start", "message": {"usage": {"input_tokens": 1000, "output_tokens": 1}}}
TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 300}}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 500}}
STOP = {"type": "message_stop"}


def post(app: App, token: str, call: dict[str, Any], **headers: str) -> httpx2.Response:
    return app.client.post("/model/v1/messages", json=call, headers={"x-api-key": token} | headers)


def test_bytes_pass_unchanged_and_the_key_is_the_operators(app: App) -> None:
    task = app.new_task()
    token = app.lease(task)
    app.endpoint.stream(START, TEXT, END, STOP)
    answer = post(app, token, CALL, cookie="a=b", **{"anthropic-version": "2023-06-01", "x-evil": "1"})
    assert answer.content == b"".join(app.endpoint.chunks)
    assert answer.headers["request-id"] == "req_1"
    path, headers, body = app.endpoint.requests[0]
    assert (path, json.loads(body)) == ("/v1/messages", CALL)
    assert headers["x-api-key"] == "operator-key"
    assert token not in str(headers)
    assert not {"cookie", "x-evil", "authorization"} & headers.keys()


def test_what_was_used_is_spent(app: App, until: Callable[..., None]) -> None:
    task = app.new_task()
    app.endpoint.stream(START, TEXT, END, STOP)
    post(app, app.lease(task), CALL)
    until(lambda: app.store.spend.spent(task.id) == Decimal("0.007"))  # 1000 in at $2 and 500 out at $10 a million


def test_a_whole_answer_is_metered_with_its_compaction(app: App, until: Callable[..., None]) -> None:
    task = app.new_task()
    usage = {
        "input_tokens": 1000,
        "output_tokens": 500,
        "iterations": [{"type": "compaction", "input_tokens": 500, "output_tokens": 100}, {"type": "message"}],
    }
    app.endpoint.answer(200, {"type": "message", "usage": usage})
    assert post(app, app.lease(task), {**CALL, "stream": False}).status_code == 200
    until(lambda: app.store.spend.spent(task.id) == Decimal("0.009"))


def test_a_client_that_hangs_up_is_metered(app: App, until: Callable[..., None]) -> None:
    task = app.new_task()
    token = app.lease(task)
    app.endpoint.stream(START, *[TEXT] * 200, END, STOP)
    app.endpoint.pause_s = 0.02
    with app.client.stream("POST", "/model/v1/messages", json=CALL, headers={"x-api-key": token}) as answer:
        next(answer.iter_raw())
    until(lambda: app.store.spend.spent(task.id) < Decimal("0.01"))  # the reservation was more
    assert app.store.spend.spent(task.id) >= Decimal("0.002")
    assert app.endpoint.closed.wait(10), "the endpoint went on answering nobody"


def test_a_call_beyond_the_budget_is_refused_before_it_is_made(app: App) -> None:
    task = app.new_task()
    answer = post(app, app.lease(task), {**CALL, "max_tokens": 200_000})
    assert answer.status_code == 402
    assert answer.json()["error"]["type"] == "budget_exhausted"
    assert app.endpoint.requests == []
    assert app.store.spend.spent(task.id) == 0


def test_calls_made_at_once_share_the_budget(app: App) -> None:
    task = app.new_task()
    token = app.lease(task)
    app.endpoint.stream(START, TEXT, END, STOP)
    app.endpoint.pause_s = 0.2
    call = {**CALL, "max_tokens": 40_000}  # $0.40 each of $1
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(post(app, token, call).status_code)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 200, 402, 402]


def test_errors_of_the_endpoint_pass_with_retry_after_and_cost_nothing(app: App, until: Callable[..., None]) -> None:
    task = app.new_task()
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    app.endpoint.answer(529, error, **{"retry-after": "7"})
    answer = post(app, app.lease(task), CALL)
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (529, error, "7")
    until(lambda: app.store.spend.spent(task.id) == 0)


def test_an_endpoint_that_is_down_is_502(app: App, until: Callable[..., None]) -> None:
    task = app.new_task()
    token = app.lease(task)
    app.endpoint.close()
    answer = post(app, token, CALL)
    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "api_error")
    until(lambda: app.store.spend.spent(task.id) == 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"model": "claude-opus-5-5"}, 403),
        ({"model": "unknown"}, 403),
        ({"max_tokens": None}, 400),
        ({"max_tokens": True}, 400),
        ({"mcp_servers": [{"url": "https://evil.example"}]}, 403),
        ({"container": "c"}, 403),
        ({"service_tier": "priority"}, 403),
        ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, 403),
        ({"tools": [{"type": "code_execution_20250825", "name": "code"}]}, 403),
        ({"messages": [{"role": "user", "content": [BY_URL]}]}, 403),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [
                {"type": "document", "source": {"type": "file", "file_id": "f"}}]}]}]},
            403,
        ),
    ],
)  # fmt: skip
def test_what_may_cost_or_reach_more_is_not_passed_on(app: App, change: dict[str, Any], status: int) -> None:
    task = app.new_task()
    answer = post(app, app.lease(task), {**CALL, **change})
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == "error"
    assert app.endpoint.requests == []


def test_strange_betas_are_refused_and_known_ones_passed_on(app: App) -> None:
    token = app.lease(app.new_task())
    app.endpoint.stream(START, END, STOP)
    assert post(app, token, CALL, **{"anthropic-beta": "fast-mode-2026-02-01"}).status_code == 403
    beta = "compact-2026-01-12,context-management-2025-06-27"
    assert post(app, token, CALL, **{"anthropic-beta": beta}).status_code == 200
    assert app.endpoint.requests[0][1]["anthropic-beta"] == beta


def test_only_a_live_lease_opens_the_gateway(app: App) -> None:
    task = app.new_task()
    token = app.lease(task)
    assert post(app, "nonsense", CALL).status_code == 401
    assert app.client.post("/model/v1/messages", json=CALL).status_code == 401
    app.store.tasks.save(task.model_copy(update={"status": TaskStatus.CANCELLED}))
    assert post(app, token, CALL).status_code == 401
    other = app.new_task(number=6)
    old = app.lease(other, "n2")
    app.lease(other, "n3")
    assert post(app, old, CALL).status_code == 401
    assert app.endpoint.requests == []


def test_counting_tokens_is_passed_on_without_money(app: App) -> None:
    task = app.new_task()
    app.endpoint.answer(200, {"input_tokens": 12})
    call = {"model": MODEL, "messages": []}
    bearer = {"authorization": f"Bearer {app.lease(task)}"}
    answer = app.client.post("/model/v1/messages/count_tokens", json=call, headers=bearer)
    assert (answer.status_code, answer.json()) == (200, {"input_tokens": 12})
    assert app.endpoint.requests[0][0] == "/v1/messages/count_tokens"
    assert app.store.spend.spent(task.id) == 0


def test_a_database_in_trouble_is_no_reason_to_give_a_round_up(app: App) -> None:
    """A 401 would be final for the runner; a 503 is asked again."""
    token = app.lease(app.new_task())
    with app.store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE leases RENAME TO hidden")
    assert post(app, token, CALL).status_code == 503
    assert app.endpoint.requests == []
