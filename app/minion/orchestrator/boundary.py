"""The process's one catch-all: a bug in one task or delivery must not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable

from minion.domain.errors import Outage

_log = logging.getLogger(__name__)


def guarded(what: str, work: Callable[[], None], *, known: str = "") -> Exception | None:
    """Runs it; an exception is logged and returned: a bug with its traceback, an outage in one line, unless it is the
    one that is `known` already."""
    try:
        work()
    except Outage as outage:
        if str(outage) != known:
            _log.error("%s waits: %s", what, outage)
        return outage
    except Exception as error:  # noqa: BLE001 -- the boundary
        _log.exception("%s failed", what)
        return error
    return None
