"""Failed checks as the next round needs them: short, clean, comparable. All of it is untrusted text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from minion.domain.checks import CheckResult, Failure
from minion.ports.github import FailedStep
from minion.tasks.invisible import strip_hidden
from minion.tasks.sanitize import without_ansi

LOG_LIMIT: Final = 8_000
"""Bytes (UTF-8) kept of a step's log."""
_HEAD_SHARE: Final = 2_000
_MOST_ANNOTATIONS: Final = 20
_ANNOTATION_LIMIT: Final = 400

_STAMP: Final = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?")
_GROUP: Final = re.compile(r"^##\[(?:group|endgroup|section|command|debug)\]")
_ERROR_MARK: Final = re.compile(r"^##\[(error|warning|notice)\]")
_TELLING: Final = re.compile(
    r"error|fail|assert|exception|panic|traceback|expected|undefined|not found|cannot|denied|^E\s|^FAILED|✗|✕",
    re.IGNORECASE,
)
_NOISE: Final = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<address>"),
    (re.compile(r"(?:/[\w.@+-]+)*/(?:tmp|temp|_temp|var/folders)/[^\s:'\"]+", re.IGNORECASE), "<temporary>"),
    (re.compile(r"(?:/home/runner/work|/github/workspace|/__w)(?:/[\w.-]+){0,2}/"), ""),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b", re.IGNORECASE), "<sha>"),
    (re.compile(r"\b\d+(?:[.,]\d+)*\s?(?:ms|s|sec|secs|seconds|min|minutes|m|%)\b", re.IGNORECASE), "<n>"),
    (re.compile(r"\d+"), "<n>"),
)


def collect(check: CheckResult, steps: Sequence[FailedStep], also_on_base: bool | None) -> tuple[Failure, ...]:
    """One failure for each failed step; annotations, which belong to the whole job, stand with the first."""
    found = steps or (FailedStep(check.name, "", check.summary),)
    return tuple(_failure(check, step, also_on_base, first=index == 0) for index, step in enumerate(found))


def _failure(check: CheckResult, step: FailedStep, also_on_base: bool | None, *, first: bool) -> Failure:
    annotations = tuple(annotations_of(step)) if first else ()
    return Failure(
        check=check.name,
        group=check.group or check.app,
        conclusion=check.conclusion or "",
        url=check.url,
        step=step.step,
        log=cut_log(step.log),
        annotations=annotations,
        fingerprint=fingerprint((*step.log.splitlines(), *annotations)),
        also_on_base=also_on_base,
    )


def progress(previous: Sequence[Failure], current: Sequence[Failure]) -> bool:
    """Whether the failures say anything that they did not say before. The same ones again: another push is wasted."""
    return _identity(previous) != _identity(current)


def fingerprint(lines: Iterable[str]) -> str:
    """SHA-256 (hex) of the telling lines, each once, in any order, with what differs from run to run taken out."""
    cleaned = [line for line in map(_clean_line, lines) if line.strip()]
    telling = [line for line in cleaned if _TELLING.search(line)] or cleaned
    normal = sorted({normalised(line) for line in telling})
    return hashlib.sha256("\n".join(normal).encode()).hexdigest()


def normalised(line: str) -> str:
    """A line without numbers, times, shas, addresses and temporary paths."""
    for pattern, name in _NOISE:
        line = pattern.sub(name, line)
    return " ".join(line.split())


def cut_log(log: str, limit: int = LOG_LIMIT) -> str:
    """Without colours, time stamps and repetition; of a long log the first error and the end."""
    lines = list(_without_repetition(_clean_line(line) for line in log.splitlines()))
    text = "\n".join(lines).strip("\n")
    if _size(text) <= limit:
        return text
    head = _around_first_error(lines, min(_HEAD_SHARE, limit // 4))
    tail = _tail(text, limit - _size(head) - 40)
    return f"{head}\n… (left out)\n{tail}" if head and head not in tail else f"… (left out)\n{tail}"


def annotations_of(step: FailedStep) -> Iterator[str]:
    unique = dict.fromkeys(strip_hidden(without_ansi(text)).text.strip() for text in step.annotations)
    for text in list(unique)[:_MOST_ANNOTATIONS]:
        yield text if len(text) <= _ANNOTATION_LIMIT else text[: _ANNOTATION_LIMIT - 1] + "…"


# --- inside


def _identity(failures: Sequence[Failure]) -> frozenset[tuple[str, str, str, str]]:
    return frozenset((failure.group, failure.check, failure.step, failure.fingerprint) for failure in failures)


def _clean_line(line: str) -> str:
    line = _STAMP.sub("", without_ansi(line))
    line = line.rsplit("\r", 1)[-1]  # progress bars write over themselves
    line = _GROUP.sub("", line)
    return strip_hidden(_ERROR_MARK.sub(r"\1: ", line)).text.rstrip()


def _without_repetition(lines: Iterable[str]) -> Iterator[str]:
    previous: str | None = None
    count = 0
    for line in lines:
        if line == previous and line.strip():
            count += 1
            continue
        yield from _counted(count)
        previous, count = line, 0
        yield line
    yield from _counted(count)


def _counted(count: int) -> Iterator[str]:
    if count:
        yield f"… ({count} more like it)"


def _around_first_error(lines: Sequence[str], limit: int) -> str:
    index = next((number for number, line in enumerate(lines) if _TELLING.search(line)), None)
    if index is None:
        return ""
    text = "\n".join(lines[max(0, index - 2) : index + 20])
    return text.encode()[:limit].decode("utf-8", "ignore").rsplit("\n", 1)[0]


def _tail(text: str, limit: int) -> str:
    kept = text.encode()[-limit:].decode("utf-8", "ignore")
    return kept.partition("\n")[2] or kept


def _size(text: str) -> int:
    return len(text.encode())
