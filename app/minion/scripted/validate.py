"""What the real API refuses, refused here too (https://docs.claude.com/en/api/messages and /en/api/errors).

Every check returns the message of a 400 `invalid_request_error`, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from minion.scripted.prompt import blocks_of, flatten

Json = Mapping[str, Any]

FIELDS = frozenset(
    [
        "model",
        "messages",
        "max_tokens",
        "system",
        "tools",
        "tool_choice",
        "stream",
        "metadata",
        "stop_sequences",
        "thinking",
        "output_config",
        "service_tier",
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "speed",
        "temperature",
        "top_p",
        "top_k",
    ]
)
BETA_FIELDS = {"context_management": ("context-management-2025-06-27", "compact-2026-01-12")}
USER_BLOCKS = frozenset({"text", "image", "document", "search_result", "tool_result"})
ASSISTANT_BLOCKS = frozenset({"text", "thinking", "redacted_thinking", "tool_use", "compaction", "server_tool_use"})
VERSIONS = {"2023-06-01": frozenset[str](), "2026-10-21": frozenset({"temperature", "top_p", "top_k"})}
"""The fields that each version of the API took away: https://platform.claude.com/docs/en/api/versioning"""
EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})


def problem_of(request: Any, version: str, betas: Sequence[str]) -> str | None:
    """The first thing wrong with a request body, or None. `version` is one of `VERSIONS`."""
    if not isinstance(request, Mapping):
        return "The request body is not valid JSON: expected an object"
    checks: tuple[Callable[[Json], str | None], ...] = (_fields, _scalars, _tools, _messages, _pairs, _cache_marks)
    problem = _gone(request, version) or _beta_fields(request, betas)
    for check in checks:
        problem = problem or check(request)
    return problem


def _gone(request: Json, version: str) -> str | None:
    gone = sorted(VERSIONS[version] & set(request))
    return f"{gone[0]}: is not supported by API version {version}" if gone else None


def _beta_fields(request: Json, betas: Sequence[str]) -> str | None:
    for name, needed in BETA_FIELDS.items():
        if name in request and not set(needed) & set(betas):
            return f"{name}: Extra inputs are not permitted"
    edits = (request.get("context_management") or {}).get("edits", [])
    for index, edit in enumerate(edits):
        if edit.get("type") == "compact_20260112":
            value = edit.get("trigger", {}).get("value", 150_000)
            if value < 50_000:
                return f"context_management.edits.{index}.trigger.value: must be at least 50000"
    return None


def _fields(request: Json) -> str | None:
    for name in request:
        if name not in FIELDS and name not in BETA_FIELDS:
            return f"{name}: Extra inputs are not permitted"
    for name in ("model", "messages", "max_tokens"):
        if name not in request:
            return f"{name}: Field required"
    return None


def _scalars(request: Json) -> str | None:
    limit = request["max_tokens"]
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        return "max_tokens: Input should be a valid integer, greater than or equal to 0"
    if not isinstance(request["model"], str):
        return "model: Input should be a valid string"
    effort = (request.get("output_config") or {}).get("effort")
    if effort is not None and effort not in EFFORTS:
        return f"output_config.effort: Input should be one of {', '.join(sorted(EFFORTS))}"
    if (request.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        return "tool_choice: Thinking may not be enabled when tool_choice forces tool use."
    return None


def _tools(request: Json) -> str | None:
    names: set[str] = set()
    for index, tool in enumerate(request.get("tools") or ()):
        name = tool.get("name")
        if not name or ("input_schema" not in tool and tool.get("type", "custom") == "custom"):
            return f"tools.{index}: name and input_schema: Field required"
        if name in names:
            return "tools: Tool names must be unique."
        if tool.get("input_schema", {"type": "object"}).get("type") != "object":
            return f"tools.{index}.custom.input_schema.type: Input should be 'object'"
        names.add(name)
    return None


def _messages(request: Json) -> str | None:
    messages = request["messages"]
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    for index, message in enumerate(messages):
        problem = _message(message) if isinstance(message, Mapping) else "Input should be an object"
        if problem:
            return f"messages.{index}{problem}"
    if messages[0]["role"] != "user":
        return 'messages: first message must use the "user" role'
    for index, (one, two) in enumerate(pairwise(messages)):
        if one["role"] == two["role"] == "user":
            return f'messages.{index + 1}: roles must alternate between "user" and "assistant"'
    return None


def _message(message: Mapping[str, Any]) -> str | None:
    role = message.get("role")
    if role not in {"user", "assistant"}:
        return ".role: Input should be 'user' or 'assistant'"
    content = message.get("content")
    if not content or not isinstance(content, str | list):
        return ".content: all messages must have non-empty content"
    allowed = USER_BLOCKS if role == "user" else ASSISTANT_BLOCKS
    for index, block in enumerate(blocks_of(content)):
        kind = block.get("type") if isinstance(block, Mapping) else None
        if kind not in allowed:
            return f".content.{index}: Input tag {kind!r} found using 'type' does not match any of the expected tags"
        if kind == "text" and not str(block.get("text", "")).strip():
            return f".content.{index}: text content blocks must contain non-whitespace text"
        if kind == "tool_use" and not isinstance(block.get("input"), Mapping):
            return f".content.{index}.tool_use.input: Input should be a valid dictionary"
        if kind == "thinking" and not block.get("signature"):
            return f".content.{index}.thinking.signature: Field required"
    return None


def _pairs(request: Json) -> str | None:
    """Every `tool_use` is answered by a `tool_result` at the start of the very next message, and by one only."""
    messages = request["messages"]
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        blocks = blocks_of(message["content"])
        answered = [str(block.get("tool_use_id")) for block in blocks if block["type"] == "tool_result"]
        problem = _answers(open_calls, answered, blocks)
        if problem:
            return f"messages.{index}{problem}"
        open_calls = {str(block["id"]) for block in blocks if block["type"] == "tool_use"}
    if open_calls:
        return f"messages.{len(messages) - 1}: `tool_use` ids were found without `tool_result` blocks after them"
    return None


def _answers(open_calls: set[str], answered: Sequence[str], blocks: Sequence[Json]) -> str | None:
    missing = open_calls - set(answered)
    if missing:
        return (
            ": `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(sorted(missing))}. Each `tool_use` block must have a corresponding `tool_result` block."
        )
    for unknown in answered:
        if unknown not in open_calls:
            return f": unexpected `tool_use_id` found in `tool_result` blocks: {unknown}"
    if len(set(answered)) != len(answered):
        return ": each tool_use must have a single result"
    if any(block["type"] != "tool_result" for block in blocks[: len(answered)]):
        return ": `tool_result` blocks must come first in the message"
    return None


def _cache_marks(request: Json) -> str | None:
    marks = [block.cache_ttl for block in flatten(request) if block.cache_ttl]
    if len(marks) > 4:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {len(marks)}."
    if not set(marks) <= {"5m", "1h"}:
        return "cache_control.ttl: Input should be '5m' or '1h'"
    return None
