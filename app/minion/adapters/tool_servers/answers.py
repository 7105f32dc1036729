"""What a server answers, as text and pictures (https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
)

from minion.adapters.tool_servers.masking import Masks
from minion.ports.tool_servers import Picture, ToolAnswer

PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a model takes (https://docs.claude.com/en/docs/build-with-claude/vision)."""
MOST_PICTURES: Final = 4
LARGEST_PICTURE: Final = 5_000_000
"""In base64."""


def answer_of(result: CallToolResult, masks: Masks, seconds: float) -> ToolAnswer:
    texts: list[str] = []
    pictures: list[Picture] = []
    for block in result.content:
        picture = _picture(block) if len(pictures) < MOST_PICTURES else None
        if picture is not None:
            pictures.append(picture)
        else:
            texts.append(_text(block))
    if not texts and result.structured_content is not None:
        texts.append(json.dumps(result.structured_content, ensure_ascii=False, indent=1))
    text = "\n".join(texts) or "(empty)"
    size = len(text.encode(errors="replace")) + sum(len(picture.data) for picture in pictures)
    return ToolAnswer(masks.text(text), tuple(pictures), bool(result.is_error), size, seconds)


def _picture(block: ContentBlock) -> Picture | None:
    if not isinstance(block, ImageContent) or block.mime_type not in PICTURES or len(block.data) > LARGEST_PICTURE:
        return None
    return Picture(block.mime_type, block.data) if _is_base64(block.data) else None


def _is_base64(data: str) -> bool:
    """The model's API refuses the whole request otherwise."""
    try:
        return bool(base64.b64decode(data, validate=True))
    except binascii.Error:
        return False


def _text(block: ContentBlock) -> str:
    match block:
        case TextContent():
            return block.text
        case ImageContent():
            return f"[an image that is not shown: {block.mime_type}, {len(block.data)} bytes in base64]"
        case AudioContent():
            return f"[sound that is not played: {block.mime_type}, {len(block.data)} bytes in base64]"
        case ResourceLink():
            return f"[a link to the resource {block.uri}: {block.name}]"
        case EmbeddedResource():
            return _resource(block)


def _resource(block: EmbeddedResource) -> str:
    within = block.resource
    if isinstance(within, BlobResourceContents):
        return f"[the resource {within.uri}: {within.mime_type}, {len(within.blob)} bytes in base64, not shown]"
    return f"[the resource {within.uri}]\n{within.text}"
