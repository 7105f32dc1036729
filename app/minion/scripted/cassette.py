"""Recorded exchanges with a model: what they look like in a file, and which of them answers a request (pure).

One exchange is one line of JSON. Headers of requests are never part of it; what looks like a secret in a body is taken
out before it is written, and before a request is compared, so that both sides of a comparison lost the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Json = Mapping[str, Any]
Redact = Callable[[str], str]
_GROWING = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_AROUND = 30


class CassetteInvalid(Exception):  # noqa: N818 -- as `ScriptInvalid`
    """The message says in which line."""


@dataclass(frozen=True)
class Exchange:
    """`events` of a streamed answer, else `answer`. `headers`: content-type, request-id and retry-after only."""

    path: str
    digest: str
    request: Any
    status: int
    headers: Mapping[str, str]
    events: Sequence[Json] | None = None
    answer: Any = None

    @property
    def usage(self) -> Json:
        """As the answer says it, for whoever reads the file."""
        if self.events is None:
            return dict(self.answer.get("usage") or {}) if isinstance(self.answer, dict) else {}
        told = [event.get("usage") or (event.get("message") or {}).get("usage") or {} for event in self.events]
        return {name: value for usage in told for name, value in usage.items()}

    def line(self) -> str:
        return json.dumps({**asdict(self), "usage": self.usage}, ensure_ascii=False) + "\n"


def exchange(path: str, body: Any, answered: tuple[int, Mapping[str, str], str], redact: Redact) -> Exchange:
    """From a request and (status, headers, text) of its answer, without their secrets."""
    status, headers, text = answered
    request = without_secrets(body, redact)
    streamed = headers.get("content-type", "").startswith("text/event-stream")
    events = _redacted_stream(list(_events(text)), redact) if streamed else None
    answer = None if streamed else without_secrets(_document(text), redact)
    return Exchange(path, digest_of(path, request), request, status, dict(headers), events, answer)


def digest_of(path: str, body: Any) -> str:
    """SHA-256 (hex) of the path and the canonical body."""
    canonical = json.dumps([path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def without_secrets(value: Any, redact: Redact) -> Any:
    """Each text in it by itself."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {name: without_secrets(inner, redact) for name, inner in value.items()}
        case list():
            return [without_secrets(inner, redact) for inner in value]
        case _:
            return value


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data:"):
            yield json.loads(line[5:])


def _redacted_stream(events: list[dict[str, Any]], redact: Redact) -> list[dict[str, Any]]:
    """A secret may be cut by the stream: where a block's whole text has one, its first piece carries what is left."""
    for index in {event["index"] for event in events if event.get("type") == "content_block_delta"}:
        pieces = [
            (event["delta"], _GROWING[event["delta"]["type"]])
            for event in events
            if event.get("index") == index and event.get("delta", {}).get("type") in _GROWING
        ]
        whole = "".join(delta[key] for delta, key in pieces)
        if pieces and redact(whole) != whole:
            for number, (delta, key) in enumerate(pieces):
                delta[key] = redact(whole) if number == 0 else ""
    return [without_secrets(event, redact) for event in events]


def read_cassette(text: str) -> list[Exchange]:
    """Raises `CassetteInvalid`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            fields = json.loads(line)
            fields.pop("usage", None)
            found.append(Exchange(**fields))
        except (ValueError, TypeError, AttributeError) as error:
            raise CassetteInvalid(f"line {number} is no recorded exchange: {error}") from error
    if not found:
        raise CassetteInvalid("nothing is recorded in it")
    return found


class Tape:
    """Gives each exchange once: by the request's digest, or, when `loose`, in the order in which they were recorded."""

    def __init__(self, exchanges: Sequence[Exchange], redact: Redact, *, loose: bool = False) -> None:
        self._left = list(exchanges)
        self._all = tuple(exchanges)
        self._redact = redact
        self._loose = loose

    def answer(self, path: str, body: Any) -> Exchange | str:
        """The recorded exchange; or in words why there is none."""
        asked = without_secrets(body, self._redact)
        digest = digest_of(path, asked)
        fitting = (one for one in self._left if one.path == path and (self._loose or one.digest == digest))
        found = next(fitting, None)
        if found is None:
            return self._missing(path, asked, digest)
        self._left.remove(found)
        return found

    def _missing(self, path: str, asked: Any, digest: str) -> str:
        times = sum(one.digest == digest for one in self._all)
        if times:
            return f"this request was recorded {times} times, and asked once more"
        upcoming = next((one for one in self._left if one.path == path), None)
        if upcoming is None:
            return f"no recorded exchange of {path} is left: all {len(self._all)} were played"
        number = self._all.index(upcoming) + 1
        return f"not recorded; exchange {number} would be next, and differs at {difference(upcoming.request, asked)}"


def difference(recorded: Any, asked: Any, place: str = "") -> str:
    """Where two JSON values part first, with what stands there."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in [*recorded, *(name for name in asked if name not in recorded)]:
            if name not in asked or name not in recorded:
                return f"{place}.{name}: {'not asked' if name not in asked else 'not recorded'}".lstrip(".")
            if recorded[name] != asked[name]:
                return difference(recorded[name], asked[name], f"{place}.{name}".lstrip("."))
    if isinstance(recorded, list) and isinstance(asked, list):
        for index, (one, other) in enumerate(zip(recorded, asked, strict=False)):
            if one != other:
                return difference(one, other, f"{place}[{index}]")
        return f"{place}: {len(recorded)} were recorded, {len(asked)} asked"
    return f"{place}: recorded {_shown(recorded, asked)}, asked {_shown(asked, recorded)}"


def _shown(value: Any, beside: Any) -> str:
    if not isinstance(value, str) or not isinstance(beside, str):
        return json.dumps(value, ensure_ascii=False)[: 2 * _AROUND]
    same = next((at for at, (one, other) in enumerate(zip(value, beside, strict=False)) if one != other), None)
    start = max(0, (min(len(value), len(beside)) if same is None else same) - _AROUND)
    cut = value[start : start + 2 * _AROUND]
    return json.dumps(("…" if start else "") + cut, ensure_ascii=False)
