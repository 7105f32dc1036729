"""Bedrock's and Vertex's endpoints on loopback, as strict about who asks as the real ones.

Signatures are worked out here again, by https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; access
tokens are given for a signed assertion, by https://developers.google.com/identity/protocols/oauth2/service-account.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ACCESS_KEY, SECRET_KEY, REGION, PROJECT = "AKIDEXAMPLE", "wJalrXUtnFEMI", "eu-central-1", "acme-models"
TOKEN = "ya29.token"
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 1000, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 500}},
    {"type": "message_stop"},
]


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Cloud:
    """What was asked, and what is answered next: (status, headers, body); by default the events."""

    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    queued: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    public: Any = None

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.path == "/token":
            return self._token(asked)
        refused = self._refusal(asked)
        if refused:
            return 403, {"content-type": "application/json"}, json.dumps({"message": refused}).encode()
        self.requests.append(asked)
        if self.queued:
            return self.queued.pop(0)
        if asked.path.startswith("/model/"):
            frames = b"".join(map(frame, EVENTS))
            return 200, {"content-type": "application/vnd.amazon.eventstream"}, frames
        return 200, {"content-type": "text/event-stream"}, sse(EVENTS)

    def _refusal(self, asked: Asked) -> str:
        shown = asked.headers.get("authorization", "")
        if asked.path.startswith("/model/") and shown.startswith("AWS4-HMAC-SHA256"):
            return "" if signature_of(asked) in shown else "The request signature does not match."
        return "" if shown in {f"Bearer {TOKEN}", "Bearer bedrock-api-key"} else "Missing Authentication Token"

    def _token(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        assertion = parse_qs(asked.body.decode())["assertion"][0]
        claims = jwt.decode(
            assertion, self.public, algorithms=["RS256"], audience="https://oauth2.googleapis.com/token"
        )
        assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        given = json.dumps({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        return 200, {"content-type": "application/json"}, given.encode()


def sse(events: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def frame(event: Mapping[str, Any]) -> bytes:
    wrapped = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}).encode()
    return message({":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}, wrapped)


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """https://smithy.io/2.0/aws/amazon-eventstream.html"""
    packed = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    prelude += struct.pack(">I", binascii.crc32(prelude))
    whole = prelude + packed + payload
    return whole + struct.pack(">I", binascii.crc32(whole))


def signature_of(asked: Asked) -> str:
    shown = asked.headers["authorization"]
    parts = dict(part.strip().split("=", 1) for part in shown.removeprefix("AWS4-HMAC-SHA256 ").split(","))
    day, region, service, _ = parts["Credential"].split("/")[1:]
    assert (region, service) == (REGION, "bedrock")
    names = parts["SignedHeaders"].split(";")
    assert {"host", "x-amz-date"} <= set(names)
    path = "/".join(quote(segment, safe="-_.~") for segment in asked.path.split("/"))
    lines = [f"{name}:{' '.join(asked.headers[name].split())}" for name in names]
    digest = hashlib.sha256(asked.body).hexdigest()
    canonical = "\n".join(["POST", path, "", *lines, "", ";".join(names), digest])
    scope = f"{day}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{asked.headers['x-amz-date']}\n{scope}\n{hashed}"
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


_Kind = TypeVar("_Kind", bound=Cloud)


@contextmanager
def cloud(kind: type[_Kind] = Cloud) -> Iterator[_Kind]:  # type: ignore[assignment]
    served = kind()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told, answer = served.answer(Asked(self.path, headers, body))
            self.send_response(status)
            for name, value in {**told, "content-length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def service_account(served: Cloud, folder: Path) -> Path:
    """Application default credentials as a file: the path is for GOOGLE_APPLICATION_CREDENTIALS."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    served.public = key.public_key()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "k1",
        "private_key": pem.decode(),
        "client_email": "minion@acme-models.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{served.url}/token",
    }
    path = folder / "account.json"
    path.write_text(json.dumps(account))
    return path
