"""The process's one catch-all: a bug in one task or delivery must not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable

_log = logging.getLogger(__name__)


def guarded(what: str, work: Callable[[], None]) -> Exception | None:
    """Runs it; an exception is logged with its traceback and returned."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 -- the boundary
        _log.exception("%s failed", what)
        return error
    return None
