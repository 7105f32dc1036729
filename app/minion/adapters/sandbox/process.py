"""One child process with limits: all its output up to a size, its time up to a deadline, its whole group killed."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

_DRAIN_S = 1.0
_ENDLESS = 32
"""A stream that grows past this many times the limit is endless: its process is stopped."""


@dataclass(frozen=True)
class ProcessSpec:
    """`ready_fd` is the read end of a pipe on which the child's first byte says that it has started."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str | None = None
    stdin: bytes = b""
    timeout_s: float = 120.0
    output_limit: int = 10_000_000
    pass_fds: tuple[int, ...] = ()
    ready_fd: int | None = None
    merge_stderr: bool = False
    on_output: Callable[[bytes], None] | None = None


@dataclass(frozen=True)
class Finished:
    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    seconds: float
    start_s: float
    dropped_bytes: int


@dataclass
class Capture:
    """Keeps the first and the last half of `limit` bytes, and counts what it dropped between them."""

    limit: int
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = self.limit - self.limit // 2 - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        self.tail += data
        if len(self.tail) > max(2 * (self.limit // 2), 65_536):
            self._trim()

    def _trim(self) -> None:
        half = self.limit // 2
        del self.tail[: max(0, len(self.tail) - half)]

    @property
    def dropped(self) -> int:
        return max(0, self.total - self.limit)

    @property
    def endless(self) -> bool:
        return self.total > self.limit * _ENDLESS

    def value(self) -> bytes:
        self._trim()
        gap = f"\n[{self.dropped} bytes dropped]\n".encode() if self.dropped else b""
        return bytes(self.head) + gap + bytes(self.tail)


def run_process(spec: ProcessSpec) -> Finished:
    """Runs it to its end, its deadline or endless output; closes `pass_fds`. Raises `OSError` when it cannot start."""
    began = time.monotonic()
    child = _start(spec)
    watch = _Watch(child, spec, began)
    try:
        watch.pump()
    finally:
        watch.close()
    return watch.finished()


def _start(spec: ProcessSpec) -> subprocess.Popen[bytes]:
    try:
        return _popen(spec)
    finally:
        for fd in spec.pass_fds:
            os.close(fd)


def _popen(spec: ProcessSpec) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(spec.argv),
        env=dict(spec.env),
        cwd=spec.cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if spec.merge_stderr else subprocess.PIPE,
        pass_fds=spec.pass_fds,
        close_fds=True,
        start_new_session=True,
    )


class _Watch:
    """The event loop around one child."""

    def __init__(self, child: subprocess.Popen[bytes], spec: ProcessSpec, began: float) -> None:
        self._child = child
        self._spec = spec
        self._began = began
        self._deadline = began + spec.timeout_s
        self._started = began
        self._timed_out = False
        self._ended = False
        self._captures = {"stdout": Capture(spec.output_limit), "stderr": Capture(spec.output_limit)}
        self._stdin = memoryview(spec.stdin)
        self._selector = selectors.DefaultSelector()
        self._pidfd = os.pidfd_open(child.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, "exit")
        self._register(child.stdout, "stdout")
        self._register(child.stderr, "stderr")
        self._register_stdin()
        if spec.ready_fd is not None:
            self._selector.register(spec.ready_fd, selectors.EVENT_READ, "ready")

    def _register(self, stream: IO[bytes] | None, name: str) -> None:
        if stream is not None:
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, name)

    def _register_stdin(self) -> None:
        stream = self._child.stdin
        if stream is None:
            return
        if not self._stdin:
            stream.close()
            return
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream, selectors.EVENT_WRITE, "stdin")

    def pump(self) -> None:
        """Until the child has ended and its pipes are dry; what outlives it may hold them a second more, then dies."""
        while self._selector.get_map() and not self._past_deadline():
            for key, _ in self._selector.select(max(0.0, self._deadline - time.monotonic())):
                self._handle(key)

    def _past_deadline(self) -> bool:
        if time.monotonic() < self._deadline:
            return False
        if self._ended:
            return True
        self._timed_out = True
        self._stop()
        return False

    def _handle(self, key: selectors.SelectorKey) -> None:
        match key.data:
            case "exit":
                self._selector.unregister(self._pidfd)
                self._ended = True
                self._deadline = min(self._deadline, time.monotonic() + _DRAIN_S)
            case "stdin":
                self._feed(key)
            case "ready":
                self._started = time.monotonic()
                self._selector.unregister(key.fileobj)
            case _:
                self._drain(key)

    def _feed(self, key: selectors.SelectorKey) -> None:
        try:
            self._stdin = self._stdin[os.write(key.fd, self._stdin[:65_536]) :]
        except BrokenPipeError:
            self._stdin = self._stdin[:0]
        if not self._stdin and self._child.stdin is not None:
            self._selector.unregister(self._child.stdin)
            with contextlib.suppress(BrokenPipeError):
                self._child.stdin.close()

    def _drain(self, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, 65_536)
        if not data:
            self._selector.unregister(key.fileobj)
            return
        capture = self._captures[key.data]
        capture.add(data)
        if self._spec.on_output is not None:
            self._spec.on_output(data)
        if capture.endless and not self._ended:
            self._stop()

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._deadline = time.monotonic() + _DRAIN_S

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._selector.close()
        os.close(self._pidfd)
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def finished(self) -> Finished:
        return Finished(
            exit_code=self._child.returncode,
            stdout=self._captures["stdout"].value(),
            stderr=self._captures["stderr"].value(),
            timed_out=self._timed_out,
            seconds=time.monotonic() - self._began,
            start_s=self._started - self._began,
            dropped_bytes=sum(capture.dropped for capture in self._captures.values()),
        )
