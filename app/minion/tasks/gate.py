"""The gate: what a round may push. Everything in a change set is untrusted; every reason says the path and the mend."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from minion.domain.changeset import ChangedFile, ChangeSet, FileMode
from minion.domain.patterns import Narrowing
from minion.domain.secret import Secret
from minion.domain.spec import Scope
from minion.tasks import gate_paths
from minion.tasks.invisible import Kind, hidden_in
from minion.tasks.leaks import exact_leaks, pattern_leaks
from minion.tasks.weakened import is_test, weakening

_MOST_REASONS: Final = 30
_LONGEST_LINK: Final = 1024
_MAGIC: Final = (
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"!<arch>",
    b"\0asm",
)
_PUT_BACK: Final = "Leave it as it was, and say in `open_questions` what it needs."
_LESS: Final = "Leave out what the task does not need; if all of it is needed, finish with status blocked and say so."
_LOCKFILE: Final = re.compile(
    r"(?:^|/)(?:[^/]+\.lock|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|requirements[^/]*\.lock)$",
    re.IGNORECASE,
)
_HARMLESS: Final = frozenset({Kind.MARK, Kind.SOFT, Kind.CONTROL, Kind.STYLE})


@dataclass(frozen=True)
class GateRules:
    """`secrets`: exact values (keys, tokens, canaries) that must not leave in any form. `narrowing` can only take from
    what the scope allows."""

    scope: Scope = field(default_factory=Scope)
    narrowing: Narrowing = ()
    protected_paths: tuple[str, ...] = ()
    max_files: int = 40
    max_bytes: int = 1_000_000
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True)
class Before:
    """What stood there before: contents of the changed paths (None: absent) and all paths, as far as they are known.

    With it, only what a change adds is held against it, and weakened tests are seen.
    """

    contents: Mapping[str, bytes | None] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reason:
    """`mend` is for a person; `for_agent` where an agent has to do another thing about it."""

    path: str
    problem: str
    mend: str
    for_agent: str = ""

    def __str__(self) -> str:
        return self._with(self.mend)

    def to_agent(self) -> str:
        return self._with(self.for_agent or self.mend)

    def _with(self, mend: str) -> str:
        return f"`{self.path}` {self.problem}. {mend}" if self.path else f"{self.problem}. {mend}"


@dataclass(frozen=True)
class Flag:
    """For the reviewer's eyes; not a reason to refuse."""

    path: str
    note: str

    def __str__(self) -> str:
        return f"`{self.path}`: {self.note}"


@dataclass(frozen=True)
class Passed:
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Blocked:
    reasons: tuple[Reason, ...]
    flags: tuple[Flag, ...] = ()


def judge(change_set: ChangeSet, rules: GateRules, before: Before | None = None) -> Passed | Blocked:
    """Whether the change set may become a commit."""
    known = before or Before()
    found = [*_on_paths(change_set, rules, known), *_on_size(change_set, rules)]
    for file in change_set.files:
        found.extend(_on_file(file, rules, known))
    reasons = tuple(dict.fromkeys(item for item in found if isinstance(item, Reason)))
    flags = tuple(dict.fromkeys(item for item in found if isinstance(item, Flag)))
    return Blocked(reasons[:_MOST_REASONS], flags) if reasons else Passed(flags)


# --- the whole


def _on_paths(change_set: ChangeSet, rules: GateRules, known: Before) -> Iterator[Reason | Flag]:
    paths = [file.path for file in change_set.files]
    for path in paths:
        if problem := gate_paths.unsafe_path(path):
            yield Reason(_shown(path), *problem)
        if _LOCKFILE.search(path):
            yield Flag(_shown(path), "a lock file changed: look at what was added")
    for path in gate_paths.protected(paths, rules.protected_paths):
        yield Reason(_shown(path), "is protected: only a person may change it", "Change it by hand.", _PUT_BACK)
    for path, problem_, mend in gate_paths.out_of_scope(paths, rules.scope, rules.narrowing):
        yield Reason(_shown(path), problem_, mend, _PUT_BACK)
    for path, problem_, mend in gate_paths.collisions(change_set.files, known.paths):
        yield Reason(_shown(path), problem_, mend)


