"""The box: bubblewrap (https://github.com/containers/bubblewrap) with everything unshared and nothing inherited."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from minion.adapters.sandbox.cgroups import make_group
from minion.adapters.sandbox.environment import box_environment
from minion.adapters.sandbox.file_server import BoxedFileServer, Start
from minion.adapters.sandbox.mounts import mounts, system
from minion.adapters.sandbox.process import Finished, ProcessSpec, run_process
from minion.adapters.sandbox.seccomp import open_program
from minion.adapters.sandbox.selftest import INSIDE as ATTEMPTS_INSIDE
from minion.adapters.sandbox.selftest import Escape, run_selftest
from minion.adapters.sandbox.settings import (
    ATTEMPTS,
    BOXED,
    ENTRY,
    LINT_SERVER,
    LINT_WORKER,
    BoxSettings,
    interpreter,
    ripgrep,
)
from minion.ports.sandbox import BoxCommand, BoxResult, FileServer

INSIDE = "/run/minion"
LINT_SERVER_INSIDE = "/run/minion/lint_server.py"
LINT_WORKER_INSIDE = "/run/minion/lint_worker.cjs"
RIPGREP_INSIDE = "/run/minion/rg"
_FIRST_SIGNAL, _LAST_SIGNAL = 129, 159

# Runs inside, before the command: gives up the right to many processes and huge files, says on fd $1 that the box
# stands, and closes it. The hard limits cannot be raised again without a capability that the box lacks.
_LAUNCHER = (
    "ulimit -c 0; ulimit -u $2; ulimit -n $3; ulimit -f $4; ulimit -d $5; "
    "echo 1000 2>/dev/null >/proc/self/oom_score_adj; "
    'if [ $1 != 0 ]; then eval "printf . >&$1; exec $1>&-"; fi; shift 5; exec "$@"'
)
# Runs outside, before bubblewrap: enters the control groups named before `--`.
_ENTER_GROUPS = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'


@dataclass(frozen=True)
class Reason:
    """Why there is no box here, and the command that mends it."""

    problem: str
    remedy: str


class Bubblewrap:
    """Implements `ports.sandbox.Sandbox`. A fresh box for each command; nothing in it outlives the command."""

    def __init__(self, settings: BoxSettings) -> None:
        self._settings = settings
        self._bwrap = shutil.which("bwrap") or "/usr/bin/bwrap"
        self._group = make_group(settings.limits, self)

    @property
    def mode(self) -> str:
        return "bubblewrap"

    @property
    def workspace(self) -> str:
        return str(self._settings.workspace)

    @property
    def bounds(self) -> frozenset[str]:
        """What the whole box is bounded by beside the resource limits of each process: pids, memory, both or none."""
        return self._group.bounds

    def run(self, command: BoxCommand) -> BoxResult:
        ready, started = os.pipe()
        try:
            return _result(run_process(self._spec(command, ready, started)))
        finally:
            os.close(ready)

    def file_server(self) -> FileServer:
        search = ripgrep()
        options = [f"--rg={RIPGREP_INSIDE}"] if search else []
        options += [f"--readable={path}" for path in self._settings.readable]
        argv = [str(interpreter()), "-I", "-S", "-c", ENTRY, INSIDE, self.workspace, *options]
        shown = {f"{INSIDE}/{BOXED.name}": BOXED} | ({RIPGREP_INSIDE: search} if search else {})
        return BoxedFileServer(lambda: self._start_of_server(argv, _shown(shown)))

    def lint_server(self) -> FileServer:
        argv = [str(interpreter()), "-I", "-S", LINT_SERVER_INSIDE, self.workspace, LINT_WORKER_INSIDE]
        scripts = {LINT_SERVER_INSIDE: LINT_SERVER, LINT_WORKER_INSIDE: LINT_WORKER}
        read_only = (*_shown(scripts), "--remount-ro", self.workspace)
        return BoxedFileServer(lambda: self._start_of_server(argv, read_only))

    def selftest(self) -> list[Escape]:
        """The attempts to get out that succeeded: none, or nothing may run here."""
        return run_selftest(self, box_environment(self._settings))

    def _start_of_server(self, argv: Sequence[str], options: Sequence[str] = ()) -> Start:
        filters = _filters()
        return Start(self._argv(argv, box_environment(self._settings), "/", (0, *filters), options), filters)

    def _spec(self, command: BoxCommand, ready: int, started: int) -> ProcessSpec:
        environment = box_environment(self._settings) | dict(command.env)
        filters = _filters()
        cwd = os.path.normpath(self._settings.workspace / command.cwd)
        return ProcessSpec(
            argv=self._argv(command.argv, environment, cwd, (started, *filters)),
            env={},
            stdin=command.stdin,
            timeout_s=command.timeout_s,
            output_limit=command.output_limit,
            pass_fds=(started, *filters),
            ready_fd=ready,
        )

    def _argv(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        cwd: str,
        fds: tuple[int, ...],
        more: Sequence[str] = (),
    ) -> list[str]:
        """To be started with an empty environment. `fds`: of the launcher's sign (0: none), then of call filters.
        `more`: bubblewrap's options, after all others."""
        limits = self._settings.limits
        bounds = (limits.processes, limits.files, limits.file_bytes // 1024, limits.data_bytes // 1024)
        launcher = ["/bin/bash", "-c", _LAUNCHER, "bash", str(fds[0]), *map(str, bounds)]
        filters = [option for fd in fds[1:] for option in ("--seccomp", str(fd))]
        options = [*filters, *self._options(environment, cwd, more)]
        return [*self._groups(), self._bwrap, *options, "--", *launcher, *command]

    def _groups(self) -> list[str]:
        entries = [str(entry) for entry in self._group.entries]
        return ["/bin/bash", "-c", _ENTER_GROUPS, "bash", *entries, "--"] if entries else []

    def _options(self, environment: Mapping[str, str], cwd: str, more: Sequence[str]) -> list[str]:
        variables = [option for name, value in environment.items() for option in ("--setenv", name, value)]
        own = mounts(self._settings, {ATTEMPTS_INSIDE: ATTEMPTS}, more)
        return [*_ISOLATION, "--clearenv", *variables, *self._system, *own, "--chdir", cwd]

    @cached_property
    def _system(self) -> list[str]:
        return system(self._settings)


def _shown(files: Mapping[str, Path]) -> tuple[str, ...]:
    return tuple(option for inside, file in files.items() for option in ("--ro-bind", str(file), inside))


def _filters() -> tuple[int, ...]:
    fd = open_program()
    return () if fd is None else (fd,)


_ISOLATION = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--unshare-cgroup-try"),
    *("--disable-userns", "--uid", "1000", "--gid", "1000", "--hostname", "minion"),
    *("--cap-drop", "ALL", "--new-session", "--die-with-parent"),
)


