"""What a model is shown after a call that did not fit: the nearest one that would have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from minion.agent.calls import checked
from minion.agent.finish import Finish, Verdict
from minion.agent.nearest import nearest_call, nearest_name
from minion.tools import edit, read, search, shell, write

SCHEMAS = (
    edit.SCHEMA,
    read.SCHEMA,
    search.SCHEMA,
    shell.SCHEMA,
    write.SCHEMA,
    Finish().schema,
    Verdict.schema,
)


@pytest.mark.parametrize(
    ("schema", "given", "near"),
    [
        (read.SCHEMA, {"file_path": "a.py"}, {"path": "a.py"}),
        (read.SCHEMA, {"path": "a.py", "start": "3"}, {"path": "a.py", "start": 3}),
        (read.SCHEMA, {"path": "a.py", "count": 9_000}, {"path": "a.py", "count": 2_000}),
        (search.SCHEMA, {"pattern": "x", "files": "true"}, {"pattern": "x", "files": True}),
        (shell.SCHEMA, {"command": ["ls", "pwd"]}, {"command": "ls\npwd"}),
        (
            edit.SCHEMA,
            {"path": "a.py", "edits": {"old_text": "1", "new_text": "2"}},
            {"path": "a.py", "edits": [{"old": "1", "new": "2"}]},
        ),
        (write.SCHEMA, {"path": "a.py"}, None),
        (read.SCHEMA, {"path": {"a": 1}}, None),
    ],
)
def test_what_can_be_told_is_mended_and_nothing_is_made_up(schema: Any, given: Any, near: Any) -> None:
    assert nearest_call(schema.input_schema, given) == near


def test_the_answer_shows_the_nearest_call_or_the_tool_s_own_example() -> None:
    mended = checked(read.SCHEMA, {"file_path": "a.py"})
    assert mended
    assert mended.text.endswith('The nearest valid input: {"path": "a.py"}')
    nothing = checked(shell.SCHEMA, {"INVALID_JSON": '{"command": "l'})
    assert nothing
    assert json.dumps(dict(shell.SCHEMA.input_examples[0])) in nothing.text


def test_names_that_are_nearly_right_are_recognised_others_are_not() -> None:
    assert nearest_name("search_files", ["edit", "read", "search"]) == "search"
    assert nearest_name("xyzzy", ["edit", "read", "search"]) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["path", "edits", "old", "command", "pattern", "status", "output", "Path", "file"])


@given(st.sampled_from(SCHEMAS), st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=6))
def test_any_input_is_valid_or_answered_with_text_and_what_is_shown_is_valid(schema: Any, arguments: Any) -> None:
    problem = checked(schema, arguments)
    valid = Draft202012Validator(schema.input_schema).is_valid(arguments)
    assert (problem is None) == valid
    near = nearest_call(schema.input_schema, arguments)
    assert near is None or Draft202012Validator(schema.input_schema).is_valid(near)
