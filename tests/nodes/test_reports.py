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


# --- what test programs print

TAPE = """\
TAP version 13
# adds
ok 1 should be equal
not ok 2 should be equal
  ---
    operator: equal
    expected: 3
    actual:   4
    at: Test.<anonymous> (test/a.js:7:5)
    stack: |-
      Error: should be equal
          at Test.assert [as _assert] (node_modules/tape/lib/test.js:492:48)
  ...
# not yet
not ok 3 later # TODO

1..3
# tests 3
# pass  1
# fail  1
"""
NODE = """\
TAP version 13
# Subtest: sums
    # Subtest: adds
    not ok 1 - adds
      ---
      duration_ms: 0.8
      failureType: 'testCodeFailure'
      error: '4 !== 3'
      stack: |-
        TestContext.<anonymous> (test/a.test.js:4:10)
        Test.runInAsyncScope (node:async_hooks:206:9)
      ...
    1..1
not ok 1 - sums
  ---
  duration_ms: 1.2
  failureType: 'subtestsFailed'
  error: '1 subtest failed'
  ...
1..1
# tests 1
# pass 0
# fail 1
# skipped 0
"""
MOCHA = """\
  22 passing (15ms)
  1 pending
  1 failing

  1) sums
       adds:

      AssertionError: 4 == 3
      + expected - actual

      at Context.<anonymous> (test/a.js:5:12)
      at process.processImmediate (node:internal/timers:476:21)
"""
JEST = """\
FAIL src/a.test.js
  ● sums \u203a adds

    expect(received).toBe(expected)

    Expected: 3
    Received: 4

      at Object.<anonymous> (src/a.test.js:3:15)

Test Suites: 1 failed, 2 passed, 3 total
Tests:       1 failed, 1 skipped, 22 passed, 24 total
"""
VITEST = """\
⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/a.spec.ts > sums > adds
AssertionError: expected 4 to be 3 // Object.is equality
 \u276f src/a.spec.ts:4:15

⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯

 Test Files  1 failed (1)
      Tests  1 failed | 22 passed (23)
"""


@pytest.mark.parametrize(
    ("output", "name", "what", "counts"),
    [
        (TAPE, "adds > should be equal", "actual:   4", "1 passed, 1 failed"),
        (NODE, "sums > adds", "error: '4 !== 3'", "0 passed, 1 failed"),
        (MOCHA, "sums > adds", "AssertionError: 4 == 3", "22 passed, 1 failed, 1 skipped"),
        (JEST, "sums \u203a adds", "Received: 4", "22 passed, 1 failed, 1 skipped"),
        (VITEST, "src/a.spec.ts > sums > adds", "expected 4 to be 3", "22 passed, 1 failed"),
    ],
)
def test_what_a_test_program_prints_names_its_failures(output: str, name: str, what: str, counts: str) -> None:
    told = run(output)
    [finding] = findings(None, told)
    assert (finding.key, counted(told)) == (name, counts)
    assert what in finding.detail
    assert "node:" not in finding.detail
    assert "node_modules" not in finding.detail
    assert isinstance(compare(None, told, run(output)), Passed), "the base has the same failure"
    other = compare(None, told, run(output.replace("adds", "subtracts")))
    assert isinstance(other, Failed)
    assert other.keys == (name,)


def test_a_test_program_that_breaks_off_is_read_by_lines() -> None:
    told = run("TAP version 13\nok 1 a\nSyntaxError: Unexpected token 'return'\n")
    assert findings(None, told)[0].key == "SyntaxError: Unexpected token 'return'"
