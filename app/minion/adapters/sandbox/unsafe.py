"""No box at all: commands run on the machine itself. Only ever by name, never as a fallback."""

from __future__ import annotations

import os
import tempfile

from minion.adapters.sandbox.environment import box_environment
from minion.adapters.sandbox.file_server import BoxedFileServer, Start
from minion.adapters.sandbox.process import ProcessSpec, run_process
from minion.adapters.sandbox.settings import BOXED, ENTRY, LINT_SERVER, LINT_WORKER, BoxSettings, interpreter, ripgrep
from minion.ports.sandbox import BoxCommand, BoxResult, FileServer


class Unsafe:
    """Implements `ports.sandbox.Sandbox` with a clean environment, a time limit and nothing else."""

    def __init__(self, settings: BoxSettings) -> None:
        self._settings = settings
        self._home = tempfile.TemporaryDirectory(prefix="minion-home-")

    @property
    def mode(self) -> str:
        return "unsafe"

    @property
    def workspace(self) -> str:
        return str(self._settings.workspace)

    def run(self, command: BoxCommand) -> BoxResult:
        spec = ProcessSpec(
            argv=command.argv,
            env=self._environment() | dict(command.env),
            cwd=os.path.normpath(self._settings.workspace / command.cwd),
            stdin=command.stdin,
            timeout_s=command.timeout_s,
            output_limit=command.output_limit,
        )
        try:
            done = run_process(spec)
        except OSError as error:
            return BoxResult(127, b"", f"{command.argv[0]}: {error.strerror}\n".encode(), timed_out=False, seconds=0.0)
        return BoxResult(
            done.exit_code, done.stdout, done.stderr, done.timed_out, done.seconds, dropped_bytes=done.dropped_bytes
        )

    def file_server(self) -> FileServer:
        search = ripgrep()
        options = [f"--rg={search}"] if search else []
        options += [f"--readable={path}" for path in self._settings.readable]
        argv = [str(interpreter()), "-I", "-S", "-c", ENTRY, str(BOXED.parent), self.workspace, *options]
        return BoxedFileServer(lambda: Start(argv))

    def lint_server(self) -> FileServer:
        environment = [f"{name}={value}" for name, value in self._environment().items()]
        argv = [str(interpreter()), "-I", "-S", str(LINT_SERVER), self.workspace, str(LINT_WORKER)]
        return BoxedFileServer(lambda: Start(["/usr/bin/env", "-i", *environment, *argv]))

    def _environment(self) -> dict[str, str]:
        return box_environment(self._settings, home=self._home.name)
