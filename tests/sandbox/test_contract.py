"""What every sandbox promises."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from minion.ports.sandbox import BoxCommand, FileServer, Sandbox


def shell(command: str, **options: Any) -> BoxCommand:
    return BoxCommand(argv=["/bin/bash", "-c", command], **options)


def test_output_exit_code_and_folder(sandbox: Sandbox, tree: Path) -> None:
    result = sandbox.run(shell("pwd; echo trouble >&2; exit 3", cwd="src"))
    assert (result.exit_code, result.timed_out) == (3, False)
    assert result.stdout.decode().strip() == str(tree / "src")
    assert result.stderr == b"trouble\n"
    assert sandbox.workspace == str(tree)


def test_the_workspace_is_written_at_the_same_path(sandbox: Sandbox, tree: Path) -> None:
    assert sandbox.run(shell(f"echo new > {tree}/made.txt")).exit_code == 0
    assert (tree / "made.txt").read_text() == "new\n"


def test_a_signal_is_a_negative_exit_code(sandbox: Sandbox) -> None:
    assert sandbox.run(shell("kill -9 $$")).exit_code == -9


def test_a_command_that_does_not_exist(sandbox: Sandbox) -> None:
    result = sandbox.run(BoxCommand(argv=["no-such-program"]))
    assert result.exit_code == 127
    assert b"no-such-program" in result.stderr


def test_input_larger_than_a_pipe(sandbox: Sandbox) -> None:
    data = b"x" * 1_000_000
    assert sandbox.run(shell("cat", stdin=data)).stdout == data
    assert sandbox.run(shell("exit 0", stdin=data)).exit_code == 0


def test_the_deadline_ends_everything(sandbox: Sandbox) -> None:
    result = sandbox.run(shell("sleep 60 & echo started; sleep 60", timeout_s=1))
    assert result.timed_out
    assert result.stdout == b"started\n"
    assert result.seconds < 10


def test_long_output_keeps_its_ends_and_counts_the_rest(sandbox: Sandbox) -> None:
    result = sandbox.run(
        shell("echo first; head -c 300000 /dev/zero | tr '\\0' x; echo; echo last", output_limit=20_000)
    )
    assert result.stdout.startswith(b"first\n")
    assert result.stdout.endswith(b"last\n")
    assert result.dropped_bytes == 300_012 - 20_000
    assert len(result.stdout) < 21_000


def test_endless_output_is_stopped(sandbox: Sandbox) -> None:
    result = sandbox.run(shell("yes", output_limit=10_000, timeout_s=60))
    assert result.exit_code == -9
    assert not result.timed_out
    assert result.seconds < 30


def test_the_environment_is_an_allow_list(sandbox: Sandbox) -> None:
    lines = sandbox.run(shell("env", env={"ADDED": "yes"})).stdout.decode().splitlines()
    names = {line.split("=", 1)[0] for line in lines}
    assert "ADDED=yes" in lines
    assert {"PATH", "HOME", "CI", "PYTHONDONTWRITEBYTECODE"} <= names
    allowed = {"USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TERM", "TZ", "NO_COLOR", "PAGER", "PWD", "SHLVL", "_"}
    allowed |= {"LD_LIBRARY_PATH", "PIP_DISABLE_PIP_VERSION_CHECK", "PYTHONUNBUFFERED", "npm_config_update_notifier"}
    assert names - allowed <= {"ADDED", "PATH", "HOME", "CI", "PYTHONDONTWRITEBYTECODE"} | {
        name for name in names if name.startswith("GIT_")
    }


def test_the_workspace_s_own_tools_come_first(sandbox: Sandbox, tree: Path) -> None:
    tool = tree / ".venv/bin/python3"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho own\n")
    tool.chmod(0o755)
    assert sandbox.run(shell("python3; echo $VIRTUAL_ENV")).stdout.decode().split() == ["own", str(tree / ".venv")]


@pytest.fixture
def files(sandbox: Sandbox) -> FileServer:
    return sandbox.file_server()


def test_the_file_server_serves(files: FileServer, tree: Path) -> None:
    read = files.call({"op": "read", "path": "src/widget.py"})
    assert read["lines"] == ["def size():", "    return 1"]
    found = files.call({"op": "search", "pattern": "return"})
    assert found["lines"] == ["src/widget.py\x002:    return 1"]
    made = files.call({"op": "write", "path": "new/file.txt", "text": "x"})
    assert (made["ok"], made["created"]) == (True, True)
    assert (tree / "new/file.txt").read_text() == "x"
    files.close()


@pytest.mark.parametrize(
    "request_", [{}, {"op": "nothing"}, {"op": "read"}, {"op": "edit", "path": 3}, {"op": "read", "path": "\0"}]
)
def test_a_request_that_makes_no_sense_is_an_answer(files: FileServer, request_: dict[str, object]) -> None:
    answer = files.call(request_)
    assert answer["ok"] is False
    assert answer["error"]
    assert files.call({"op": "read", "path": "src/widget.py"})["ok"] is True
    files.close()


def test_the_file_server_outlives_the_thread_of_its_first_call(files: FileServer) -> None:
    thread = threading.Thread(target=files.call, args=({"op": "stat", "path": "a"},))
    thread.start()
    thread.join()
    process = files._link._child.pid  # type: ignore[attr-defined]
    assert files.call({"op": "stat", "path": "a"})["ok"] is True
    assert files._link._child.pid == process  # type: ignore[attr-defined]
    files.close()


def test_a_file_server_that_died_is_started_again(files: FileServer) -> None:
    files.call({"op": "stat", "path": "a"})
    files._link._child.kill()  # type: ignore[attr-defined]
    files._link._child.wait()  # type: ignore[attr-defined]
    assert files.call({"op": "stat", "path": "a"})["ok"] is True
    files.close()


def test_many_threads_share_the_file_server(files: FileServer) -> None:
    answers: list[dict[str, object]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(files.call({"op": "read", "path": "src/widget.py"})))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer["total"] for answer in answers] == [2] * 12
    files.close()
