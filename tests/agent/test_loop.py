"""The session over the wire: stop reasons, parallel calls, an untouched history, malformed input, gates."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from minion.agent.budget import Budget, Limits
from minion.agent.finish import Finish
from minion.agent.prompts import SYSTEM
from minion.agent.verification import GateVerdict
from minion.domain.outcomes import Outcome
from minion.scripted import Script

from .conftest import NoteTool, finish, look


def test_a_session_calls_tools_and_finishes(stage: Any):
    stage = stage({"text": "I look.", "calls": [look("a.py")]}, {"calls": [finish(summary="mended a.py")]})
    report = stage.play()
    assert report.outcome is Outcome.OK
    assert report.arguments["summary"] == "mended a.py"
    assert report.turns == 2
    assert report.usd > 0
    assert stage.results(1)[0]["content"] == "did a.py"


def test_every_call_of_a_turn_is_answered_in_one_message_in_order(stage: Any):
    stage = stage({"calls": [look("a"), look("b", "change"), {"name": "nothing"}, look("c")]}, {"calls": [finish()]})
    change = NoteTool("change", writes=True)
    stage.play(NoteTool("look"), change)
    ids = [block["id"] for block in stage.bodies[1]["messages"][1]["content"]]
    assert [block["tool_use_id"] for block in stage.results(1)] == ids
    assert [block.get("is_error", False) for block in stage.results(1)] == [False, False, True, False]
    assert "There is no tool 'nothing'" in stage.results(1)[2]["content"]


def test_neighbouring_reads_run_at_the_same_time(stage: Any):
    stage = stage({"calls": [look("a"), look("b"), look("c")]}, {"calls": [finish()]})
    together = NoteTool("look", together=threading.Barrier(3))  # each waits until all three have begun
    assert stage.play(together).outcome is Outcome.OK
    assert len(together.calls) == 3


def test_writes_run_in_the_order_of_their_calls(stage: Any):
    stage = stage({"calls": [look(str(n), "change") for n in range(5)]}, {"calls": [finish()]})
    change = NoteTool("change", writes=True)
    stage.play(change)
    assert [call["what"] for call in change.calls] == list("01234")


def test_thinking_goes_back_unchanged_and_history_only_grows(stage: Any):
    turns = [{"thinking": f"thought {n} " * 200, "text": f"step {n}", "calls": [look(str(n))]} for n in range(4)]
    stage = stage(*turns, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK
    assert [request["refused"] for request in stage.model.requests] == [None] * 5
    last = _bare(stage.bodies[-1]["messages"])
    for body in stage.bodies:
        messages = _bare(body["messages"])
        assert messages == last[: len(messages)]
        assert (body["system"], body["tools"]) == (stage.bodies[0]["system"], stage.bodies[0]["tools"])
    assert last[1]["content"][0]["thinking"] == turns[0]["thinking"]


def _bare(messages: list[dict[str, Any]]):
    return [
        {
            **message,
            "content": [{k: v for k, v in block.items() if k != "cache_control"} for block in message["content"]],
        }
        for message in messages
    ]


@pytest.mark.parametrize(("model", "least"), [("claude-sonnet-5-5", 1024), ("claude-haiku-5-5", 4096)])
def test_a_long_session_reads_nine_tenths_of_its_prompts_from_the_cache(stage: Any, model: str, least: int):
    """Turns and results of the sizes that sessions have: about 800 tokens a turn, by three calls."""
    turns = [{"thinking": "hm " * 50, "calls": [look(f"{n}-{i}") for i in range(3)]} for n in range(39)]
    stage = stage(replace(Script.playing(*turns, {"calls": [finish()]}), min_cacheable_tokens=least))
    report = stage.play(NoteTool("look", reply=lambda arguments: arguments["what"] + " line" * 200), model_id=model)
    assert report.turns == 40
    tokens = report.tokens
    prompts = tokens.total - tokens.output
    assert tokens.cache_read / prompts >= 0.9
    assert not [data for data in stage.kinds("agent.usage") if "alarm" in data]


def test_the_system_text_is_marked_where_the_prefix_is_long_enough_to_be_kept(stage: Any):
    stage = stage({"calls": [finish()]})
    for model in ("claude-opus-5-5", "claude-haiku-5-5"):
        stage.play(model_id=model, system=SYSTEM)
        stage.play(model_id=model, system=SYSTEM + "\nA rule.\n" * 2000)
    marked = ["cache_control" in body["system"][0] for body in stage.bodies]
    assert marked == [True, True, False, True]


def test_a_long_prompt_of_which_nothing_is_kept_raises_an_alarm(stage: Any):
    usage = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "input_tokens": 5000}
    stage = stage(
        {"calls": [look("a")], "usage": {**usage, "input_tokens": 900}}, {"calls": [finish()], "usage": usage}
    )
    stage.play()
    told = [data.get("alarm") for data in stage.kinds("agent.usage")]
    assert told == [None, "nothing of a prompt of 5000 tokens went into the prompt cache"]


def test_features_are_asked_only_of_models_that_have_them(stage: Any):
    stage = stage({"calls": [finish()]})
    stage.play(model_id="claude-opus-5-5")
    stage.play(model_id="somebody-elses-model", limits=Limits(turns=5))
    ours, other = stage.bodies
    trigger = {"type": "input_tokens", "value": 600_000}
    assert ours["context_management"] == {"edits": [{"type": "compact_20260112", "trigger": trigger}]}
    assert ours["output_config"] == {"effort": "high"}
    assert not {"context_management", "output_config", "thinking"} & set(other)
    assert [tool["name"] for tool in ours["tools"] if tool.get("strict")] == ["finish"]
    assert not [tool for tool in other["tools"] if "strict" in tool]


def test_many_parallel_calls_do_not_outrun_the_cache(stage: Any):
    turns = [{"calls": [look(f"{n}-{i}") for i in range(24)]} for n in range(3)]
    stage = stage(*turns, {"calls": [finish()]})
    stage.play(NoteTool("look", reply=lambda _: "line " * 100))
    reads = [data["cache_read"] for data in stage.kinds("agent.usage")]
    assert all(later > earlier for earlier, later in pairwise(reads[1:]))


def test_a_tail_without_cache_reads_raises_an_alarm(stage: Any):
    usage = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "input_tokens": 5000}
    long = {"thinking": "hm " * 2000, "calls": [look("a")]}
    stage = stage(long, {"calls": [look("b")]}, {"calls": [finish()], "usage": usage})
    stage.play()
    assert ["alarm" in data for data in stage.kinds("agent.usage")] == [False, False, True]


# --- stop reasons


@pytest.mark.parametrize("reason", ["pause_turn", "compaction"])
def test_a_pause_is_resumed_with_the_same_history(stage: Any, reason: str):
    summary = {"compaction": "what went on so far"} if reason == "compaction" else {}
    stage = stage({"text": "wait", "stop_reason": reason, **summary}, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK
    assert stage.bodies[1]["messages"][-1]["role"] == "assistant"


def test_an_answer_cut_by_max_tokens_is_dropped_and_asked_for_again_with_more(stage: Any):
    stage = stage({"calls": [look("a")], "usage": {"output_tokens": 20_000}}, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK
    assert [body["max_tokens"] for body in stage.bodies] == [16_000, 32_000, 32_000]
    assert len(stage.bodies[1]["messages"]) == 1


def test_an_answer_that_never_fits_ends_as_stuck(stage: Any):
    stage = stage({"text": "long", "usage": {"output_tokens": 200_000}})
    tool = NoteTool("look")
    report = stage.play(tool, limits=Limits(turns=10))
    assert report.outcome is Outcome.STUCK
    assert [body["max_tokens"] for body in stage.bodies[:3]] == [16_000, 32_000, 64_000]
    assert tool.calls == []


def test_a_refusal_ends_at_once_and_runs_nothing(stage: Any):
    stage = stage(
        {"calls": [look("a")], "stop_reason": "refusal", "stop_details": {"type": "refusal", "category": "cyber"}}
    )
    tool = NoteTool("look")
    report = stage.play(tool)
    assert (report.outcome, report.turns, tool.calls) == (Outcome.REFUSED, 1, [])
    assert "cyber" in report.reason


def test_a_full_window_ends_as_stuck_and_runs_nothing(stage: Any):
    stage = stage({"calls": [look("a")], "stop_reason": "model_context_window_exceeded"})
    tool = NoteTool("look")
    report = stage.play(tool)
    assert (report.outcome, tool.calls) == (Outcome.STUCK, [])


def test_an_unknown_stop_reason_ends_and_says_so(stage: Any):
    stage = stage({"calls": [look("a")], "stop_reason": "went_home"})
    tool = NoteTool("look")
    report = stage.play(tool)
    assert (report.outcome, tool.calls) == (Outcome.FAIL, [])
    assert "went_home" in report.reason


def test_a_turn_without_calls_is_reminded_and_three_end_as_stuck(stage: Any):
    stage = stage({"text": "one"}, {"text": "two"}, {"text": "my note"})
    report = stage.play()
    assert report.outcome is Outcome.STUCK
    assert "Nothing was done" in stage.said(1)
    assert report.note == "my note"


def test_an_empty_answer_does_not_break_the_history(stage: Any):
    stage = stage({"calls": [look("a")]}, {}, {"calls": [finish()]})
    # The turn index counts assistant messages, and an empty one is not kept: the script's second turn comes again.
    report = stage.play(limits=Limits(turns=20))
    assert report.outcome is Outcome.STUCK
    assert [request["refused"] for request in stage.model.requests] == [None] * len(stage.model.requests)


# --- malformed input


def test_input_that_does_not_fit_is_answered_with_the_schema_error(stage: Any):
    stage = stage({"calls": [{"name": "look", "input": {"where": 1}}]}, {"calls": [finish()]})
    tool = NoteTool("look")
    assert stage.play(tool).outcome is Outcome.OK
    [answer] = stage.results(1)
    assert answer["is_error"]
    assert "'what' is a required property" in answer["content"]
    assert tool.calls == []


def test_input_that_is_no_json_is_answered_and_the_history_stays_valid(stage: Any):
    stage = stage({"calls": [{"name": "look", "malformed_input": '{"what": "a'}]}, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK
    assert "is no JSON object" in stage.results(1)[0]["content"]
    assert stage.model.requests[1]["refused"] is None


def test_a_call_that_is_nearly_right_is_shown_the_valid_one(stage: Any):
    stage = stage({"calls": [{"name": "look", "input": {"What": "a"}}]}, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK
    assert 'The nearest valid input: {"what": "a"}' in stage.results(1)[0]["content"]


def test_a_tool_that_is_not_there_is_answered_with_the_nearest_one(stage: Any):
    stage = stage({"calls": [{"name": "look_at", "input": {"what": "a"}}]}, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK
    assert "Did you mean look?" in stage.results(1)[0]["content"]


def test_three_malformed_calls_in_a_row_end_as_stuck_with_a_note(stage: Any):
    bad = {"calls": [{"name": "look", "malformed_input": "{"}]}
    stage = stage(bad, bad, bad, {"text": "I could not form the call."})
    report = stage.play()
    assert report.outcome is Outcome.STUCK
    assert "malformed" in report.reason
    assert report.note == "I could not form the call."


def test_a_good_call_starts_the_count_of_malformed_ones_again(stage: Any):
    bad = {"calls": [{"name": "look", "malformed_input": "{"}]}
    stage = stage(bad, bad, {"calls": [look("a")]}, bad, bad, {"calls": [finish()]})
    assert stage.play().outcome is Outcome.OK


# --- finish and gates


class ScriptedGates:
    """Fails so many checks, then passes."""

    names = ("test",)

    def __init__(self, fails: int) -> None:
        self.left = fails
        self.checks = 0

    def check(self) -> GateVerdict:
        self.checks += 1
        self.left -= 1
        passed = self.left < 0
        return GateVerdict(passed, "ok" if passed else "test_a fails", tree="same", fingerprint="f")


def test_finish_is_refused_while_a_gate_fails_then_accepted(stage: Any):
    stage = stage({"calls": [finish()]}, {"calls": [look("a")]}, {"calls": [finish()]})
    gates = ScriptedGates(1)
    report = stage.play(ending=Finish(gates=gates), gates=gates)
    assert report.outcome is Outcome.OK
    assert "Not finished: gates fail" in stage.results(1)[0]["content"]
    assert "test_a fails" in stage.results(1)[0]["content"]


def test_finish_refused_more_often_than_repair_ends_as_stuck(stage: Any):
    stage = stage(*[{"calls": [finish(summary=str(n))]} for n in range(3)], {"text": "left: test_a"})
    gates = ScriptedGates(99)
    report = stage.play(ending=Finish(gates=gates, repair=2), gates=gates)
    assert (report.outcome, gates.checks, report.note) == (Outcome.STUCK, 3, "left: test_a")


def test_blocked_passes_no_gate_and_asks(stage: Any):
    stage = stage({"calls": [finish(status="blocked", open_questions=["Which port?"])]})
    gates = ScriptedGates(99)
    report = stage.play(ending=Finish(gates=gates), gates=gates)
    assert report.outcome is Outcome.FAIL
    assert report.output == {"blocked": True, "question": "Which port?"}
    assert gates.checks == 0


def test_verify_runs_the_gates_for_the_model(stage: Any):
    stage = stage({"calls": [{"name": "verify"}]}, {"calls": [finish()]})
    gates = ScriptedGates(1)
    report = stage.play(ending=Finish(gates=gates), gates=gates)
    assert report.outcome is Outcome.OK
    assert stage.results(1)[0]["is_error"]


def test_a_node_with_an_output_schema_must_answer_with_it(stage: Any):
    schema = {
        "type": "object",
        "properties": {"fit": {"enum": ["do", "ask"]}},
        "required": ["fit"],
        "additionalProperties": False,
    }
    wrong, right = finish(output={"fit": "perhaps"}), finish(output={"fit": "do"})
    stage = stage({"calls": [finish()]}, {"calls": [wrong]}, {"calls": [right]})
    report = stage.play(ending=Finish(output_schema=schema))
    assert report.output == {"fit": "do"}
    assert "`output` is required" in stage.results(1)[0]["content"]
    assert "output.fit: 'perhaps' is not one of" in stage.results(2)[0]["content"]


# --- budgets


def test_the_turn_limit_ends_the_session_with_a_note(stage: Any):
    stage = stage(*[{"calls": [look(str(n))]} for n in range(3)], {"text": "half done"})
    report = stage.play(limits=Limits(turns=3))
    assert (report.outcome, report.note) == (Outcome.BUDGET, "half done")
    assert "all 3 turns" in report.reason


def test_nothing_is_asked_that_the_money_does_not_cover(stage: Any):
    stage = stage({"calls": [look("a")]})
    report = stage.play(limits=Limits(usd=Decimal("0.01")))
    assert (report.outcome, stage.bodies) == (Outcome.BUDGET, [])


def test_answers_are_shortened_to_what_the_money_covers(stage: Any):
    stage = stage({"calls": [finish()]})
    assert stage.play(limits=Limits(usd=Decimal("0.10"))).outcome is Outcome.OK
    assert 2_000 <= stage.bodies[0]["max_tokens"] < 10_000


def test_money_is_announced_at_half_and_at_four_fifths_once_each(stage: Any):
    usage = {"output_tokens": 10_000}  # $0.10 each
    stage = stage(*[{"calls": [look(str(n))], "usage": usage} for n in range(9)], {"calls": [finish()]})
    stage.play(limits=Limits(usd=Decimal("1.10")))
    told = [stage.said(request) for request in range(1, len(stage.bodies))]
    assert [text for text in told if text.startswith("Budget")] == [
        text for text in told if "of the money for this step is used" in text
    ]
    assert sum("Keep to the goal" in text for text in told) == 1
    assert sum("Bring the work to an end" in text for text in told) == 1


def test_a_cancelled_session_stops_before_the_next_call(stage: Any):
    stage = stage({"calls": [look("a")]})
    report = stage.play(cancelled=lambda: "stop by @ann" if stage.bodies else None)
    assert (report.outcome, report.turns) == (Outcome.FAIL, 1)
    assert "stop by @ann" in report.reason


# --- stuck


def test_the_same_call_with_the_same_result_is_nudged_once_then_stuck(stage: Any):
    stage = stage(*[{"calls": [look("a")]}] * 8, {"text": "a.py never changes"})
    report = stage.play()
    assert report.outcome is Outcome.STUCK
    assert sum("going round in circles" in stage.said(n) for n in range(1, 9)) == 1
    assert report.turns == 9
    assert report.note == "a.py never changes"


def test_the_same_failing_call_is_stuck_sooner(stage: Any):
    stage = stage(*[{"calls": [look("a")]}] * 6, {"text": "note"})
    report = stage.play(NoteTool("look", error=True))
    assert (report.outcome, report.turns) == (Outcome.STUCK, 7)


def test_three_failing_verifies_of_the_same_tree_are_a_pattern(stage: Any):
    verify = {"calls": [{"name": "verify"}, look("a")]}
    others = [{"calls": [{"name": "verify"}, look(str(n))]} for n in range(2)]
    stage = stage(verify, *others, {"calls": [finish(status="blocked")]})
    gates = ScriptedGates(99)
    stage.play(ending=Finish(gates=gates), gates=gates)
    assert "verifications of the same tree failed" in stage.said(3)


def test_six_steps_of_two_calls_in_turn_are_a_pattern(stage: Any):
    turns = [{"calls": [look(what)]} for what in ("a", "b") * 3]
    stage = stage(*turns, {"calls": [finish(status="blocked")]})
    stage.play()
    assert "two calls alternate" in stage.said(6)


# --- what is left at the end


FATAL: dict[str, tuple[dict[str, Any], Outcome, str]] = {
    "refusal": ({"stop_reason": "refusal", "text": "no"}, Outcome.REFUSED, "I look."),
    "window": ({"stop_reason": "model_context_window_exceeded", "text": "no"}, Outcome.STUCK, "I look."),
    "unknown": ({"stop_reason": "went_home", "text": "no"}, Outcome.FAIL, "I look."),
    "too long": ({"text": "left: a", "usage": {"output_tokens": 200_000}}, Outcome.STUCK, "lef"),  # asked for, and cut
}


@pytest.mark.parametrize("end", FATAL.values(), ids=FATAL)
def test_every_fatal_end_leaves_a_note_and_what_it_cost(stage: Any, end: tuple[dict[str, Any], Outcome, str]):
    turn, outcome, note = end
    stage = stage({"text": "I look.", "calls": [look("a")]}, turn)
    report = stage.play()
    assert (report.outcome, report.note) == (outcome, note)
    assert report.tokens.total > 0
    assert report.usd > 0


@pytest.mark.parametrize("kind", ["turns", "time"])
def test_turns_and_time_are_announced_as_money_is(stage: Any, kind: str):
    stage = stage(*[{"calls": [look(str(n))]} for n in range(9)], {"calls": [finish()]})
    now = [0.0]

    def ticking(arguments: Any) -> str:
        now[0] += 60
        return str(arguments["what"])

    limits = Limits(turns=10) if kind == "turns" else Limits(wall_s=600)
    stage.play(NoteTool("look", reply=ticking), budget=Budget(limits, None, lambda: now[0]))
    told = [text for n in range(1, 10) if f"of the {kind}" in (text := stage.said(n))]
    assert ["Keep to the goal" in text for text in told] == [True, False]
    assert "Bring the work to an end" in told[1]


def test_a_price_follows_the_model_of_its_node(stage: Any):
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "cache_creation_input_tokens": 0}
    stage = stage({"calls": [finish()], "usage": usage})
    cheap, dear = (stage.play(model_id=model, effort="low").usd for model in ("claude-sonnet-5-5", "claude-opus-5-5"))
    assert (cheap, dear) == (Decimal(2), Decimal(4))
    assert [(body["model"], body["output_config"]) for body in stage.bodies] == [
        ("claude-sonnet-5-5", {"effort": "low"}),
        ("claude-opus-5-5", {"effort": "low"}),
    ]
