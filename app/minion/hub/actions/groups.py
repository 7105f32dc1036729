"""Concurrency groups: one running, one pending; a newer pending one displaces the older.

https://docs.github.com/en/actions/concepts/workflows-and-actions/concurrency
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Holder = TypeVar("Holder")
Key = tuple[int, str]  # repository id, group in lower case


@dataclass
class _Group(Generic[Holder]):
    running: Holder
    pending: Holder | None = None


@dataclass(frozen=True)
class Entered(Generic[Holder]):
    """`runs`: may start now. Otherwise it waits; `displaced` and `stopped` are to be cancelled."""

    runs: bool
    displaced: Holder | None = None
    stopped: Holder | None = None


@dataclass
class Groups(Generic[Holder]):
    found: dict[Key, _Group[Holder]] = field(default_factory=dict)

    def enter(self, key: Key, holder: Holder, *, cancel_in_progress: bool) -> Entered[Holder]:
        group = self.found.get(key)
        if group is None:
            self.found[key] = _Group(holder)
            return Entered(runs=True)
        displaced, group.pending = group.pending, holder
        return Entered(runs=False, displaced=displaced, stopped=group.running if cancel_in_progress else None)

    def leave(self, key: Key, holder: Holder) -> Holder | None:
        """Takes `holder` out; returns the one that may start now."""
        group = self.found.get(key)
        if group is None:
            return None
        if group.pending is holder:
            group.pending = None
            return None
        if group.running is not holder:
            return None
        following = group.pending
        if following is None:
            del self.found[key]
            return None
        group.running, group.pending = following, None
        return following
