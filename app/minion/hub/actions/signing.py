"""Links that need no token and live for a minute.

https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

LIFETIME_S = 60


class Signer:
    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def signed(self, path: str) -> str:
        """The path with its expiry (Unix seconds) and signature."""
        expires = int(time.time()) + LIFETIME_S
        return f"{path}?expires={expires}&sig={self._signature(path, expires)}"

    def valid(self, path: str, expires: str, signature: str) -> bool:
        if not (expires.isascii() and expires.isdigit()) or int(expires) < time.time():
            return False
        return hmac.compare_digest(self._signature(path, int(expires)), signature)

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
