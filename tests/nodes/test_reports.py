"""Reading reports, and holding a failure against the base's."""

from __future__ import annotations

import json

import pytest

from minion.nodes.gates import Failed, LeftToCi, Passed, compare
from minion.nodes.instrument import instrument
from minion.nodes.reports import CommandRun, counted, findings


def run(output: str = "", report: str | None = None, code: int = 1, *, timed_out: bool = False) -> CommandRun:
    return CommandRun(code, output, timed_out, 0.1, report)


def junit(**cases: str | None) -> str:
    rows = [
        f'<testcase classname="t" name="{name}">' + (f'<failure message="{said}"/>' if said else "") + "</testcase>"
        for name, said in cases.items()
    ]
    return f"<testsuites><testsuite>{''.join(rows)}</testsuite></testsuites>"


def test_a_junit_report_is_counted_and_names_its_failures() -> None:
    told = run(report=junit(a=None, b="boom", c="bang"))
    assert counted(told) == "1 passed, 2 failed"
    assert [(f.key, f.detail) for f in findings("junit", told)] == [("t::b", "boom"), ("t::c", "bang")]


def test_only_new_failures_block() -> None:
    base = run(report=junit(a=None, b="old"))
    assert isinstance(compare("junit", run(report=junit(a=None, b="changed message")), base), Passed)
    outcome = compare("junit", run(report=junit(a="new", b="old")), base)
    assert isinstance(outcome, Failed)
    assert outcome.keys == ("t::a",)


def test_a_base_that_passes_excuses_nothing() -> None:
    outcome = compare(None, run("", code=5), run("ok", code=0))
    assert isinstance(outcome, Failed)


def test_line_numbers_and_times_make_no_new_failure() -> None:
    base = run("error: a.c:10 in /tmp/x1/y took 1.2s")
    assert isinstance(compare(None, run("error: a.c:12 in /tmp/z9/y took 3s"), base), Passed)
    assert isinstance(compare(None, run("error: b.c:12 broke"), base), Failed)


def test_what_the_base_cannot_run_either_is_left_to_ci() -> None:
    assert isinstance(compare(None, run("x: command not found", code=127), run("x: not found", code=127)), LeftToCi)
    assert isinstance(compare(None, run("dial: Connection refused"), run("Connection refused")), LeftToCi)
    assert isinstance(compare(None, run(timed_out=True), run(timed_out=True)), LeftToCi)


def test_an_endless_gate_that_ends_on_the_base_fails() -> None:
    assert isinstance(compare(None, run(timed_out=True), run("error: a")), Failed)


def test_one_test_that_needs_the_network_does_not_hide_the_others() -> None:
    base = run("ConnectionError: connection refused", junit(a="connection refused", b=None))
    assert isinstance(
        compare("junit", run("connection refused", junit(a="connection refused", b="mine")), base), Failed
    )


def test_a_command_that_only_now_is_missing_fails() -> None:
    assert isinstance(compare(None, run("gone", code=127), run("error: old")), Failed)


def test_ruff_sarif_and_json_reports() -> None:
    ruff = [{"filename": "w/a.py", "code": "F401", "message": "unused", "location": {"row": 3}}]
    assert [f.key for f in findings("ruff", run(report=json.dumps(ruff)))] == ["w/a.py: F401 unused"]
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 7}}}
    sarif = {"runs": [{"results": [{"ruleId": "X1", "message": {"text": "bad"}, "locations": [place]}]}]}
    assert [(f.key, f.detail) for f in findings("sarif", run(report=json.dumps(sarif)))] == [
        ("a.c: X1 bad", "a.c:7: X1 bad")
    ]
    keys = [{f.key for f in findings("json", run(report=json.dumps([{"rule": "r", "line": n}])))} for n in (1, 2)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("kind", ["junit", "ruff", "sarif", "json", None])
@pytest.mark.parametrize("report", ["", "<", "[]", "{}", "null", "[1]", '{"runs": []}', "<a/>"])
def test_a_broken_report_falls_back_to_the_output(kind: str | None, report: str) -> None:
    assert [f.key for f in findings(kind, run("error: it broke", report))] == ["error: it broke"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("pytest -q", "junit"),
        ("python3 -m pytest -q tests", "junit"),
        ("cd sub && FOO=1 uv run pytest", "junit"),
        (".venv/bin/pytest", "junit"),
        ("tox -e pytest", None),
        ("pytest | tee log", None),
        ("pytest --junitxml=x.xml", None),
        ("ruff check .", "ruff"),
        ("ruff check . --output-format=github", None),
        ("make test", None),
    ],
)
def test_a_report_is_asked_for_only_where_it_is_understood(command: str, kind: str | None) -> None:
    assert instrument(command, None).kind == kind


def test_the_report_is_split_from_the_output() -> None:
    script = instrument("pytest", "junit")
    assert script.split(f"2 passed\n\n{script.mark}\n<xml/>\n") == ("2 passed", "<xml/>")
    assert script.split("killed") == ("killed", None)
