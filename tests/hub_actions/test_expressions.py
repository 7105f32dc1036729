"""The expression language, case by case."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minion.hub.actions.availability import JOB_IF, STEP
from minion.hub.actions.expression_syntax import ExpressionError, parse_expression
from minion.hub.actions.expressions import Scope, evaluate, parse_condition, parse_template

EVENT = {
    "commits": [{"author": {"name": "Ann"}, "n": 1}, {"author": {"name": "Bob"}, "n": 2}, {"n": 3}],
    "Label": {"name": "Bug"},
    "by_name": {"a": {"v": 1}, "b": {"v": 2}},
}
SCOPE = Scope({"github": {"event": EVENT, "ref": "refs/heads/main", "number": 7, "draft": False, "none": None}})

CASES = [
    ("1 == 1.0", True),
    ("'a' == 'A'", True),
    ("'1' == 1", True),
    ("'' == 0", True),
    ("null == 0", True),
    ("null == ''", True),
    ("true == 1", True),
    ("'true' == true", False),
    ("'abc' == 0", False),
    ("NaN == NaN", False),
    ("NaN != NaN", True),
    ("github.event == github.event", True),
    ("fromJSON('[]') == fromJSON('[]')", False),
    ("'10' > 9", True),
    ("'b' > 'A'", True),
    ("'abc' > 1", False),
    ("'abc' <= 1", False),
    ("1 < 2 == true", True),
    ("!github.draft && 'yes' || 'no'", "yes"),
    ("github.none || 'default'", "default"),
    ("'' && 'never'", ""),
    ("!!'0'", True),
    ("!0", True),
    ("-0x1F", None),
    ("0x1F", 31),
    ("0o17", 15),
    ("-2.5e-1", -0.25),
    (".5", 0.5),
    ("'it''s'", "it's"),
    ("github.EVENT.label.NAME", "Bug"),
    ("github['event']['label'].name", "Bug"),
    ("github.event.missing.deeper", None),
    ("github.event.commits[1].n", 2),
    ("github.event.commits['1'].n", 2),
    ("github.event.commits[9]", None),
    ("github.event.commits.*.author.name", ["Ann", "Bob"]),
    ("github.event.by_name.*.v", [1, 2]),
    ("join(github.event.commits.*.n, '+')", "1+2+3"),
    ("join('one')", "one"),
    ("contains('Hello', 'ELL')", True),
    ("contains(github.event.commits.*.n, '2')", True),
    ("contains(fromJSON('[\"a\"]'), 'A')", True),
    ("contains(github.event, 'x')", False),
    ("startsWith('Refs/heads', 'refs/')", True),
    ("endsWith(github.ref, 'MAIN')", True),
    ("startsWith(12, 1)", True),
    ("format('{1} {0} {{0}}', 'a', 'b')", "b a {0}"),
    ("format('{0}', null)", ""),
    ("toJSON(fromJSON('{\"a\":[1,2.5,null,true]}'))", '{\n  "a": [\n    1,\n    2.5,\n    null,\n    true\n  ]\n}'),
    ("fromJSON('1.0')", 1.0),
    ("case(false, 'a', true, 'b', 'c')", "b"),
    ("case(false, 'a', 'c')", "c"),
    ("(1 == 1) && (2 == 2)", True),
    ("Infinity > 1e308", True),
]


@pytest.mark.parametrize(
    ("source", "expected"), [case for case in CASES if case[1] is not None or "missing" in case[0]]
)
def test_value(source: str, expected: object) -> None:
    assert evaluate(parse_expression(source), SCOPE) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.0", "1"),
        ("1e21", "1E+21"),
        ("0.1", "0.1"),
        ("true", "true"),
        ("null", ""),
        ("github.event", "Object"),
        ("github.event.commits", "Array"),
        ("-0", "0"),
        ("1234567890123456789", "1.23456789012346E+18"),
        ("'x'", "x"),
    ],
)
def test_what_a_value_looks_like_in_text(value: str, text: str) -> None:
    template = parse_template("<${{ " + value + " }}>", 1, STEP)
    assert template.text(SCOPE) == f"<{text}>"


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("github.a ==", "Unexpected end of expression"),
        ("github..a", "Unexpected symbol: '.'"),
        ("'open", "Unexpected symbol"),
        ('"double"', "Unexpected symbol"),
        ("a b", "Unexpected symbol: 'b'"),
        ("a = b", "Unexpected symbol: '='"),
        ("(a", "Unexpected end"),
        ("f(", "Unexpected end"),
        ("", "Unexpected end"),
        ("(" * 60 + "1" + ")" * 60, "Exceeded max expression depth"),
        ("'" + "x" * 30000 + "'", "Exceeded max expression length"),
    ],
)
def test_malformed(source: str, part: str) -> None:
    with pytest.raises(ExpressionError, match=part.replace("(", r"\(").replace(".", r"\.")):
        parse_expression(source)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("nope.a", "Unrecognized named-value: 'nope'"),
        ("nope()", "Unrecognized function: 'nope'"),
        ("contains('a')", "Too few parameters"),
        ("toJSON(1, 2)", "Too many parameters"),
        ("success()", "Unrecognized function: 'success'"),
        ("hashFiles()", "Too few"),
    ],
)
def test_what_is_not_available_is_refused_when_the_file_is_read(source: str, part: str) -> None:
    with pytest.raises(ExpressionError, match=part):
        parse_template("${{ " + source + " }}", 1, STEP)


@pytest.mark.parametrize("source", ["fromJSON('{')", "format('{0}')", "format('{')", "fromJSON('NaN')"])
def test_evaluation_errors(source: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(parse_expression(source), SCOPE)


def test_closing_braces_inside_a_string_do_not_end_the_expression() -> None:
    assert parse_template("a ${{ format('{{0}} }}') }} b", 1, STEP).parts[0] == "a "
    with pytest.raises(ExpressionError, match="not closed"):
        parse_template("${{ github.a ", 1, STEP)


def test_a_condition_needs_no_braces_and_refuses_text_around_them() -> None:
    assert parse_condition("github.ref == 'x'", 1, JOB_IF).evaluate(SCOPE) is False
    with pytest.raises(ExpressionError, match="always be true"):
        parse_condition("${{ github.ref }} == 'x'", 1, JOB_IF)
    with pytest.raises(ExpressionError, match="secrets"):
        parse_condition("secrets.A != ''", 1, JOB_IF)


WORDS = (
    "github . event commits * [ ] ( ) , ! == != < <= > >= && || 'a' 'b''c' 1 0x1 -2.5 true null NaN contains format "
    "join toJSON fromJSON startsWith endsWith case ' { } \" 999999999999999999999 1e999"
)
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=14).map(" ".join), st.text(max_size=40)))
def test_nothing_but_its_own_error_comes_out(source: str) -> None:
    with contextlib.suppress(ExpressionError):
        evaluate(parse_expression(source), SCOPE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_from_json_undoes_to_json(value: object) -> None:
    scope = Scope({"github": {"v": value}})
    assert evaluate(parse_expression("fromJSON(toJSON(github.v))"), scope) == value
    text = evaluate(parse_expression("toJSON(github.v)"), scope)
    assert isinstance(text, str)
    assert json.loads(text) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_compares_with_its_text(value: float) -> None:
    scope = Scope({"github": {"v": value, "t": repr(value)}})
    assert evaluate(parse_expression("github.v == github.t"), scope) is True
    assert not math.isnan(value)
