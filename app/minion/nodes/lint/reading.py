"""What linters print, understood (pure). Nothing that they print is trusted: what cannot be read is no finding."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from minion.nodes.lint.linters import Reading

LONGEST_MESSAGE = 300
_UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),
    *(OverflowError, RecursionError, ET.ParseError),
)
MOST = 1_000


@dataclass(frozen=True)
class Found:
    """A finding. `path` is as the tool printed it; `line` is 0 for the file as a whole."""

    path: str
    line: int
    code: str
    message: str
    warning: bool = False


def found(reading: Reading, stdout: str, stderr: str) -> tuple[Found, ...]:
    """At most 1,000 findings, messages cut at 300 characters; empty for what is not of this form."""
    read = _READINGS[reading]
    for text in (stdout, stderr, f"{stdout}\n{stderr}"):
        try:
            items = [item for item, _ in zip(read(text), range(MOST), strict=False)]
        except _UNREADABLE:
            continue
        if items:
            return tuple(items)
    return ()


def _item(path: Any, line: Any, code: Any, message: Any, *, warning: bool = False) -> Found:
    one_line = " ".join(str(message).split())
    return Found(str(path), int(line or 0), str(code or "").strip(), one_line[:LONGEST_MESSAGE], warning)


# --- JSON


def _ruff(text: str) -> Iterator[Found]:
    """https://docs.astral.sh/ruff/settings/#output-format"""
    for item in json.loads(text):
        row = (item.get("location") or {}).get("row")
        yield _item(item["filename"], row, item.get("code") or "syntax", item["message"])


def _eslint(text: str) -> Iterator[Found]:
    """https://eslint.org/docs/latest/use/formatters/#json. A file that its configuration ignores is no finding."""
    for file in json.loads(text):
        for message in file["messages"]:
            if message.get("ruleId") or message.get("fatal"):
                rule, mild = message["ruleId"] or "syntax", message.get("severity") == 1
                yield _item(file["filePath"], message.get("line"), rule, message["message"], warning=mild)


def _stylelint(text: str) -> Iterator[Found]:
    """https://stylelint.io/user-guide/options#json"""
    for file in json.loads(text):
        for warning in file["warnings"]:
            mild = warning.get("severity") == "warning"
            yield _item(file["source"], warning.get("line"), warning["rule"], warning["text"], warning=mild)


def _rubocop(text: str) -> Iterator[Found]:
    """https://docs.rubocop.org/rubocop/formatters.html#json-formatter"""
    for file in json.loads(text)["files"]:
        for offense in file["offenses"]:
            yield _item(file["path"], offense["location"]["line"], offense["cop_name"], offense["message"])


def _shellcheck(text: str) -> Iterator[Found]:
    """https://github.com/koalaman/shellcheck/wiki/Integration, `json1`"""
    for comment in json.loads(text)["comments"]:
        yield _item(comment["file"], comment["line"], f"SC{comment['code']}", comment["message"])


def _hadolint(text: str) -> Iterator[Found]:
    """https://github.com/hadolint/hadolint#cli"""
    for item in json.loads(text):
        yield _item(item["file"], item["line"], item["code"], item["message"])


def _sqlfluff(text: str) -> Iterator[Found]:
    """https://docs.sqlfluff.com/en/stable/reference/cli.html; `line_no` before 3.0."""
    for file in json.loads(text):
        for item in file["violations"]:
            line = item.get("start_line_no") or item.get("line_no")
            yield _item(file["filepath"], line, item["code"], item["description"])


def _sarif(text: str) -> Iterator[Found]:
    """https://docs.oasis-open.org/sarif/sarif/v2.1.0/"""
    for run in json.loads(text)["runs"]:
        for result in run.get("results", ()):
            place: Mapping[str, Any] = (result.get("locations") or [{}])[0].get("physicalLocation", {})
            path = place.get("artifactLocation", {}).get("uri", "")
            line = place.get("region", {}).get("startLine")
            yield _item(path, line, result.get("ruleId"), result["message"].get("text", ""))


