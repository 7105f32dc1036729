"""Counts what a model answer costs while its bytes pass through unchanged.

Usage: https://platform.claude.com/docs/en/build-with-claude/streaming -- `message_start` has the input's classes,
`message_delta` cumulative totals. What a compaction cost stands in `usage.iterations` only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from minion.domain.receipt import Tokens

_LONGEST_LINE: Final = 16 * 1024 * 1024
_BYTES_A_TOKEN: Final = 3


def usage_tokens(usage: Mapping[str, Any]) -> Tokens:
    """The totals of a `usage` object and of the compactions that its totals leave out."""
    iterations = usage.get("iterations") or ()
    extra = [_counted(item) for item in iterations if isinstance(item, dict) and item.get("type") == "compaction"]
    return sum(extra, _counted(usage))


def _counted(usage: Mapping[str, Any]) -> Tokens:
    classes = usage.get("cache_creation") or {}
    written = _number(usage, "cache_creation_input_tokens")
    one_hour = _number(classes, "ephemeral_1h_input_tokens")
    return Tokens(
        input=_number(usage, "input_tokens"),
        output=_number(usage, "output_tokens"),
        cache_read=_number(usage, "cache_read_input_tokens"),
        cache_write_5m=max(written - one_hour, 0),
        cache_write_1h=one_hour,
    )


def _number(of: Any, key: str) -> int:
    value = of.get(key) if isinstance(of, Mapping) else None
    return value if isinstance(value, int) and value > 0 else 0


class StreamMeter:
    """Fed with the bytes of an event stream in any cut; `tokens` is right at every moment."""

    def __init__(self) -> None:
        self._rest = b""
        self._usage: dict[str, Any] = {}
        self._answered = 0
        self.complete = False
        """The final usage has been seen."""

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip())

    def _event(self, data: bytes) -> None:
        try:
            event = json.loads(data)
        except ValueError:
            return
        match event:
            case {"type": "message_start", "message": {"usage": dict(usage)}}:
                self._usage.update(usage)
            case {"type": "content_block_delta"}:
                self._answered += len(data)
            case {"type": "message_delta", "usage": dict(usage)}:
                self._usage.update({key: value for key, value in usage.items() if value is not None})
                self.complete = True
            case _:
                pass

    @property
    def tokens(self) -> Tokens:
        """Of a stream that ended early, the answer is estimated from its size, never below what was said."""
        counted = usage_tokens(self._usage)
        if self.complete or not self._usage:
            return counted
        return counted.model_copy(update={"output": max(counted.output, self._answered // _BYTES_A_TOKEN)})


def body_tokens(body: bytes) -> Tokens | None:
    """Of an answer that was not streamed; None when it carries no usage."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    usage = document.get("usage") if isinstance(document, dict) else None
    return usage_tokens(usage) if isinstance(usage, dict) else None
