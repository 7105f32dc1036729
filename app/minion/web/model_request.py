"""Which model requests the gateway lets through: those whose cost is bounded by their own bytes and `max_tokens`, and
which make nobody else fetch an address. Server tools, remote MCP servers and content by URL would do both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

_FIELDS: Final = frozenset(
    [
        "model",
        "max_tokens",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "metadata",
        "output_config",
        "output_format",
        "context_management",
        "cache_control",
    ]
)
_TOOLS: Final = ("custom", "bash_", "text_editor_", "memory_", "tool_search_tool_")
_BETAS: Final = (
    "context-management-", "compact-", "task-budgets-", "cache-diagnosis-", "interleaved-thinking-",
    "fine-grained-tool-streaming-", "structured-outputs-", "extended-cache-ttl-", "advanced-tool-use-", "effort-",
)  # fmt: skip
_BYTES_A_TOKEN: Final = 3


@dataclass(frozen=True)
class ModelCall:
    model: str
    max_tokens: int
    stream: bool
    prompt_tokens: int
    """An upper bound: no text has more than one token for three bytes of its JSON."""
    long_cache: bool


@dataclass(frozen=True)
class Unacceptable:
    """400 `invalid_request_error`, or 403 `permission_error`."""

    status: int
    message: str


def read_call(body: bytes, *, counting: bool = False) -> ModelCall | Unacceptable:
    """The call, or why it is refused. `counting`: for count_tokens, which has no `max_tokens`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Unacceptable(400, "the body is not JSON")
    if not isinstance(document, dict):
        return Unacceptable(400, "the body is not a JSON object")
    model, most = document.get("model"), 0 if counting else document.get("max_tokens")
    if not isinstance(model, str) or not isinstance(most, int) or isinstance(most, bool) or most < 0:
        return Unacceptable(400, "model and max_tokens are required")
    if (problem := _forbidden(document)) is not None:
        return Unacceptable(403, problem)
    return ModelCall(model, most, document.get("stream") is True, len(body) // _BYTES_A_TOKEN + 1, b'"1h"' in body)


def _forbidden(document: dict[str, Any]) -> str | None:
    if unknown := sorted(document.keys() - _FIELDS):
        return f"this gateway does not pass on: {', '.join(unknown)}"
    tools = document.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        kind = tool.get("type") or "custom" if isinstance(tool, dict) else None
        if not isinstance(kind, str) or not kind.startswith(_TOOLS):
            return f"this gateway does not pass on tools of type {kind!r}"
    return "this gateway does not pass on content by URL" if _has_url_source(document) else None


def _has_url_source(document: dict[str, Any]) -> bool:
    """Iterative: how deep the client nests is its own choice."""
    waiting: list[Any] = [document.get("messages"), document.get("system")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            source = value.get("source")
            if isinstance(source, dict) and source.get("type") not in {"base64", "text", "content", None}:
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def allowed_betas(header: str) -> str | Unacceptable:
    """The `anthropic-beta` header, when all of its names are ones that change neither price nor reach."""
    names = [name.strip() for name in header.split(",") if name.strip()]
    strange = [name for name in names if not name.startswith(_BETAS)]
    if strange:
        return Unacceptable(403, f"this gateway does not pass on the beta {strange[0]!r}")
    return ",".join(names)