# --- XML


def _checkstyle(text: str) -> Iterator[Found]:
    """https://checkstyle.org/ in its XML form: `<file name><error line source message/>`. No document type is read."""
    start = text.find("<checkstyle")
    if start < 0 or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return
    for file in ET.fromstring(text[start:].strip()).iter("file"):  # noqa: S314 -- no entities: refused above
        for error in file.iter("error"):
            source = error.get("source", "").rsplit(".", 1)[-1]
            yield _item(file.get("name"), error.get("line"), source, error.get("message", ""))


# --- lines

_PLACE = re.compile(r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+)(?::\d+)?:?\s+(?P<rest>\S.*)$")
_LEVEL = re.compile(r"^\[?(?:error|warning|info|note|style)\]?[:\s]\s*", re.IGNORECASE)
_CODE_FIRST = re.compile(r"^(?P<code>[A-Z]{1,5}\d{2,5})(?:/[\w/-]+)?:?\s+(?P<message>.*)$")
_CODE_PARENS = re.compile(r"^\((?P<code>[\w-]+)\)\s+(?P<message>.*)$")
_CODE_LAST = re.compile(r"^(?P<message>.*\S)\s+[\[(](?P<code>[\w/@.()-]+)[\])]$")


def _lines(text: str) -> Iterator[Found]:
    """`path:line[:column]: …`, as compilers and most linters print it."""
    for row in text.splitlines():
        place = _PLACE.match(row)
        if place is None:
            continue
        rest = _LEVEL.sub("", place["rest"])
        coded = _CODE_FIRST.match(rest) or _CODE_PARENS.match(rest) or _CODE_LAST.match(rest)
        code, message = (coded["code"], coded["message"]) if coded else ("", rest)
        yield _item(place["path"].removeprefix("./"), place["line"], code, message)


_NAMED = (
    re.compile(r"^would reformat:? (?P<path>.+)$", re.IGNORECASE),
    re.compile(r"^ERROR: (?P<path>.+?) Imports are incorrectly sorted and/or formatted\.$"),
)
_CHATTER = re.compile(r"^(?:\d+ files? |All done!|Oh no!|warning|error|\[|Checking |All matched )|\s{2}|[💥✨💔]|:$")


def _names(text: str) -> Iterator[Found]:
    """The files that are not formatted: alone on their lines, or in one of a few sentences."""
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    said = [named["path"] for row in rows for pattern in _NAMED if (named := pattern.match(row))]
    for path in said or [row for row in rows if not _CHATTER.search(row)]:
        yield _item(path, 0, "format", "is not formatted")


_ANNOTATION = re.compile(r"^::(?:error|warning|notice) (?P<properties>[^\n]*?)::(?P<message>.*)$")


def _github(text: str) -> Iterator[Found]:
    """https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#setting-an-error-message"""
    for row in text.splitlines():
        command = _ANNOTATION.match(row.strip())
        if command is not None:
            properties = dict(_pairs(command["properties"].split(",")))
            line, title = properties.get("line", "0"), properties.get("title", "")
            yield _item(properties["file"], line, title.removeprefix("lint/"), command["message"].replace("%0A", " "))


def _pairs(parts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, _, value = part.partition("=")
        yield name.strip(), value.replace("%2C", ",").replace("%3A", ":")


_READINGS: Mapping[Reading, Callable[[str], Iterator[Found]]] = {
    "checkstyle": _checkstyle,
    "eslint": _eslint,
    "github": _github,
    "hadolint": _hadolint,
    "lines": _lines,
    "names": _names,
    "rubocop": _rubocop,
    "ruff": _ruff,
    "sarif": _sarif,
    "shellcheck": _shellcheck,
    "sqlfluff": _sqlfluff,
    "stylelint": _stylelint,
}
