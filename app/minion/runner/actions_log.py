"""A round's trace in the job's log, with untrusted text kept from being read as commands
(https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands)."""

from __future__ import annotations

import secrets
from typing import TextIO

from minion.domain.trace import TraceEvent

UNTRUSTED_LIMIT = 4_000


class ActionsLog:
    """A listener of the journal: a group for each node, one line for each call, long texts cut."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._grouped = False

    def listen(self, event: TraceEvent) -> None:
        match event.kind:
            case "node.started":
                self._group(event.node)
            case "node.finished":
                self._untrusted(f"{event.node}: {event.data.get('outcome', '')} {event.text}")
                self._end_group()
            case "agent.usage":
                pass
            case _:
                self._untrusted(_line(event))
        self._out.flush()

    def notice(self, text: str) -> None:
        self._end_group()
        self._out.write(f"::notice title=minion::{escaped(text)}\n")

    def error(self, text: str) -> None:
        self._end_group()
        self._out.write(f"::error title=minion::{escaped(text)}\n")

    def mask(self, secret: str) -> None:
        """Has the runner replace the value by *** wherever it would be logged."""
        self._out.write(f"::add-mask::{escaped(secret)}\n")
        self._out.flush()

    def _group(self, title: str) -> None:
        self._end_group()
        self._out.write(f"::group::{escaped(title)}\n")
        self._grouped = True

    def _end_group(self) -> None:
        if self._grouped:
            self._out.write("::endgroup::\n")
            self._grouped = False

    def _untrusted(self, text: str) -> None:
        """Between a stop and a token that nobody can guess, no line is a command."""
        shown = text if len(text) <= UNTRUSTED_LIMIT else text[:UNTRUSTED_LIMIT] + f" ... ({len(text)} characters)"
        token = secrets.token_hex(16)
        self._out.write(f"::stop-commands::{token}\n{shown.rstrip()}\n::{token}::\n")


def escaped(text: str) -> str:
    """For the value of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _line(event: TraceEvent) -> str:
    place = f" {event.node}" if event.node else ""
    facts = "".join(f" {key}={value}" for key, value in event.data.items() if isinstance(value, str | int | float))
    text = f" {event.text}" if event.text else ""
    return f"[{event.kind}{place}]{facts}{text}"
