"""Server-sent events of one answer (https://docs.claude.com/en/docs/build-with-claude/streaming)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from minion.scripted.answer import Answer, Block

Json = Mapping[str, Any]
CHUNK = 400  # characters of a delta


def encode(event: Json) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def stream(answer: Answer) -> Iterator[bytes]:
    usage = {**answer.usage, "output_tokens": 1}
    yield encode({"type": "message_start", "message": message(answer, content=[], usage=usage, ended=False)})
    yield encode({"type": "ping"})
    for index, block in enumerate(answer.blocks):
        for event in _block_events(index, block):
            yield encode(event)
    delta = {"stop_reason": answer.stop_reason, "stop_sequence": None, "stop_details": answer.stop_details}
    yield encode({"type": "message_delta", "delta": delta, "usage": answer.usage})
    yield encode({"type": "message_stop"})


def message(answer: Answer, *, content: list[Any], usage: Json, ended: bool) -> dict[str, Any]:
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": answer.stop_reason if ended else None,
        "stop_sequence": None,
        "stop_details": answer.stop_details if ended else None,
        "usage": dict(usage),
    }


def whole(answer: Answer) -> dict[str, Any]:
    """The answer to a request without `stream`."""
    content = [block.content for block in answer.blocks]
    return message(answer, content=content, usage=answer.usage, ended=True)


def _block_events(index: int, block: Block) -> Iterator[Json]:
    empty, deltas = _open(block)
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _open(block: Block) -> tuple[Json, list[Json]]:
    content = block.content
    match content["type"]:
        case "text":
            return {"type": "text", "text": ""}, [
                {"type": "text_delta", "text": part} for part in _parts(content["text"])
            ]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": part} for part in _parts(content["thinking"])]
            signed = {"type": "signature_delta", "signature": content["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
        case "tool_use":
            parts = ["", *_parts(block.raw_input)]
            return {**content, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
        case "compaction":
            delta = {"type": "compaction_delta", "content": content["content"]}
            return {"type": "compaction", "content": None}, [delta]
        case kind:
            raise AssertionError(kind)


def _parts(text: str) -> list[str]:
    return [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
