"""What a check found, as a set that can be compared between two trees."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from junitparser import Error, Failure, JUnitXml, JUnitXmlError, TestCase, TestSuite

from minion.nodes.printed import printed

LONGEST_DETAIL = 1_500


@dataclass(frozen=True)
class CommandRun:
    """A command that has ended. `report` is the machine-readable part, where one was asked for and made."""

    exit_code: int
    output: str
    timed_out: bool
    seconds: float
    report: str | None = None

    @property
    def passed(self) -> bool:
        return self.exit_code == 0 and not self.timed_out


@dataclass(frozen=True)
class Finding:
    """`key` names it on any tree (no line numbers); `detail` is what the model needs to mend it."""

    key: str
    detail: str = ""


def findings(kind: str | None, run: CommandRun) -> list[Finding]:
    """From the report if it can be read, else from what test programs print, else from the lines of the output that are
    not mere progress."""
    parsed: list[Finding] | None = None
    if run.report is not None:
        match kind:
            case "junit":
                parsed = _junit(run.report)
            case "ruff":
                parsed = _ruff(run.report)
            case "sarif":
                parsed = _sarif(run.report)
            case "json":
                parsed = _json(run.report)
            case _:
                parsed = None
    return parsed or _printed(run.output) or [Finding(line) for line in normalised_lines(run.output)]


def _printed(output: str) -> list[Finding]:
    told = printed(output)
    return [Finding(name, detail) for name, detail in told.failing] if told else []


def counted(run: CommandRun) -> str:
    """`214 passed, 1 failed` from a JUnit report or what a test program prints, else nothing."""
    suite = _parsed_junit(run.report) if run.report and "<testsuite" in run.report else None
    if suite is None:
        told = printed(run.output)
        return told.counts if told else ""
    cases = list(_cases(suite))
    failed = sum(1 for case in cases if _problems(case))
    skipped = sum(1 for case in cases if case.is_skipped)
    parts = [f"{len(cases) - failed - skipped} passed"]
    parts += [f"{number} {word}" for number, word in ((failed, "failed"), (skipped, "skipped")) if number]
    return ", ".join(parts)


def passing(kind: str | None, run: CommandRun) -> frozenset[str] | None:
    """The keys of the tests that passed; None where there is no report by tests."""
    suite = _parsed_junit(run.report) if kind == "junit" and run.report else None
    if suite is None:
        return None
    return frozenset(_key(case) for case in _cases(suite) if not _problems(case) and not case.is_skipped)


def _key(case: TestCase) -> str:
    return f"{case.classname or ''}::{case.name}"


def _junit(text: str) -> list[Finding] | None:
    suite = _parsed_junit(text)
    if suite is None:
        return None
    return [
        Finding(_key(case), _detail(problem.message or "", problem.text or "")[:LONGEST_DETAIL])
        for case in _cases(suite)
        for problem in _problems(case)
    ]


def _detail(message: str, text: str) -> str:
    """The text alone where it holds the message: pytest's says it again after the lines of code."""
    first = message.strip().partition("\n")[0]
    return text.strip("\n") if first and first in text else "\n".join(part for part in (message, text) if part)


def _parsed_junit(text: str) -> Any:
    try:
        return JUnitXml.fromstring(text.encode())
    except (JUnitXmlError, SyntaxError, ValueError):
        return None


def _cases(suite: Any) -> Iterator[TestCase]:
    for item in suite:
        if isinstance(item, TestSuite):
            yield from _cases(item)
        elif isinstance(item, TestCase):
            yield item


def _problems(case: TestCase) -> list[Any]:
    return [entry for entry in case.result if isinstance(entry, Failure | Error)]


def _ruff(text: str) -> list[Finding] | None:
    """https://docs.astral.sh/ruff/settings/#output-format, `json`."""
    items = _objects(text)
    return None if items is None else [_ruff_finding(item) for item in items]


def _ruff_finding(item: Mapping[str, Any]) -> Finding:
    path, row = item.get("filename", ""), (item.get("location") or {}).get("row", 0)
    message = f"{item.get('code') or 'syntax'} {item.get('message', '')}"
    return Finding(f"{path}: {message}", f"{path}:{row}: {message}")


def _sarif(text: str) -> list[Finding] | None:
    """https://docs.oasis-open.org/sarif/sarif/v2.1.0/, `runs[].results[]`."""
    document = _loaded(text)
    if not isinstance(document, Mapping):
        return None
    results = [result for run in document.get("runs", ()) for result in run.get("results", ())]
    return [_sarif_finding(result) for result in results if result.get("level", "warning") != "none"]


def _sarif_finding(result: Mapping[str, Any]) -> Finding:
    places = result.get("locations") or [{}]
    place = places[0].get("physicalLocation", {})
    path = place.get("artifactLocation", {}).get("uri", "")
    message = f"{result.get('ruleId', '')} {result.get('message', {}).get('text', '')}"
    return Finding(f"{path}: {message}", f"{path}:{place.get('region', {}).get('startLine', 0)}: {message}")


_PLACES = frozenset({"line", "column", "row", "col", "endLine", "endColumn", "end_line", "location", "end_location"})


def _json(text: str) -> list[Finding] | None:
    """A list of objects of any kind; what tells a place in a file is left out of the key."""
    items = _objects(text)
    if items is None:
        return None
    return [
        Finding(
            json.dumps({k: v for k, v in item.items() if k not in _PLACES}, sort_keys=True),
            json.dumps(item, sort_keys=True)[:LONGEST_DETAIL],
        )
        for item in items
    ]


def _objects(text: str) -> list[Mapping[str, Any]] | None:
    value = _loaded(text)
    return value if isinstance(value, list) and all(isinstance(item, Mapping) for item in value) else None


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")
_TEMPORARY = re.compile(r"/tmp/[^\s:'\"]+")  # noqa: S108 -- recognised, not used
_INTERESTING = re.compile(
    r"\b(\w*error|fail|failed|failure|\w*exception|panic|warning|assert\w*|not ok|✗|✘)", re.IGNORECASE
)


def normalised_lines(output: str) -> list[str]:
    """Lines that speak of trouble, without numbers and temporary paths; all lines when none does."""
    lines = [_NUMBER.sub("#", _TEMPORARY.sub("<tmp>", line)).strip() for line in output.splitlines()]
    trouble = [line for line in lines if _INTERESTING.search(line)]
    return _unique(trouble or [line for line in lines if line])


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))
