"""Raw streaming events of the Messages API, put together to one message (pure).

Blocks are kept as they came, unknown kinds included, since they must be sent back unchanged
(https://docs.claude.com/en/docs/build-with-claude/streaming).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from minion.domain.receipt import Tokens

Json = Mapping[str, Any]

BROKEN_INPUT = "INVALID_JSON"
"""The one key of a tool input that did not parse; its value is the text as it came
(https://docs.claude.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming)."""

_APPENDED = {"text_delta": "text", "thinking_delta": "thinking"}


class MessageStream:
    """Feed it every event with `add`; ask `whole` before you use the rest."""

    def __init__(self, on_text: Callable[[str], None] | None = None) -> None:
        self.whole = False
        self.error: Json | None = None
        self.model = ""
        self.stop_reason = ""
        self.stop_details: Json = {}
        self._on_text = on_text
        self._blocks: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, str] = {}
        self._usage: dict[str, Any] = {}

    def add(self, event: Json) -> None:
        match event["type"]:
            case "message_start":
                self.model = event["message"]["model"]
                self._usage = dict(event["message"].get("usage") or {})
            case "content_block_start":
                self._blocks[event["index"]] = dict(event["content_block"])
            case "content_block_delta":
                self._grow(event["index"], event["delta"])
            case "message_delta":
                self._close(event)
            case "message_stop":
                self.whole = True
            case "error":
                self.error = event["error"]
            case _:
                pass  # ping, content_block_stop, and what is invented later

    def content(self) -> list[dict[str, Any]]:
        return [self._finished(index) for index in sorted(self._blocks)]

    @property
    def tokens(self) -> Tokens:
        """Everything billed so far: cumulative totals, and the compactions that the totals leave out."""
        extra = [_tokens(item) for item in self._usage.get("iterations") or () if item.get("type") == "compaction"]
        return sum(extra, _tokens(self._usage))

    @property
    def context_tokens(self) -> int:
        """Of the last sampling iteration, where there were several: what the conversation holds now."""
        samplings = [item for item in self._usage.get("iterations") or () if item.get("type") == "message"]
        return _tokens(samplings[-1] if samplings else self._usage).total

    def _grow(self, index: int, delta: Json) -> None:
        block = self._blocks[index]
        match delta["type"]:
            case "text_delta" | "thinking_delta" as kind:
                key = _APPENDED[kind]
                block[key] = block.get(key, "") + delta[key]
                if kind == "text_delta" and self._on_text:
                    self._on_text(delta["text"])
            case "input_json_delta":
                self._inputs[index] = self._inputs.get(index, "") + delta["partial_json"]
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or []), delta["citation"]]
            case _:  # signature_delta, compaction_delta: whole values
                block.update({key: value for key, value in delta.items() if key != "type"})

    def _close(self, event: Json) -> None:
        delta = event["delta"]
        self.stop_reason = delta.get("stop_reason") or ""
        self.stop_details = delta.get("stop_details") or {}
        self._usage |= {key: value for key, value in (event.get("usage") or {}).items() if value is not None}

    def _finished(self, index: int) -> dict[str, Any]:
        block = self._blocks[index]
        raw = self._inputs.get(index, "")
        if not raw.strip():
            return block
        try:
            value = json.loads(raw)
        except ValueError:
            value = None
        return {**block, "input": value if isinstance(value, dict) else {BROKEN_INPUT: raw}}


def _tokens(usage: Json) -> Tokens:
    written = usage.get("cache_creation_input_tokens") or 0
    split = usage.get("cache_creation") or {}
    hour = split.get("ephemeral_1h_input_tokens") or 0
    return Tokens(
        input=usage.get("input_tokens") or 0,
        output=usage.get("output_tokens") or 0,
        cache_read=usage.get("cache_read_input_tokens") or 0,
        cache_write_5m=max(0, written - hour),
        cache_write_1h=hour,
    )
