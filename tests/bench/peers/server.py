"""A model in a process of its own that plays transcripts at once, for any client of the Messages API.

Not as strict as `minion model`: it answers whatever a client sends, so that clients of all makes can be measured on it.
Each run has an address of its own, `http://127.0.0.1:PORT/RUN`. `POST /RUN/_play` gives its conversations as
[{tool?, contains?, turns: [{text?, calls: [{name, input}]}]}]: the first whose `tool` is offered and whose `contains`
stands in the request is played; the number of assistant turns in the history says where. `GET /RUN/_seen` lists what
was asked: {came, ended, bytes, tools, cost: {minimum: weighted tokens}}, times in seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import json
import socket
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from minion.scripted.answer import Answer, Block, output_tokens
from minion.scripted.cache import InputTokens, PromptCache
from minion.scripted.events import stream, whole
from minion.scripted.prompt import blocks_of, flatten

MINIMA = (1024, 4096)
Json = dict[str, Any]


@dataclass
class Run:
    conversations: list[Json] = field(default_factory=list)
    seen: list[Json] = field(default_factory=list)
    caches: dict[int, PromptCache] = field(
        default_factory=lambda: {size: PromptCache(size, time.monotonic) for size in MINIMA}
    )

    def answer(self, request: Json, entry: Json) -> Answer | None:
        """None where the transcript has no turn for it."""
        flat = flatten(_normal(request))
        tokens = {size: cache.account(flat) for size, cache in self.caches.items()}
        entry["cost"] = {str(size): weighted(found) for size, found in tokens.items()}
        entry["tools"] = len(request.get("tools") or ())
        turn = self._turn(request)
        if turn is None:
            return None
        blocks = _blocks(turn, len(self.seen))
        reason = "tool_use" if turn.get("calls") else "end_turn"
        usage = {**tokens[MINIMA[0]].usage(), "output_tokens": output_tokens(blocks)}
        return Answer(f"msg_{len(self.seen)}", str(request["model"]), blocks, reason, None, usage)

    def _turn(self, request: Json) -> Json | None:
        offered = {str(tool.get("name")) for tool in request.get("tools") or ()}
        if not offered:  # a title, a probe of the key: no part of the transcript
            return {"text": "ok"}
        text = json.dumps(request)
        index = sum(message["role"] == "assistant" for message in request["messages"])
        for conversation in self.conversations:
            if conversation.get("tool") in {None, *offered} and conversation.get("contains", "") in text:
                turns: list[Json] = conversation["turns"]
                return turns[index] if index < len(turns) else None
        return None


def _normal(request: Json) -> Json:
    """The same prompt in one form: a result's text as a list of blocks, and a breakpoint in it on the result itself."""
    return {**request, "messages": [_normal_message(message) for message in request["messages"]]}


def _normal_message(message: Json) -> Json:
    content = message["content"]
    return message if isinstance(content, str) else {**message, "content": [_normal_block(block) for block in content]}


def _normal_block(block: Json) -> Json:
    if block.get("type") != "tool_result":
        return block
    inner = blocks_of(block.get("content"))
    marks = [part["cache_control"] for part in inner if "cache_control" in part]
    bare = [{key: value for key, value in part.items() if key != "cache_control"} for part in inner]
    return {**block, "content": bare, **({"cache_control": marks[-1]} if marks else {})}


def weighted(tokens: InputTokens) -> float:
    """Prompt tokens by what they cost (https://docs.claude.com/en/docs/build-with-claude/prompt-caching)."""
    return tokens.fresh + 1.25 * tokens.written_5m + 2 * tokens.written_1h + 0.1 * tokens.read


def _blocks(turn: Json, number: int) -> tuple[Block, ...]:
    said = [Block({"type": "text", "text": turn["text"]})] if turn.get("text") else []
    calls = turn.get("calls", ())
    ids = [f"toolu_{number:04}{index:02}" for index in range(len(calls))]
    return (
        *said,
        *(
            Block({"type": "tool_use", "id": name, **call}, json.dumps(call["input"]))
            for name, call in zip(ids, calls, strict=True)
        ),
    )


class Player:
    """The ASGI application."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = defaultdict(Run)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, name, *rest = f"{scope['path']}/".split("/")
        body, came = await _read(receive), time.monotonic()
        run = self._runs[name]
        match rest[:-1]:
            case ["_play"]:
                self._runs[name] = Run(json.loads(body))
                await _reply(send, {})
            case ["_seen"]:
                await _reply(send, run.seen)
            case [*_, "messages"] if scope["method"] == "POST":
                await _played(run, json.loads(body), {"came": came, "bytes": len(body)}, send)
            case [*_, "count_tokens"]:
                await _reply(send, {"input_tokens": len(body) // 4})
            case _:
                await _reply(send, {"type": "error", "error": {"type": "not_found_error", "message": "no"}}, 404)


async def _played(run: Run, request: Json, entry: Json, send: Send) -> None:
    run.seen.append(entry)
    answer = run.answer(request, entry)
    if answer is None:
        entry["ended"] = time.monotonic()
        error = {"type": "invalid_request_error", "message": "the transcript has no such turn"}
        await _reply(send, {"type": "error", "error": error}, 400)
        return
    streamed = bool(request.get("stream"))
    data = b"".join(stream(answer)) if streamed else json.dumps(whole(answer)).encode()
    entry["ended"] = time.monotonic()  # before the bytes leave: the client cannot be earlier
    await _bytes(send, data, b"text/event-stream" if streamed else b"application/json", 200)


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _reply(send: Send, document: Any, status: int = 200) -> None:
    await _bytes(send, json.dumps(document).encode(), b"application/json", status)


async def _bytes(send: Send, data: bytes, kind: bytes, status: int) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
        print(f"listening on http://127.0.0.1:{door.getsockname()[1]}", flush=True)  # noqa: T201
        config = uvicorn.Config(Player(), access_log=False, log_level="critical", lifespan="off")
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main()
