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
