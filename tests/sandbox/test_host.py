"""Commands on the machine itself."""

from __future__ import annotations

from pathlib import Path

from minion.adapters.clock import SystemClock
from minion.adapters.host import SystemHost
from minion.ports.host import HostCommand

MACHINE = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GITHUB_TOKEN": "canary", "ANTHROPIC_API_KEY": "canary"}


def command(script: str, folder: Path, timeout_s: float = 30.0) -> HostCommand:
    return HostCommand(argv=["/bin/sh", "-c", script], cwd=str(folder), timeout_s=timeout_s, env={"EXTRA": "1"})


def test_output_is_joined_and_streamed_and_secrets_stay_behind(tmp_path: Path) -> None:
    pieces: list[bytes] = []
    result = SystemHost(MACHINE).run(command("pwd; env >&2; exit 4", tmp_path), pieces.append)
    assert result.exit_code == 4
    assert result.output == b"".join(pieces)
    assert str(tmp_path).encode() in result.output
    assert b"EXTRA=1" in result.output
    assert b"canary" not in result.output


def test_the_group_dies_at_the_deadline(tmp_path: Path) -> None:
    script = "(while :; do echo x >> beat; sleep 0.05; done) & wait"
    result = SystemHost(MACHINE).run(command(script, tmp_path, timeout_s=0.5))
    assert result.timed_out
    size = (tmp_path / "beat").stat().st_size
    assert SystemHost(MACHINE).run(command("sleep 0.3", tmp_path)).exit_code == 0
    assert (tmp_path / "beat").stat().st_size == size


def test_a_daemon_that_keeps_the_pipe_does_not_keep_us(tmp_path: Path) -> None:
    result = SystemHost(MACHINE).run(command("sleep 30 & echo done", tmp_path, timeout_s=20))
    assert (result.exit_code, result.output) == (0, b"done\n")
    assert result.seconds < 10


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    assert SystemHost(MACHINE).run(HostCommand(argv=["/no/such"], cwd=str(tmp_path))).exit_code == 127


def test_the_clock_is_aware_and_moves() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is not None
    assert clock.monotonic() <= clock.monotonic()
