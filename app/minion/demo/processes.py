"""Child processes of the demo: started with an environment of their own, watched until they listen, ended by id."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from minion.domain.errors import Outage

LISTENING = re.compile(r"listening on (http://\S+)")
START_SECONDS = 60.0


class Service:
    """One `minion` process that prints `... listening on http://...` when it is ready; its output goes to a file."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._arguments = list(arguments)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> str:
        """Returns the address it listens on. Raises `Outage` with the end of its log when it does not come up."""
        already = self.log.stat().st_size if self.log.exists() else 0
        settings = [f"{name}={value}" for name, value in self._environment.items()]
        command = ["env", "-i", *settings, sys.executable, "-m", "minion", *self._arguments]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.url = self._await_address(already)
        return self.url

    def _await_address(self, offset: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            text = self.log.read_bytes()[offset:].decode(errors="replace")
            if found := LISTENING.search(text):
                return found[1]
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.02)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise Outage(f"{self.name} did not start; the end of {self.log}:\n{tail}")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL, as a machine that loses power would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, number)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
