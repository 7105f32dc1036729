"""What programs really printed (tests/tools/outputs), but for go, rspec, maven and gradle, whose samples follow
https://pkg.go.dev/testing, https://rspec.info, https://maven.apache.org/surefire and https://docs.gradle.org."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tools.conftest import Call

from minion.tools.failure_shapes import SHAPES
from minion.tools.failures import failures_in
from minion.tools.limits import FAILURES, FAILURES_CHARACTERS

OUTPUTS = Path(__file__).parent / "outputs"
EXPECTED = {
    "cargo-test": ("cargo test", 2, "panicked at src/lib.rs:4:17"),
    "eslint": ("eslint", 1, "2:1  error    'foo' is not defined"),
    "gcc": ("compiler", 1, "x.c:1:19: error: "),
    "go-build": ("go", 2, "./add.go:4:9: undefined: foo"),
    "go-test": ("go test", 3, "table_test.go:21: got -1, want 1"),
    "gradle": ("gradle", 2, "expected: <4> but was: <3>"),
    "javac": ("javac", 2, "cannot find symbol"),
    "jest": ("jest", 2, "at Object.strictEqual (test/a.test.js:3:29)"),
    "maven": ("maven", 2, "at com.example.CalcTest.adds(CalcTest.java:10)"),
    "maven-compile": ("maven", 1, "Calc.java:[6,16] cannot find symbol"),
    "mocha": ("mocha", 2, "2 !== 3"),
    "mypy": ("mypy", 1, "bad.py:2: error: Incompatible types"),
    "node-spec": ("node --test", 3, "1 !== 2"),
    "node-tap": ("node --test", 3, "location: '/project/t.mjs:2:1'"),
    "pytest": ("pytest", 3, "E       AssertionError: 1 != 2 : one is not two\n  test_u.py:4: AssertionError"),
    "pytest-short": ("pytest", 3, "FAILED test_u.py::T::test_b - ValueError: boom"),
    "rspec": ("rspec", 2, "expected: 4"),
    "ruff": ("ruff", 3, "F821 Undefined name `undefined`\n  --> bad.py:4:14"),
    "ruff-concise": ("ruff", 3, "bad.py:4:14: F821"),
    "rustc": ("rustc", 1, "--> src/lib.rs:1:21"),
    "tsc": ("tsc", 2, "t.ts(1,7): error TS2322"),
    "tsc-pretty": ("tsc", 2, "t.ts:1:7 - error TS2322"),
    "unittest": ("unittest", 3, "AssertionError: 1 != 2 : one is not two"),
    "vitest": ("vitest", 2, "AssertionError: expected 2 to be 3"),
}


def test_every_recorded_output_is_expected_and_every_shape_is_recorded() -> None:
    assert {path.stem for path in OUTPUTS.iterdir()} == set(EXPECTED)
    assert {shape.program for shape in SHAPES} - {program for program, _, _ in EXPECTED.values()} == {"python"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_failures_of_a_program_are_found(name: str) -> None:
    program, count, words = EXPECTED[name]
    found = failures_in((OUTPUTS / f"{name}.txt").read_text())
    assert found is not None
    assert (found.program, len(found.texts)) == (program, count), found.texts
    assert words in found.shown()
    noise = ("node:internal", "java.base/", "node_modules/")
    assert not [word for word in noise if word in found.shown()]


def test_a_traceback_alone_is_a_failure() -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    f()\nValueError: no\nbye\n'
    found = failures_in(text)
    assert found is not None
    assert found.texts == ('Traceback\n    File "a.py", line 3, in <module>\n      f()\n  ValueError: no',)


def test_there_is_room_for_some_and_the_rest_is_counted() -> None:
    rows = [f"src/a.c:{number}:1: error: {'x' * 400}" for number in range(1, 101)]
    found = failures_in("\n".join(rows))
    assert found is not None
    assert len(found.texts) == 100
    assert f"[{100 - FAILURES} more]" in found.shown()
    assert len(found.shown()) < FAILURES_CHARACTERS + 300


@pytest.mark.parametrize("text", ["", "all is well\n", "3 passed in 0.1s", "x" * 100_000, "\n" * 100_000])
def test_what_is_not_known_is_left_alone(text: str) -> None:
    assert failures_in(text) is None


@pytest.mark.parametrize(
    "line",
    [
        "a > " * 500,
        "(" * 2_000,
        ":1" * 1_000,
        "FAIL: x",
        "   " * 600 + "x",
        "[ERROR] " * 250,
        "● " * 900,
        "a.go:1:" * 280,
    ],
)
def test_no_output_makes_it_slow(line: str) -> None:
    signs = "Test Suites: \n> Task :x FAILED\n1 tests completed, 1 failed\nFound 1 error.\n  1 failing\n✖ 1 problem (\n"
    began = time.monotonic()
    failures_in(signs + f"{line}\n" * (8_000_000 // (len(line) + 1)))
    assert time.monotonic() - began < 10


@given(st.text(alphabet=st.sampled_from("FAILED: error\n\t _-=()[]>●✖✗.:0123aE"), max_size=400))
def test_any_text_is_taken(text: str) -> None:
    found = failures_in("Test Suites: \nFound 1 error.\nTAP version 13\n= FAILURES =\n" + text)
    assert found is None or found.shown()


def test_the_shell_puts_failures_first_and_keeps_the_whole(call: Call, tree: Path) -> None:
    (tree / "out.txt").write_text("starting\n" + "progress\n" * 2_000 + (OUTPUTS / "pytest.txt").read_text())
    text = str(call("shell", command="cat out.txt; exit 1").content)
    assert text.startswith('exit code 1\n<failures program="pytest" count="3">\nT.test_a\n')
    assert "<stdout>\nstarting\n" in text
    assert "characters left out" in text
    assert len(text) < 6_000
    whole = call("read", path=text.rsplit("read ", 1)[1].strip(), start=1, count=3)
    assert "starting" in str(whole.content)


def test_short_outputs_and_successes_stay_as_they_are(call: Call, tree: Path) -> None:
    (tree / "out.txt").write_text((OUTPUTS / "pytest.txt").read_text())
    assert "<failures" not in str(call("shell", command="cat out.txt; exit 1").content)
    (tree / "out.txt").write_text("progress\n" * 2_000 + (OUTPUTS / "pytest.txt").read_text())
    assert "<failures" not in str(call("shell", command="cat out.txt").content)
