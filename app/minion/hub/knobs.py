"""Faults that a test or a person can switch on: bad answers, slow answers, and webhook deliveries that go astray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from minion.hub.errors import Refusal


@dataclass
class Fault:
    """Applies to the next `times` requests whose "METHOD /path" (below /api/v3, or /api/graphql, or /owner/name.git/…)
    matches the glob `pattern`. `status` 0 is no bad answer, only the delay. `after` lets the effect happen first."""

    pattern: str
    status: int = 0
    times: int = 1
    after: bool = False
    delay_s: float = 0.0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # no answer at all: the connection ends
    action: Callable[[], None] | None = None  # run where the fault strikes, without the hub's lock; Python only

    def refusal(self) -> Refusal:
        return Refusal(self.status, self.message or "Server Error", headers=self.headers)


@dataclass
class DeliveryKnobs:
    """Counts are of the deliveries to come (of `event`, or of every event when it is empty)."""

    event: str = ""
    lose: int = 0  # recorded as failed, never sent
    vanish: int = 0  # neither sent nor recorded
    duplicate: int = 0  # sent twice
    delay_s: float = 0.0  # before each
    hold: int = 0  # collect so many, then send them in reverse order

    def concerns(self, event: str) -> bool:
        return not self.event or self.event == event

    def take(self, name: str) -> bool:
        """Uses up one of the count called `name`."""
        left = int(getattr(self, name))
        setattr(self, name, max(0, left - 1))
        return left > 0


@dataclass
class Knobs:
    """All switches of the hub's core. `clock_offset_s` shifts its clock and its Date header; the next
    `mergeable_unknown` reads of a pull request come before GitHub has computed `mergeable`, and show null."""

    faults: list[Fault] = field(default_factory=list)
    deliveries: DeliveryKnobs = field(default_factory=DeliveryKnobs)
    clock_offset_s: float = 0.0
    mergeable_unknown: int = 0

    def fail(self, pattern: str, status: int, **options: Any) -> Fault:
        """`fail("POST /repos/*/issues/*/comments", 502, after=True, times=2)`."""
        fault = Fault(pattern, status, **options)
        self.faults.append(fault)
        return fault

    def secondary_limit(self, pattern: str, *, retry_after: int | None = None, times: int = 1) -> Fault:
        """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return self.fail(pattern, 403, message=message, headers=headers, times=times)

    def primary_limit(self, pattern: str, *, reset: int, times: int = 1) -> Fault:
        """`reset` is in epoch seconds."""
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
        return self.fail(pattern, 403, message="API rate limit exceeded", headers=headers, times=times)

    def slow(self, pattern: str, seconds: float, *, times: int = 1) -> Fault:
        """A late answer; longer than the client's timeout, a timeout whose effect happened."""
        return self.fail(pattern, 0, delay_s=seconds, times=times, after=True)

    def hang_up(self, pattern: str, *, after: bool = True, times: int = 1) -> Fault:
        """The connection ends without an answer, by default once the effect has happened."""
        return self.fail(pattern, 0, after=after, drop=True, times=times)

    def interpose(self, pattern: str, action: Callable[[], None], *, after: bool = False) -> Fault:
        """Runs `action` before the next such request is handled, or between its effect and its answer: a race or a
        crash at exactly that point."""
        return self.fail(pattern, 0, action=action, after=after)

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The first fault that matches, used up once."""
        line = f"{method} {path}"
        found = next((f for f in self.faults if f.times > 0 and fnmatchcase(line, f.pattern)), None)
        if found is not None:
            found.times -= 1
        return found

    def set(self, values: Mapping[str, Any]) -> None:
        """From the control API: {"faults": [{...}], "deliveries": {...}, "clock_offset_s": 0}; nothing else."""
        unknown = set(values) - {"faults", "deliveries", "clock_offset_s", "mergeable_unknown"}
        if unknown:
            raise Refusal(422, f"No such knob: {', '.join(sorted(unknown))}")
        if any("action" in entry for entry in values.get("faults", [])):
            raise Refusal(422, "Actions can only be given in Python")
        if "faults" in values:
            self.faults = [build(Fault, entry) for entry in values["faults"]]
        if "deliveries" in values:
            self.deliveries = build(DeliveryKnobs, values["deliveries"])
        self.clock_offset_s = float(values.get("clock_offset_s", self.clock_offset_s))
        self.mergeable_unknown = int(values.get("mergeable_unknown", self.mergeable_unknown))


def build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A dataclass from JSON; 422 for names it does not have."""
    unknown = set(values) - {f.name for f in fields(kind)}
    if unknown:
        raise Refusal(422, f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return kind(**values)
    except TypeError as error:
        raise Refusal(422, str(error)) from error
