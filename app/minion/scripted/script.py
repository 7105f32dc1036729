"""The script: conversations, matched by what a request shows; turns, counted by the assistant messages in it.

Nothing is remembered between requests but the counters of errors and cuts, so a server may restart at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]


class ScriptInvalid(ValueError):  # noqa: N818 -- it names what happened
    """The script does not have the form that `minion.scripted.script` describes; the message says where."""


@dataclass(frozen=True)
class Call:
    """A tool call. `malformed_input` is sent as the input's JSON text as it stands, broken or not."""

    name: str
    input: Json = field(default_factory=dict)
    malformed_input: str | None = None


@dataclass(frozen=True)
class Fault:
    """An HTTP error instead of the answer, for the first `times` requests of the turn.

    `in_stream` sends it as an `error` event after the stream has begun (status 200).
    """

    status: int
    times: int = 1
    retry_after: float | None = None
    type: str | None = None
    message: str = ""
    in_stream: bool = False


@dataclass(frozen=True)
class Turn:
    """One answer. Without `stop_reason` it is `tool_use` when there are calls, else `end_turn`.

    `usage` replaces fields of the computed usage. An answer of more output tokens than the request's `max_tokens` is
    cut short with stop reason `max_tokens`. `cut_after_bytes` breaks the connection for the first `cut_times` requests;
    `compaction` is the summary of a compaction block put in front of the content.
    """

    text: str = ""
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    stop_reason: str | None = None
    stop_details: Json | None = None
    usage: Json = field(default_factory=dict)
    delay_ms: int = 0
    errors: tuple[Fault, ...] = ()
    cut_after_bytes: int | None = None
    cut_times: int = 1
    compaction: str | None = None

    @property
    def reason(self) -> str:
        return self.stop_reason or ("tool_use" if self.calls else "end_turn")


@dataclass(frozen=True)
class Match:
    """All that is given must fit: tools offered, strings in `system` or the first user turn, strings that tools have
    answered since, and the model's id."""

    tool: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True)
class Conversation:
    name: str
    turns: tuple[Turn, ...]
    match: Match = Match()
    last: str = "error"  # or `repeat`: what happens after the last turn

    def turn(self, index: int) -> Turn | None:
        if index < len(self.turns):
            return self.turns[index]
        return self.turns[-1] if self.last == "repeat" and self.turns else None


@dataclass(frozen=True)
class Script:
    """`min_cacheable_tokens` is the model's least cacheable prefix; `bound` refuses histories that were rewritten."""

    conversations: tuple[Conversation, ...]
    min_cacheable_tokens: int = 512
    bound: bool = True
    models: tuple[str, ...] = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")

    @classmethod
    def of(cls, document: Json) -> Script:
        """From parsed YAML or JSON. Raises `ScriptInvalid`; unknown keys are errors."""
        values = _checked(document, cls, "script")
        values["conversations"] = tuple(
            _conversation(item, f"conversations[{index}]")
            for index, item in enumerate(_list(values.get("conversations", ()), "conversations"))
        )
        if "models" in values:
            values["models"] = tuple(values["models"])
        return cls(**values)

    @classmethod
    def playing(cls, *turns: Json, **match: Any) -> Script:
        """One conversation that anything fits: the short way for a test."""
        return cls.of({"conversations": [{"name": "only", "match": match, "turns": list(turns)}]})


def load_script(path: Path) -> Script:
    """Reads YAML 1.2 (so JSON too). Raises `ScriptInvalid` with the file's name."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ScriptInvalid(f"{path}: {error}") from error
    if not isinstance(document, Mapping):
        raise ScriptInvalid(f"{path}: the top level must be a mapping with `conversations`")
    try:
        return Script.of(document)
    except ScriptInvalid as error:
        raise ScriptInvalid(f"{path}: {error}") from error


def _checked(value: Any, shape: type[Any], where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ScriptInvalid(f"{where}: expected a mapping, got {type(value).__name__}")
    known = [item.name for item in fields(shape)]
    for key in value:
        if key not in known:
            raise ScriptInvalid(f"{where}: unknown key {key!r}; known are {', '.join(known)}")
    return dict(value)


def _list(value: Any, where: str) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ScriptInvalid(f"{where}: expected a list, got {type(value).__name__}")
    return value


def _strings(value: Any, where: str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(item) for item in _list(value, where))


def _conversation(value: Any, where: str) -> Conversation:
    values = _checked(value, Conversation, where)
    match = _checked(values.get("match", {}), Match, f"{where}.match")
    for key in ("tool", "contains", "lacks", "served"):
        match[key] = _strings(match.get(key, ()), f"{where}.match.{key}")
    turns = tuple(
        _turn(item, f"{where}.turns[{index}]") for index, item in enumerate(_list(values.get("turns", ()), where))
    )
    last = values.get("last", "error")
    if last not in {"repeat", "error"}:
        raise ScriptInvalid(f"{where}.last: expected `repeat` or `error`, got {last!r}")
    return Conversation(name=str(values.get("name", where)), turns=turns, match=Match(**match), last=last)


def _turn(value: Any, where: str) -> Turn:
    values = _checked(value, Turn, where)
    values["calls"] = tuple(
        Call(**_checked(call, Call, f"{where}.calls[{index}]"))
        for index, call in enumerate(_list(values.get("calls", ()), f"{where}.calls"))
    )
    values["errors"] = tuple(
        Fault(**_checked(fault, Fault, f"{where}.errors[{index}]"))
        for index, fault in enumerate(_list(values.get("errors", ()), f"{where}.errors"))
    )
    return Turn(**values)
