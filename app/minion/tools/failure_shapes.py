"""How failures look in the outputs of programs: the table behind `tools.failures`.

A `sign` does not begin with white space that may span lines: many empty ones would make it slow. Order matters: what a
test runner says comes before what looks like a compiler's line within it. Each shape was written
against the output of the program itself, or of its documentation where it is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NEVER = re.compile(r"(?!)")
_STACK = re.compile(
    r"^\s+at .*(?:node:internal|node:async_hooks|node_modules"
    r"|java\.base|jdk\.internal|org\.junit|org\.gradle|org\.apache\.maven)"
)


@dataclass(frozen=True)
class Shape:
    """`sign`: something that only this program says. A failure is a line that `begin` matches (its group `title`, where
    there is one, stands for it) and the lines after it as long as `goes_on` matches; without `noise`, and where there
    is a `pick`, only those that it finds."""

    program: str
    sign: re.Pattern[str]
    begin: re.Pattern[str]
    goes_on: re.Pattern[str] = _NEVER
    pick: re.Pattern[str] | None = None
    noise: re.Pattern[str] = _STACK


def _shape(
    program: str, sign: str, begin: str, goes_on: str | None = None, pick: str | None = None, noise: str | None = None
) -> Shape:
    return Shape(
        program,
        re.compile(sign, re.MULTILINE),
        re.compile(begin),
        _NEVER if goes_on is None else re.compile(goes_on),
        None if pick is None else re.compile(pick),
        _STACK if noise is None else re.compile(noise),
    )


SHAPES: tuple[Shape, ...] = (
    _shape(
        "pytest",
        r"^=+ (?:FAILURES|ERRORS) =+$",
        r"^_{3,} (?P<title>.+?) _{3,}$",
        r"^(?!={3,}|_{3,} )",
        pick=r"^(?:>|E  )|^\S+:\d+: ",
    ),
    _shape("pytest", r"^(?:FAILED|ERROR) \S+\.py", r"^(?P<title>(?:FAILED|ERROR|SUBFAILED\S*) \S+\.py.*)$"),
    _shape(
        "unittest",
        r"^(?:FAIL|ERROR): .*\n-{20,}$",
        r"^(?P<title>(?:FAIL|ERROR): .+)$",
        r"^(?!={20,}|Ran \d+ test)",
        noise=r"^-{20,}$|^Traceback ",
    ),
    _shape(
        "jest",
        r"^Test Suites: ",
        r"^\s{2}● (?!Console)(?P<title>.+)$",
        r"^(?!\s{2}● |\S)",
        noise=rf"{_STACK.pattern}|^\s*\|?\s*$",
    ),
    _shape(
        "vitest",
        r"^ *(?:⎯+ Failed (?:Tests|Suites) \d+ ⎯+|Test Files  )",
        r"^\s*FAIL\s+(?P<title>\S.+)$",
        r"^(?!⎯{3,}\[)",
    ),
    _shape("mocha", r"^  \d+ failing$", r"^  \d+\) (?P<title>.+)$", r"^"),
    _shape(
        "node --test",
        r"^TAP version 1[34]$",
        r"^\s*not ok \d+ - (?P<title>.+)$",
        r"^\s+(?!# |ok |not ok |\d+\.\.)",
        pick=r"^\s+(?:location|error|expected|actual): |^\s{4,}(?!at |Test\b|TestContext|Async|node:|\w+: )\S",
    ),
    _shape("node --test", r"^✖ failing tests:$", r"^✖ (?P<title>.+? \([\d.]+ms\))$", r"^(?:\s{2,}|$)"),
    _shape("go test", r"^ *--- FAIL: |^FAIL\t", r"^\s*--- FAIL: (?P<title>.+)$", r"^\s{4,}(?!--- )"),
    _shape("go", r"^(?:# \S+\n)?\S+\.go:\d+:\d+: ", r"^(?P<title>(?:vet: )?\S+\.go:\d+:\d+: .+)$", r"^\t"),
    _shape(
        "cargo test",
        r"^---- \S+ stdout ----$",
        r"^---- (?P<title>\S+) stdout ----$",
        r"^(?!----|failures:$)",
        noise=r"^note: |^stack backtrace:|^\s+\d+: |^\s+at ",
    ),
    _shape(
        "rustc",
        r"^error(?:\[E\d+\])?: .*\n *--> ",
        r"^(?P<title>error(?:\[E\d+\])?: (?!could not compile|aborting).+)$",
        r"^\s*(?:-->|\d* +[|=]|\d+ \|)",
    ),
    _shape(
        "rspec",
        r"^\d+ examples?, \d+ failures?",
        r"^  \d+\) (?P<title>.+)$",
        r"^(?:\s{4,}|$)",
        noise=r"^\s+# (?:/|\S*gems)",
    ),
    _shape(
        "maven",
        r"^\[ERROR\] .*(?:Failures: |COMPILATION ERROR|<<< (?:FAILURE|ERROR)!)",
        r"^\[ERROR\] (?P<title>(?:[^\s:]+ -- .*<<< (?:FAILURE|ERROR)!|\S+\.(?:java|kt|scala):\[\d+,\d+\] .+))$",
        r"^(?!\[|$)",
        noise=r"^\s+at (?!.*\(\w+Test)",
    ),
    _shape("maven", r"^\[ERROR\] (?:Failures|Errors): $", r"^\[ERROR\]   (?P<title>\S+:\d+.*)$"),
    _shape(
        "gradle",
        r"^(?:> Task \S+ FAILED|\d+ tests? completed, \d+ failed)",
        r"^(?P<title>\S[^>]* > .+ FAILED)$",
        r"^\s{4}",
        noise=r"^\s+at (?!.*\(\w+Test)",
    ),
    _shape("tsc", r"^\S+\(\d+,\d+\): error TS\d+: ", r"^(?P<title>\S+\(\d+,\d+\): error TS\d+: .+)$", r"^  "),
    _shape("tsc", r"^\S+:\d+:\d+ - error TS\d+: ", r"^(?P<title>\S+:\d+:\d+ - error TS\d+: .+)$", r"^  (?!\s*~)"),
    _shape("javac", r"^\S+\.(?:java|kt):\d+: error: ", r"^(?P<title>\S+\.(?:java|kt):\d+: error: .+)$", r"^\s"),
    _shape("eslint", r"^✖ \d+ problems? \(", r"^(?P<title>/?\S.*\.\w+)$", r"^\s+\d+:\d+\s+", pick=r"\serror\s"),
    _shape("ruff", r"^Found \d+ errors?\.", r"^(?P<title>\S+?:\d+:\d+: [A-Z]+\d+ .+)$"),
    _shape("ruff", r"^Found \d+ errors?\.", r"^(?P<title>(?:[A-Z]+\d+|invalid-syntax):? .+)$", r"^ +-->", pick=r"-->"),
    _shape("mypy", r"^Found \d+ errors? in \d+ files?", r"^(?P<title>\S+:\d+(?::\d+)?: error: .+)$"),
    _shape("compiler", r"^\S+:\d+:\d+: (?:fatal )?error: ", r"^(?P<title>\S+:\d+:\d+: (?:fatal )?error: .+)$", r"^\s"),
    _shape(
        "python",
        r"^Traceback \(most recent call last\):$",
        r"^(?P<title>Traceback) \(most recent call last\):$",
        r"^(?:\s|[\w.]+(?:Error|Exception|Interrupt|Exit)\b|AssertionError)",
    ),
)
