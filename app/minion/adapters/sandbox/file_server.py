"""The client of the boxed file server: one child that answers JSON lines, started again when it dies."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

_LONGEST_ANSWER = 64_000_000
_ANSWER_WITHIN_S = 90.0
_LAST_WORDS_S = 2.0


@dataclass(frozen=True)
class Start:
    """How to start the child; `pass_fds` go to it and are closed here."""

    argv: Sequence[str]
    pass_fds: tuple[int, ...] = ()


class BoxedFileServer:
    """Implements `ports.sandbox.FileServer`. Calls are served one after another; the child is started by the first."""

    def __init__(self, start: Callable[[], Start], within_s: float = _ANSWER_WITHIN_S) -> None:
        self._start = start
        self._within_s = within_s
        self._turn = threading.Lock()
        self._link: _Link | None = None
        self._closed = False

    def call(self, request: Mapping[str, object]) -> dict[str, object]:
        with self._turn:
            answer = self._linked().ask(request, self._within_s)
            if answer is None:
                problem = self._link.last_words() if self._link else ""
                self._link = None
                return {"ok": False, "error": f"the file server did not answer {problem}".strip()}
            return answer

    def warm(self) -> None:
        with self._turn:
            if not self._closed:
                self._linked()

    def _linked(self) -> _Link:
        if self._link is None or not self._link.alive:
            self._link = _Link(self._start())
        return self._link

    def close(self) -> None:
        """Nobody waits for the child to be gone: it has answered all that it was asked."""
        with self._turn:
            self._closed = True
            if self._link is not None:
                self._link.kill()
                self._link = None


class _Link:
    """One child and the thread that started it.

    The thread lives as long as the child: bubblewrap's `--die-with-parent` follows the thread that forked
    (PR_SET_PDEATHSIG in prctl(2)), which must not be a short-lived one of some pool.
    """

    def __init__(self, start: Start) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._started = threading.Event()
        self._errors = ""
        self._thread = threading.Thread(target=self._serve, args=(start,), name="file-server", daemon=True)
        self._thread.start()
        self._started.wait()

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def ask(self, request: Mapping[str, object], within_s: float) -> dict[str, object] | None:
        """None when the child died, spoke nonsense or took too long; the link is of no use then."""
        stream = self._child.stdin if self._child is not None else None
        if stream is None:
            return None
        try:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
            return _parsed(self._answers.get(timeout=within_s))
        except (BrokenPipeError, ValueError, queue.Empty):  # ValueError: its end was noticed, and the pipe closed
            return None

    def _serve(self, start: Start) -> None:
        try:
            self._child = subprocess.Popen(
                list(start.argv),
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=start.pass_fds,
                start_new_session=True,
            )
        finally:
            for fd in start.pass_fds:
                os.close(fd)
            self._started.set()
        output = self._child.stdout
        while output is not None and (line := _line(output)):
            self._answers.put(line)
        self._answers.put(None)
        if self._child is not None:
            _, errors = self._child.communicate()
            self._errors = errors.decode(errors="replace").strip()[-400:]

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    def last_words(self) -> str:
        """Ends the child, and waits for what it said at last."""
        self.kill()
        self._thread.join(_LAST_WORDS_S)
        return self._errors


def _line(stream: IO[bytes]) -> bytes:
    line = stream.readline(_LONGEST_ANSWER)
    return line if line.endswith(b"\n") else b""


def _parsed(line: bytes | None) -> dict[str, object] | None:
    """The child is not trusted to speak properly: whatever is not an object with `ok` counts as no answer."""
    if line is None:
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("ok"), bool) else None
