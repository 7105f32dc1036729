"""The two stand-ins as services of their own: a GitHub in a box, and a model that plays a script."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def serve_hub(host: str, port: int, data: str, runner_env: Sequence[str] = ()) -> None:
    """Until a signal ends it. Jobs find this installation's `minion` first on their PATH."""
    from minion.domain.errors import UsageError
    from minion.hub.server import serve

    pairs = dict(setting.partition("=")[::2] for setting in runner_env)
    if not all(pairs):
        raise UsageError("--runner-env wants NAME=VALUE")

    folder = Path(data).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    serve(host, port, folder, [Path(sys.executable).parent], pairs)


def serve_model(script: str, host: str, port: int, api_key: str | None) -> None:
    """Until a signal ends it. Raises `UsageError` for a script that cannot be read."""
    from minion.domain.errors import UsageError
    from minion.scripted.script import ScriptInvalid
    from minion.scripted.server import serve

    try:
        serve(Path(script), host, port, api_key)
    except ScriptInvalid as error:
        raise UsageError(f"{script}: {error}") from error


def record_model(cassette: str, upstream: str, host: str, port: int) -> None:
    """Until a signal ends it. What looks like a secret in a body does not get into the file."""
    from minion.domain.errors import UsageError
    from minion.scripted.recorder import recording, serve_application
    from minion.tasks.leaks import Redactor

    if Path(cassette).exists():
        raise UsageError(f"{cassette} exists: a recording is made in one go, so name another file or remove it")
    serve_application(recording(Path(cassette), upstream.rstrip("/"), Redactor()), "recording model", host, port)


def replay_model(cassette: str, host: str, port: int, *, loose: bool) -> None:
    """Until a signal ends it. Raises `UsageError` for a file that is no recording."""
    from minion.domain.errors import UsageError
    from minion.scripted.cassette import CassetteInvalid
    from minion.scripted.recorder import replaying, serve_application
    from minion.tasks.leaks import Redactor

    try:
        application = replaying(Path(cassette), Redactor(), loose=loose)
    except (OSError, UnicodeDecodeError, CassetteInvalid) as error:
        raise UsageError(f"{cassette}: {error}") from error
    serve_application(application, "replaying model", host, port)
