"""The prompt of a request as one flat list of blocks, in the order in which the API reads and caches it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class PromptBlock:
    """`prefix` is the hash of everything up to and including this block, without cache marks."""

    prefix: str
    bytes: int
    cache_ttl: str | None
    """`5m` or `1h` where the block is a cache breakpoint."""
    message: int | None
    """Index of the message it belongs to; None for tools and system."""


def blocks_of(content: Any) -> Sequence[Any]:
    """A string and a list with one text block are the same prompt."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content if isinstance(content, list) else []


def flatten(request: Json) -> list[PromptBlock]:
    """Tools, system, messages (https://docs.claude.com/en/docs/build-with-claude/prompt-caching)."""
    digest = hashlib.sha256(str(request.get("model")).encode())
    flat: list[PromptBlock] = []
    for message, role, block in _ordered(request):
        bare = {key: value for key, value in block.items() if key != "cache_control"}
        raw = json.dumps([role, bare], sort_keys=True, separators=(",", ":")).encode()
        digest.update(raw)
        flat.append(PromptBlock(digest.hexdigest(), len(raw), _ttl(block), message))
    return flat


def _ordered(request: Json) -> Iterator[tuple[int | None, str, Json]]:
    for tool in request.get("tools") or ():
        yield None, "tool", tool
    for block in blocks_of(request.get("system")):
        yield None, "system", block
    for index, message in enumerate(request.get("messages") or ()):
        for block in blocks_of(message.get("content")):
            yield index, str(message.get("role")), block


def _ttl(block: Json) -> str | None:
    control = block.get("cache_control")
    return str(control.get("ttl", "5m")) if isinstance(control, Mapping) else None


def message_prefixes(request: Json) -> list[str]:
    """For each message the hash of everything in front of it: what its thinking and its tool calls are bound to."""
    prefixes: list[str] = []
    before = ""
    for block in flatten(request):
        while block.message is not None and len(prefixes) <= block.message:
            prefixes.append(before)
        before = block.prefix
    return prefixes
