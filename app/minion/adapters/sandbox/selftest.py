"""Tries to get out of a box before anything that is not trusted runs in one."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minion.adapters.sandbox.settings import interpreter
from minion.ports.sandbox import BoxCommand, Sandbox

INSIDE = "/run/minion/attempts.py"
_WITHIN_S = 60.0


@dataclass(frozen=True)
class Escape:
    """An attempt that got out, or the self-test itself when it could not be done: there must be none."""

    attempt: str
    got: str


def run_selftest(sandbox: Sandbox, environment: Mapping[str, str]) -> list[Escape]:
    """Some thirty attempts in one box, with canaries outside that they must not reach; 0.1 to 0.3 s."""
    with tempfile.TemporaryDirectory(prefix="minion-canary-") as folder, _listeners() as (port, abstract):
        canary, beside = Path(folder) / "canary", Path(sandbox.workspace).parent / f".minion-{secrets.token_hex(8)}"
        canary.write_text(secrets.token_hex(16))
        facts = {
            "canary": str(canary),
            "beside": str(beside),
            "home": str(Path.home()),
            "workspace": sandbox.workspace,
            "environment": sorted(environment),
            "port": port,
            "abstract": abstract,
        }
        escapes = _inside(sandbox, facts)
        if beside.exists():
            beside.unlink()
            escapes.append(Escape("beside_the_workspace", f"{beside} was written"))
        return escapes


def _inside(sandbox: Sandbox, facts: Mapping[str, Any]) -> list[Escape]:
    argv = [str(interpreter()), "-I", "-S", INSIDE, json.dumps(facts)]
    result = sandbox.run(BoxCommand(argv=argv, timeout_s=_WITHIN_S))
    try:
        answer = json.loads(result.stdout)
    except ValueError:
        words = result.stderr.decode(errors="replace").strip()[-500:]
        return [Escape("selftest", f"could not be done: exit code {result.exit_code}, {words}")]
    return [Escape(str(name), str(got)) for name, got in answer["got"].items()]


@contextlib.contextmanager
def _listeners() -> Iterator[tuple[int, str]]:
    """Something on the host's loopback and on an abstract socket that could be reached from a box with its network."""
    name = f"minion-{secrets.token_hex(8)}"
    with socket.socket() as loopback, socket.socket(socket.AF_UNIX) as abstract:
        loopback.bind(("127.0.0.1", 0))
        loopback.listen()
        abstract.bind("\0" + name)
        abstract.listen()
        yield loopback.getsockname()[1], name
