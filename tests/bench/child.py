"""Child processes of a benchmark: their environment, their wall time, and servers that say where they answer."""

from __future__ import annotations

import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
MINION = Path(sys.executable).parent / "minion"
ENVIRONMENT = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
LONGEST_S = 120.0


class DidNotWork(Exception):  # noqa: N818 -- it names what happened
    """What was to be measured failed; the message is what it said."""


def wall(argv: Sequence[str | Path], environment: Mapping[str, str] = ENVIRONMENT) -> float:
    """Seconds until the command has ended well. Raises `DidNotWork`."""
    began = time.perf_counter()
    done = subprocess.run(
        list(map(str, argv)), capture_output=True, check=False, env=dict(environment), timeout=LONGEST_S
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise DidNotWork(f"{argv[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}")
    return seconds


def python(code: str) -> list[str]:
    """A command that runs `code` in this Python."""
    return [sys.executable, "-c", code]


def interleaved(
    first: Sequence[str | Path], second: Sequence[str | Path], runs: int
) -> tuple[list[float], list[float]]:
    """Seconds of both, taken in turn so that what else the machine does hits both; one unmeasured run warms each."""
    wall(first), wall(second)
    times = [(wall(first), wall(second)) for _ in range(runs)]
    return [one for one, _ in times], [other for _, other in times]


@contextmanager
def serving(argv: Sequence[str | Path], environment: Mapping[str, str]) -> Iterator[str]:
    """A server until the block ends; yields the address in its first line (`... listening on http://...`)."""
    command = list(map(str, argv))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(environment), text=True
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    stdout = process.stdout
    if stdout is None:
        raise AssertionError("its output is piped")
    ready, _, _ = select.select([stdout], [], [], 60)
    line = stdout.readline() if ready else ""
    found = re.search(r"listening on (http://\S+)", line)
    if found is None:
        raise DidNotWork(f"{process.args!r} did not say where it listens: {line!r}")
    return found[1]
