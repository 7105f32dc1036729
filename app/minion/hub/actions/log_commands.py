"""Workflow commands that a step prints.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

_COMMAND = re.compile(r"^\s*::(?P<name>[a-zA-Z-]+)(?:\s+(?P<properties>.*?))?::(?P<message>.*)$")
_LEVELS: Mapping[str, Literal["failure", "warning", "notice"]] = {
    "error": "failure",
    "warning": "warning",
    "notice": "notice",
}
_DISABLED = frozenset({"set-output", "save-state", "set-env", "add-path"})
_ANNOTATION_KEYS = frozenset({"file", "line", "endline", "col", "endcolumn", "title"})


@dataclass(frozen=True)
class Line:
    """Goes to the log as it is."""

    text: str


@dataclass(frozen=True)
class Annotation:
    text: str  # the line for the log
    body: Mapping[str, Any]  # as the checks API has it


@dataclass(frozen=True)
class Mask:
    value: str


@dataclass(frozen=True)
class Refused:
    """The step fails with this message."""

    message: str


@dataclass(frozen=True)
class Silent:
    """Nothing to show."""


Reading: TypeAlias = Line | Annotation | Mask | Refused | Silent


@dataclass
class CommandReader:
    """Reads one step's output line by line; remembers whether commands are stopped."""

    workspace: str
    stopped_until: str | None = field(default=None)
    echo: bool = False

    def read(self, line: str) -> Reading:
        match = _COMMAND.match(line)
        if match is None:
            return Line(line)
        name = match["name"].lower()
        if self.stopped_until is not None:
            return self._maybe_resume(match, line)
        message = _unescape(match["message"])
        if name == "stop-commands":
            return self._stop(message)
        return self._command(name, _properties(match["properties"] or ""), message, line)

    def _maybe_resume(self, match: re.Match[str], line: str) -> Reading:
        if match["name"] == self.stopped_until and not match["message"]:
            self.stopped_until = None
            return Silent()
        return Line(line)

    def _stop(self, token: str) -> Reading:
        if not token:
            return Refused("Invalid stop-commands token")
        self.stopped_until = token
        return Silent()

    def _command(self, name: str, properties: Mapping[str, str], message: str, line: str) -> Reading:
        if name in _LEVELS:
            return self._annotation(name, properties, message)
        match name:
            case "group":
                return Line(f"##[group]{message}")
            case "endgroup":
                return Line("##[endgroup]")
            case "debug" | "echo":
                return Silent()
            case "add-mask":
                return Mask(message)
            case "add-matcher" | "remove-matcher":
                return Refused(f"Unable to process command '{line}': problem matchers are not available in this hub.")
            case _ if name in _DISABLED:
                return Refused(f"Unable to process command '{line}' successfully. The `{name}` command is disabled.")
            case _:
                return Line(line)

    def _annotation(self, name: str, properties: Mapping[str, str], message: str) -> Reading:
        unknown = set(properties) - _ANNOTATION_KEYS
        if unknown:
            return Refused(f"Unknown property '{min(unknown)}' of the command '{name}'")
        start = _number(properties.get("line"), 1)
        body: dict[str, Any] = {
            "path": self._relative(properties.get("file", ".github")),
            "start_line": start,
            "end_line": _number(properties.get("endline"), start),
            "annotation_level": _LEVELS[name],
            "message": message,
            "title": properties.get("title", ""),
        }
        columns = {"start_column": properties.get("col"), "end_column": properties.get("endcolumn")}
        body |= {key: _number(value, 1) for key, value in columns.items() if value}
        return Annotation(f"##[{name}]{message}", body)

    def _relative(self, path: str) -> str:
        return path.removeprefix(self.workspace + "/")


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else otherwise


def _properties(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {key.strip().lower(): _unescape_property(value) for key, _, value in pairs if value}


def _unescape(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _unescape_property(text: str) -> str:
    return _unescape(text.replace("%3A", ":").replace("%2C", ","))
