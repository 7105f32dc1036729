"""What the loop does on the wire where the API's own words decide: blocks that go back as they came, streams that break
at each kind of event, errors in and before a stream."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.agent.budget import Budget, Limits
from minion.agent.finish import Finish
from minion.agent.loop import run_agent
from minion.agent.prompts import SYSTEM
from minion.agent.run import AgentReport, AgentRun
from minion.domain.outcomes import Outcome
from minion.domain.secret import Secret

from .conftest import MODEL, TABLE, NoteTool, finish, only_grows
from .wire import Endpoint, Json, Reply, endpoint, message

THINKING: Json = {"type": "thinking", "thinking": "Which file is it?", "signature": "EqoB+/=="}
REDACTED: Json = {"type": "redacted_thinking", "data": "Eo4B/+opaque=="}
TEXT: Json = {"type": "text", "text": "I look at both."}
DONE = message({"type": "tool_use", "id": "toolu_z", **finish()})


def used(name: str, what: str) -> Json:
    return {"type": "tool_use", "id": f"toolu_{what}", "name": name, "input": {"what": what}}


def play(here: Endpoint, *tools: NoteTool, slept: list[float] | None = None) -> AgentReport:
    pauses = [] if slept is None else slept
    client = AnthropicModel(here.url, Credential(Secret("key")), sleep=pauses.append)
    price = next(iter(TABLE.facts(MODEL).prices))
    run = AgentRun(
        model=client,
        facts=TABLE.facts(MODEL),
        system=SYSTEM,
        opening="<goal>Mend it.</goal>",
        tools=tools or [NoteTool("look")],
        ending=Finish(),
        budget=Budget(Limits(turns=20, usd=Decimal(5)), price, time.monotonic),
        emit=lambda *_: None,
    )
    try:
        report = run_agent(run)
    finally:
        client.close()
    only_grows(here.bodies)
    return report


def answered(here: Endpoint) -> list[Json]:
    """The first answer as it went back."""
    blocks: Sequence[Json] = here.bodies[-1]["messages"][1]["content"]
    return [{key: value for key, value in block.items() if key != "cache_control"} for block in blocks]


def test_thinking_of_every_kind_goes_back_as_it_came() -> None:
    blocks = [THINKING, REDACTED, TEXT, used("look", "a"), {**THINKING, "signature": "second=="}, used("look", "b")]
    with endpoint(Reply(message(*blocks)), Reply(DONE)) as here:
        assert play(here).outcome is Outcome.OK
    assert answered(here) == blocks
    assert not [block for block in here.bodies[-1]["messages"][1]["content"] if "cache_control" in block]
    results = here.bodies[-1]["messages"][2]["content"]
    assert [block["tool_use_id"] for block in results] == ["toolu_a", "toolu_b"]


def test_thinking_alone_is_kept_too_and_reminded_of_the_next_step() -> None:
    with endpoint(Reply(message(THINKING, stop="end_turn")), Reply(DONE)) as here:
        assert play(here).outcome is Outcome.OK
    assert answered(here) == [THINKING]
    assert "Nothing was done" in here.bodies[-1]["messages"][2]["content"][0]["text"]


WHOLE = message(THINKING, TEXT, used("change", "a"))


@pytest.mark.parametrize("events", range(len(WHOLE)), ids=[f"{n}-{event['type']}" for n, event in enumerate(WHOLE)])
@pytest.mark.parametrize("cut", [True, False], ids=["broken", "closed"])
def test_a_stream_that_ends_after_any_event_is_asked_for_again_and_runs_nothing_twice(events: int, cut: bool) -> None:
    change = NoteTool("change", writes=True)
    with endpoint(Reply(WHOLE[:events], cut=cut), Reply(WHOLE), Reply(DONE)) as here:
        report = play(here, change)
    assert report.outcome is Outcome.OK
    assert here.bodies[0] == here.bodies[1]
    assert change.calls == [{"what": "a"}]
    assert report.tokens.input == 100 * (3 if events else 2), "what was billed is counted, broken off or not"


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("overloaded_error", True),
        ("api_error", True),
        ("rate_limit_error", True),
        ("timeout_error", True),
        ("invalid_request_error", False),
        ("authentication_error", False),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_judged_by_its_type(kind: str, again: bool) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "so it is"}}
    with endpoint(Reply([*WHOLE[:4], error]), Reply(DONE)) as here:
        report = play(here, NoteTool("change", writes=True))
    assert len(here.bodies) == (2 if again else 1)
    assert report.outcome is (Outcome.OK if again else Outcome.FAIL)
    assert again or kind in report.reason


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_what_may_pass_is_asked_again_after_a_pause(status: int) -> None:
    slept: list[float] = []
    error = {"type": "overloaded_error", "message": "later"}
    with endpoint(Reply(status=status, error=error), Reply(DONE)) as here:
        assert play(here, slept=slept).outcome is Outcome.OK
    assert len(slept) == 1
    assert 0 <= slept[0] <= 60


@pytest.mark.parametrize("status", [429, 529])
def test_a_date_to_come_back_at_is_kept_to(status: int) -> None:
    slept: list[float] = []
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    error = {"type": "rate_limit_error", "message": "later"}
    with endpoint(Reply(status=status, headers={"retry-after": at}, error=error), Reply(DONE)) as here:
        assert play(here, slept=slept).outcome is Outcome.OK
    assert 30 < slept[0] <= 40


def test_a_retry_after_that_says_nothing_is_a_pause_like_any_other() -> None:
    slept: list[float] = []
    error = {"type": "rate_limit_error", "message": "later"}
    with endpoint(Reply(status=429, headers={"retry-after": "soon"}, error=error), Reply(DONE)) as here:
        assert play(here, slept=slept).outcome is Outcome.OK
    assert 0 <= slept[0] <= 60


def test_a_stop_sequence_is_an_answer_like_any_other() -> None:
    replies: list[Any] = [Reply(message(TEXT, stop="stop_sequence")), Reply(DONE)]
    with endpoint(*replies) as here:
        assert play(here).outcome is Outcome.OK
    assert answered(here) == [TEXT]
