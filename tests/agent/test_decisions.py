"""What the loop is made of, decision by decision, and the tests that show each: a table that cannot grow stale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
DECISIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "1 a loop of its own, with caps and cancellation between turns": (
        "agent/test_loop.py::test_a_session_calls_tools_and_finishes",
        "agent/test_loop.py::test_a_cancelled_session_stops_before_the_next_call",
    ),
    "2 history only grows, and goes back as it came": (
        "agent/test_loop.py::test_thinking_goes_back_unchanged_and_history_only_grows",
        "agent/test_wire.py::test_thinking_of_every_kind_goes_back_as_it_came",
        "agent/test_wire.py::test_thinking_alone_is_kept_too_and_reminded_of_the_next_step",
    ),
    "3 few and sharp tools": (
        "tools/test_shell_and_outputs.py::test_the_tools_are_small_strict_and_in_order",
        "agent/test_loop.py::test_input_that_does_not_fit_is_answered_with_the_schema_error",
        "agent/test_loop.py::test_three_malformed_calls_in_a_row_end_as_stuck_with_a_note",
    ),
    "4 finish waits for the gates; only new failures block": (
        "agent/test_loop.py::test_finish_is_refused_while_a_gate_fails_then_accepted",
        "agent/test_loop.py::test_blocked_passes_no_gate_and_asks",
        "nodes/test_agent_node.py::test_a_failure_that_the_base_has_too_does_not_block",
        "nodes/test_agent_node.py::test_a_gate_that_cannot_run_here_is_left_to_ci",
    ),
    "5 edits are guarded": (
        "tools/test_edit_and_write.py::test_an_unread_file_is_refused",
        "tools/test_edit_and_write.py::test_a_file_that_changed_since_is_refused",
        "tools/test_edit_and_write.py::test_an_edit_that_breaks_the_syntax_is_refused",
        "tools/test_edit_and_write.py::test_an_edit_that_breaks_a_script_or_a_module_is_refused",
        "trajectories/test_trajectories.py::test_python_from_red_to_green",
    ),
    "6 output is labelled, cut, kept whole; failures first": (
        "tools/test_shell_and_outputs.py::test_the_result_is_labelled",
        "tools/test_shell_and_outputs.py::test_a_long_output_is_cut_and_kept_whole",
        "nodes/test_reports.py::test_what_a_test_program_prints_names_its_failures",
        "trajectories/test_trajectories.py::test_javascript_from_red_to_green",
        "trajectories/test_trajectories.py::test_typescript_from_red_to_green",
    ),
    "7 each call is covered at its worst; marks at 50 and 80 percent; a rest is kept back": (
        "agent/test_loop.py::test_nothing_is_asked_that_the_money_does_not_cover",
        "agent/test_loop.py::test_money_is_announced_at_half_and_at_four_fifths_once_each",
        "agent/test_loop.py::test_turns_and_time_are_announced_as_money_is",
        "agent/test_parts.py::test_the_reserve_is_for_the_last_note_only",
    ),
    "8 five patterns of going round in circles": (
        "agent/test_loop.py::test_the_same_call_with_the_same_result_is_nudged_once_then_stuck",
        "agent/test_loop.py::test_the_same_failing_call_is_stuck_sooner",
        "agent/test_loop.py::test_a_turn_without_calls_is_reminded_and_three_end_as_stuck",
        "agent/test_loop.py::test_six_steps_of_two_calls_in_turn_are_a_pattern",
        "agent/test_loop.py::test_three_failing_verifies_of_the_same_tree_are_a_pattern",
    ),
    "9 the prompt cache is used, and its silence is an alarm": (
        "agent/test_loop.py::test_a_long_session_reads_nine_tenths_of_its_prompts_from_the_cache",
        "agent/test_loop.py::test_many_parallel_calls_do_not_outrun_the_cache",
        "agent/test_loop.py::test_the_system_text_is_marked_where_the_prefix_is_long_enough_to_be_kept",
        "agent/test_loop.py::test_a_tail_without_cache_reads_raises_an_alarm",
        "agent/test_loop.py::test_a_long_prompt_of_which_nothing_is_kept_raises_an_alarm",
    ),
    "10 a session of its own for each node, compacted by the server": (
        "agent/test_loop.py::test_features_are_asked_only_of_models_that_have_them",
        "agent/test_loop.py::test_a_pause_is_resumed_with_the_same_history",
    ),
    "11 reads together, writes in order, every call answered": (
        "agent/test_loop.py::test_every_call_of_a_turn_is_answered_in_one_message_in_order",
        "agent/test_loop.py::test_neighbouring_reads_run_at_the_same_time",
        "agent/test_loop.py::test_writes_run_in_the_order_of_their_calls",
    ),
    "12 what may pass is asked again within the deadline": (
        "agent/test_wire.py::test_a_stream_that_ends_after_any_event_is_asked_for_again_and_runs_nothing_twice",
        "agent/test_wire.py::test_an_error_in_the_middle_of_a_stream_is_judged_by_its_type",
        "agent/test_wire.py::test_a_date_to_come_back_at_is_kept_to",
        "agent/test_anthropic_model.py::test_retry_after_is_kept_to",
        "agent/test_anthropic_model.py::test_the_deadline_ends_the_retries",
    ),
    "13 a judge with fresh eyes": (
        "nodes/test_judge_and_run.py::test_a_judge_reads_and_passes",
        "nodes/test_judge_and_run.py::test_a_veto_cites_lines",
    ),
    "14 every fatal end leaves what was paid for": (
        "agent/test_loop.py::test_every_fatal_end_leaves_a_note_and_what_it_cost",
        "agent/test_loop.py::test_the_turn_limit_ends_the_session_with_a_note",
        "nodes/test_agent_node.py::test_an_unreachable_model_interrupts_the_node_and_keeps_the_work",
        "scenarios/test_model_trouble.py::test_malformed_calls_only_are_handed_off_with_the_work",
    ),
    "15 models by role, with prices": (
        "agent/test_parts.py::test_roles_may_be_mapped_otherwise",
        "agent/test_loop.py::test_a_price_follows_the_model_of_its_node",
        "nodes/test_agent_node.py::test_a_model_without_a_price_is_refused_before_it_is_asked",
    ),
    "stop reasons": (
        "agent/test_loop.py::test_an_answer_cut_by_max_tokens_is_dropped_and_asked_for_again_with_more",
        "agent/test_loop.py::test_an_answer_that_never_fits_ends_as_stuck",
        "agent/test_loop.py::test_a_refusal_ends_at_once_and_runs_nothing",
        "agent/test_loop.py::test_a_full_window_ends_as_stuck_and_runs_nothing",
        "agent/test_loop.py::test_an_unknown_stop_reason_ends_and_says_so",
        "agent/test_wire.py::test_a_stop_sequence_is_an_answer_like_any_other",
    ),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_every_decision_is_shown_by_tests(decision: str) -> None:
    for shown in DECISIONS[decision]:
        path, _, name = shown.partition("::")
        assert re.search(rf"(?m)^def {name}\(", (TESTS / path).read_text()), shown