def _on_size(change_set: ChangeSet, rules: GateRules) -> Iterator[Reason]:
    count = len(change_set.files)
    if count > rules.max_files:
        mend = "Split the task, or raise `max_files` in .github/minion.yml."
        yield Reason("", f"{count} files changed, {rules.max_files} are allowed", mend, _LESS)
    size = sum(len(file.content or "") * 3 // 4 for file in change_set.files)
    if size > rules.max_bytes:
        mend = "Leave out generated files, or raise `max_bytes` in .github/minion.yml."
        yield Reason("", f"the change has {size:,} bytes, {rules.max_bytes:,} are allowed", mend, _LESS)


# --- one file


def _on_file(file: ChangedFile, rules: GateRules, known: Before) -> Iterator[Reason | Flag]:
    path = _shown(file.path)
    if file.mode is FileMode.SUBMODULE:
        yield Reason(path, "is a submodule", "Submodules are changed by people.", _PUT_BACK)
        return
    try:
        data = file.data
    except (binascii.Error, ValueError):
        yield Reason(path, "has contents that are not base64", "This is a fault of the runner: retry the task.")
        return
    old = known.contents.get(file.path)
    if is_test(file.path) and (loss := weakening(_text(old), None if data is None else _text(data) or "")):
        yield Flag(path, loss)
    if exact_leaks(file.path.encode("utf-8", "replace") + b"\n" + (data or b""), rules.secrets):
        yield Reason(path, "contains one of the secrets of this installation", "Remove it, and have it rotated.")
    if data is not None:
        yield from _on_contents(file, data, old)


def _on_contents(file: ChangedFile, data: bytes, old: bytes | None) -> Iterator[Reason | Flag]:
    path = _shown(file.path)
    match file.mode:
        case FileMode.SYMLINK:
            yield from _on_link(file, data)
            return
        case FileMode.EXECUTABLE if old is None:
            yield Flag(path, "is executable")
        case _:
            pass
    text = _text(data)
    if text is None:
        yield from _on_binary(path, data)
        return
    before = _text(old) or ""
    yield from _on_hidden(path, text, before)
    for leak in pattern_leaks(text, before):
        where = "" if leak.line is None else f" in line {leak.line}"
        yield Reason(
            path, f"has what looks like a secret ({leak.what}){where}", "Take it from the environment instead."
        )


def _on_link(file: ChangedFile, data: bytes) -> Iterator[Reason | Flag]:
    target = _text(data)
    if not target or len(target) > _LONGEST_LINK:
        yield Reason(_shown(file.path), "is a symlink to no path", "Link to a path within the repository.")
    elif problem := gate_paths.unsafe_link(file, target):
        yield Reason(_shown(file.path), *problem)
    else:
        yield Flag(_shown(file.path), f"is a symlink to {_shown(target)}")


def _on_binary(path: str, data: bytes) -> Iterator[Reason | Flag]:
    if data.startswith(_MAGIC):
        yield Reason(path, "is a program or an archive", "Leave it out: reviewers cannot read it.")
    else:
        yield Flag(path, f"is binary ({len(data):,} bytes)")


def _on_hidden(path: str, text: str, before: str) -> Iterator[Reason | Flag]:
    """Reordering and hidden text block; stray fillers and control characters are for the reviewer to see."""
    known = {hidden.code for hidden in hidden_in(before)}
    fresh = [hidden for hidden in hidden_in(text) if hidden.code not in known]
    worst = next((hidden for hidden in fresh if hidden.kind not in _HARMLESS), None)
    if worst is not None:
        problem = f"has an invisible character ({worst.kind}, {worst.code}) in line {worst.line}"
        yield Reason(path, problem, "Remove it, or write it as an escape.")
    elif fresh:
        yield Flag(path, f"has {len(fresh)} invisible character(s), the first in line {fresh[0].line}")


def _text(data: bytes | None) -> str | None:
    """The text of a file; None for binaries (and for what is not there)."""
    if data is None or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _shown(path: str) -> str:
    """A path fit for a message: one line, no invisible characters, no backticks, cut."""
    visible = "".join(char if char.isprintable() and char != "`" else "\N{REPLACEMENT CHARACTER}" for char in path)
    return visible if len(visible) <= 200 else visible[:199] + "…"