def _result(finished: Finished) -> BoxResult:
    """Bubblewrap reports a signal as 128 + its number, as shells do."""
    code = finished.exit_code
    return BoxResult(
        exit_code=128 - code if _FIRST_SIGNAL <= code <= _LAST_SIGNAL else code,
        stdout=finished.stdout,
        stderr=finished.stderr,
        timed_out=finished.timed_out,
        seconds=finished.seconds,
        start_s=finished.start_s,
        dropped_bytes=finished.dropped_bytes,
    )


def available(settings: BoxSettings) -> Reason | None:
    """None when a box really starts here; else what stands against it, found by trying."""
    if shutil.which("bwrap") is None:
        return Reason("bubblewrap is not installed", "sudo apt-get install --yes bubblewrap")
    if not Path("/bin/bash").exists():
        return Reason("bash is not installed", "sudo apt-get install --yes bash")
    result = Bubblewrap(settings).run(BoxCommand(argv=["/bin/true"], timeout_s=20))
    if result.exit_code == 0:
        return None
    words = result.stderr.decode(errors="replace").strip() or f"exit code {result.exit_code}"
    return _diagnose(words)


def _diagnose(words: str) -> Reason:
    problem = f"bubblewrap cannot start a box: {words}"
    if "unknown option" in words.lower():
        return Reason(problem, "install bubblewrap 0.8 or newer (Debian 12, Ubuntu 24.04)")
    if _switched_off("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"):
        return Reason(problem, "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")
    if _switched_off("/proc/sys/kernel/unprivileged_userns_clone", "0"):
        return Reason(problem, "sudo sysctl -w kernel.unprivileged_userns_clone=1")
    if _switched_off("/proc/sys/user/max_user_namespaces", "0"):
        return Reason(problem, "sudo sysctl -w user.max_user_namespaces=15000")
    return Reason(
        problem,
        "run where user namespaces work: on the machine itself, or in a container started with "
        "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined",
    )


def _switched_off(switch: str, value: str) -> bool:
    path = Path(switch)
    return path.exists() and path.read_text().strip() == value
