"""What test programs print for people or as TAP, read as failures by test (pure): those that make no report by default.

Formats: https://testanything.org/tap-version-14-specification.html (tape, tap, `node --test`),
https://mochajs.org/#spec, https://jestjs.io/docs/cli, https://vitest.dev/guide/reporters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Failing = tuple[str, str]
"""(the test's name, what is wrong with it)"""

LONGEST_DETAIL: Final = 1_200


@dataclass(frozen=True)
class Printed:
    """`counts`: such as `22 passed, 1 failed`; or nothing, where the program does not say."""

    failing: tuple[Failing, ...]
    counts: str


def printed(output: str) -> Printed | None:
    """None where no program that is known here has printed it."""
    for known, read in _READERS:
        if known.search(output):
            failing = dict(reversed([(name, _bounded(detail)) for name, detail in read(output) if name]))
            return Printed(tuple(reversed(failing.items())), _counts(output))
    return None


# --- TAP

_POINT = re.compile(r"(?P<indent> *)(?P<bad>not )?ok\b(?: \d+)?(?: -)? ?(?P<name>.*)$")
_EXCUSED = re.compile(r"#\s*(?:skip|todo)\b", re.IGNORECASE)
_NUMBERS = re.compile(r"\s+#\s*time=.*$")


def _tap(output: str) -> Iterator[Failing]:
    """A point belongs to the comment before it; one that failed only because of those inside it is left out."""
    lines = output.splitlines()
    comments: dict[int, str] = {}
    for number, line in enumerate(lines):
        said = re.match(r"( *)# (?:Subtest: )?(.*)$", line)
        if said:
            depth = len(said.group(1))
            comments = {indent: words for indent, words in comments.items() if indent < depth} | {depth: said.group(2)}
        point = _POINT.match(line)
        if point is None or not point["bad"] or _EXCUSED.search(point["name"]):
            continue
        depth = len(point["indent"])
        detail = _diagnosis(lines[number + 1 :], depth)
        if "subtestsFailed" not in detail:
            above = [comments[indent] for indent in sorted(comments) if indent <= depth]
            yield " > ".join(dict.fromkeys([*above, _NUMBERS.sub("", point["name"])])), detail


def _diagnosis(lines: list[str], depth: int) -> str:
    """The YAML block below a point, without its marks and what Node's own frames say."""
    if not lines or lines[0].strip() != "---":
        return ""
    end = next((number for number, line in enumerate(lines) if line.strip() == "..."), 0)
    return "\n".join(line[depth + 2 :] for line in lines[1:end] if not _FOREIGN.search(line))


# --- mocha, jest, vitest

_FOREIGN = re.compile(r"(?:\(|\bat )node:|[/ (]node_modules/")
"""Frames of a stack that are not the project's."""


def _mocha(output: str) -> Iterator[Failing]:
    """`1) suite`, the rest of its name on lines of their own up to a colon, then what is wrong."""
    _, _, told = output.rpartition(" failing\n")
    for part in re.split(r"(?m)^  \d+\) ", told)[1:]:
        name, colon, detail = part.partition(":\n")
        if colon:
            yield " > ".join(line.strip() for line in name.splitlines()), detail


def _jest(output: str) -> Iterator[Failing]:
    for part in re.split(r"(?m)^  ● ", output)[1:]:
        name, _, detail = part.partition("\n")
        yield name.strip(), re.split(r"(?m)^(?:Test Suites:|Tests:|(?:PASS|FAIL) )", detail)[0]


def _vitest(output: str) -> Iterator[Failing]:
    for part in re.split(r"(?m)^ *FAIL +", output)[1:]:
        name, _, detail = part.partition("\n")
        yield name.strip(), re.split(r"(?m)^ *⎯{4,}|^ *Test Files ", detail)[0]


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Iterator[Failing]]], ...]] = (
    (re.compile(r"(?m)^TAP version 1[34]$"), _tap),
    (re.compile(r"(?m)^ +\d+ passing \("), _mocha),
    (re.compile(r"(?m)^ +Test Files  \d"), _vitest),
    (re.compile(r"(?m)^Test Suites: +\d"), _jest),
)
_COUNTED: Final = (
    ("passed", re.compile(r"(?m)^# pass +(\d+)$|^ +(\d+) passing \(|^(?:Tests:| +Tests ) .*?(\d+) passed")),
    ("failed", re.compile(r"(?m)^# fail +(\d+)$|^ +(\d+) failing$|^(?:Tests:| +Tests ) .*?(\d+) failed")),
    ("skipped", re.compile(r"(?m)^# skipped +(\d+)$|^ +(\d+) pending$|^(?:Tests:| +Tests ) .*?(\d+) skipped")),
)


def _counts(output: str) -> str:
    parts = []
    for word, pattern in _COUNTED:
        found = [next(number for number in numbers if number) for numbers in pattern.findall(output)]
        if found and (int(found[-1]) or word == "passed"):
            parts.append(f"{found[-1]} {word}")
    return ", ".join(parts)


def _bounded(detail: str) -> str:
    lines = [line.rstrip() for line in detail.splitlines() if not _FOREIGN.search(line)]
    return "\n".join(line for line in lines if line)[:LONGEST_DETAIL]
