"""The command line as a person meets it: a real process, its output and its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("action", "blueprint", "demo", "doctor", "hub", "mcp", "model", "rules", "run", "serve")
BARE = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}


def minion(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minion", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=BARE | (env or {}), cwd=cwd)


def test_help_names_every_command() -> None:
    result = minion("--help")
    assert result.returncode == 0
    listed = {line.split()[0] for line in result.stdout.partition("Commands:")[2].splitlines() if line[2:3].isalpha()}
    assert listed == set(COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from minion.cli import cli; "
        "cli.main(['--help'], standalone_mode=False); "
        "print('LOADED', *[m for m in ('anthropic', 'httpx2', 'pydantic', 'rich', 'git') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1].split() == ["LOADED"]


def test_version() -> None:
    result = minion("--version")
    assert (result.returncode, result.stdout.split()[0]) == (0, "minion")


@pytest.mark.parametrize("arguments", [("bogus",), ("run",), ("serve", "--port", "x"), ("model", "--script", "/none")])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    result = minion(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_serve_without_configuration_lists_all_that_is_missing() -> None:
    result = minion("serve")
    assert result.returncode == 2
    for name in (
        "MINION_APP_ID",
        "MINION_PRIVATE_KEY",
        "MINION_WEBHOOK_SECRET",
        "MINION_PUBLIC_URL",
        "ANTHROPIC_API_KEY",
    ):
        assert f"{name} is not set" in result.stderr
    assert "Traceback" not in result.stderr


def test_action_outside_of_a_job_ends_with_2() -> None:
    result = minion("action")
    assert result.returncode == 2
    assert "MINION_NONCE" in result.stdout + result.stderr
