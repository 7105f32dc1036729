"""The tools as docs/tools.md shows them: from the schemas that the model gets, and the table of limits (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from minion.tools.base import Tool
from minion.tools.limits import LIMITS


def tool_reference(tools: Mapping[str, Tool]) -> str:
    """By the names that a blueprint gives them."""
    return "\n\n".join("\n".join(_tool(name, tool)) for name, tool in sorted(tools.items()))


def _tool(name: str, tool: Tool) -> Iterator[str]:
    schema = tool.schema
    yield f"### {name}"
    yield ""
    called = "" if schema.name == name else f" The model calls it `{schema.name}`."
    order = "Calls run one after another." if tool.writes else "Calls of one turn run at the same time."
    yield f"> {schema.description}"
    yield ""
    yield f"{order}{called}"
    yield ""
    yield "| input | type | |"
    yield "|---|---|---|"
    needed = schema.input_schema.get("required", ())
    for key, value in schema.input_schema["properties"].items():
        words = "; ".join(part for part in ("needed" if key in needed else "", *_words(value)) if part)
        yield f"| `{key}` | {_type(value)} | {words} |"
    yield ""
    yield "```json"
    for example in schema.input_examples:
        yield json.dumps(dict(example), ensure_ascii=False)
    yield "```"


def _type(value: Mapping[str, Any]) -> str:
    if value["type"] != "array":
        return str(value["type"])
    inner = value["items"].get("properties", {})
    return f"list of {{{', '.join(inner)}}}"


def _words(value: Mapping[str, Any]) -> Iterator[str]:
    yield str(value.get("description", ""))
    low, high = value.get("minimum"), value.get("maximum")
    if high is not None:
        yield f"{low} to {high}"
    elif low is not None:
        yield f"at least {low}"


def limits_table() -> str:
    rows = [f"| {limit.tool} | {limit.what} | {limit.most:,} {limit.unit} | {limit.beyond} |" for limit in LIMITS]
    return "\n".join(["| tool | of what | most | beyond it |", "|---|---|---|---|", *rows])
