"""The baseline of the webhook door: FastAPI that checks the signature, parses, answers 202 and stores nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sys

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse

SECRET = sys.argv[1].encode() if len(sys.argv) > 1 else b""
app = FastAPI()


@app.post("/webhook")
async def webhook(request: Request) -> JSONResponse:
    body = await request.body()
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("x-hub-signature-256", "")):
        return JSONResponse({"detail": "the signature does not match"}, 401)
    json.loads(body)
    return JSONResponse({"detail": "forgotten"}, 202)


def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
        print(f"listening on http://127.0.0.1:{door.getsockname()[1]}", flush=True)  # noqa: T201
        config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="critical")
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main()
