"""Started as a script in front of a server: sets its limits, sees that it dies with us, becomes it.

Only the standard library, since it runs as `python -I -S` in an environment that is the server's own.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html"""
LIMITS: Final = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_CPU: 3600,
    resource.RLIMIT_FSIZE: 2_000_000_000,
    resource.RLIMIT_NOFILE: 4096,
}
"""Seconds of one process, bytes of one file, open files."""


def _become(argv: list[str]) -> None:
    for kind, most in LIMITS.items():
        _, hard = resource.getrlimit(kind)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 -- no shell is what is wanted
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    _become(sys.argv[1:])
