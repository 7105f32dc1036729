"""The box itself: what it shows, what it costs, and the choice of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from minion.adapters.sandbox import (
    BoxSettings,
    Bubblewrap,
    Limits,
    Reason,
    Unsafe,
    available,
    choose,
    known_tools,
    stage_etc,
)
from minion.adapters.sandbox.file_server import BoxedFileServer, Start
from minion.adapters.sandbox.seccomp import program
from minion.adapters.workspace import CloneSource, clone
from minion.ports.sandbox import BoxCommand


def shell(box: Bubblewrap, command: str) -> str:
    result = box.run(BoxCommand(argv=["/bin/bash", "-c", command], timeout_s=60))
    assert result.exit_code == 0, result.stderr
    return result.stdout.decode()


def test_it_is_available_here(tree: Path) -> None:
    assert available(BoxSettings(workspace=tree)) is None


def test_it_starts_in_milliseconds(box: Bubblewrap) -> None:
    results = [box.run(BoxCommand(argv=["/bin/true"])) for _ in range(5)]
    assert 0 < min(result.start_s for result in results) < 0.5
    assert all(result.start_s <= result.seconds for result in results)


def test_all_attempts_to_get_out_fail(box: Bubblewrap) -> None:
    assert box.selftest() == []


def test_the_self_test_sees_a_box_with_a_hole(tree: Path) -> None:
    """What the self-test looks for is found when it is there: the host's canary, in a box that shows its folder."""
    sandbox = Bubblewrap(BoxSettings(workspace=tree, readable=(Path(tempfile.gettempdir()),)))
    assert "outside_file" in {escape.attempt for escape in sandbox.selftest()}


def test_a_self_test_that_cannot_be_done_counts_as_an_escape(tree: Path) -> None:
    assert [escape.attempt for escape in Bubblewrap(BoxSettings(workspace=tree / "missing")).selftest()] == ["selftest"]


def test_the_attempts_refuse_to_run_outside() -> None:
    script = Path(__file__).parents[2] / "app/minion/adapters/sandbox/attempts.py"
    done = subprocess.run([sys.executable, script, "{}"], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "inside a box only" in done.stderr


def test_the_system_is_the_host_s_and_the_user_is_nobody_s(box: Bubblewrap) -> None:
    said = shell(box, "id -un; hostname; echo $HOME; python3 -c 'print(6 * 7)'")
    assert said.split() == ["minion", "minion", "/tmp/home", "42"]


ALL_OF_ETC = "cd /etc && find . ! -type d -exec sha256sum {} + 2>/dev/null | sort; touch /etc/x 2>&1 || rm -rf /etc"


def test_a_staged_etc_is_the_same_and_as_little_to_be_changed(tree: Path, tmp_path: Path) -> None:
    stage_etc(tmp_path / "etc")
    plain, staged = (
        Bubblewrap(BoxSettings(workspace=tree)),
        Bubblewrap(BoxSettings(workspace=tree, etc=tmp_path / "etc")),
    )
    found = [box.run(BoxCommand(argv=["/bin/bash", "-c", ALL_OF_ETC])).stdout.decode() for box in (plain, staged)]
    assert found[0] == found[1]
    assert "./passwd" in found[0]
    assert "./shadow" not in found[0]
    assert "Read-only file system" in found[0]
    assert staged.selftest() == []


def test_each_box_is_fresh(box: Bubblewrap) -> None:
    shell(box, "touch /tmp/left ~/left /dev/shm/left")
    assert "left" not in shell(box, "ls /tmp ~ /dev/shm")


LOOPBACK = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    print("up")
"""


def test_loopback_works_inside(box: Bubblewrap) -> None:
    assert shell(box, f"python3 -c '{LOOPBACK}'").strip() == "up"


def test_our_repository_is_shown_read_only(tree: Path, tmp_path: Path) -> None:
    made = "git init -q && git add . && git -c user.name=a -c user.email=a@b commit -q -m first && git rev-parse HEAD"
    done = subprocess.run(["/bin/sh", "-c", made], cwd=tree, capture_output=True, text=True, check=True, timeout=30)
    source = CloneSource(url=f"file://{tree}", sha=done.stdout.strip())
    workspace = clone(source, tmp_path / "work", tmp_path / "private")
    box = Bubblewrap(BoxSettings(workspace=tmp_path / "work", git_dir=workspace.git_dir))
    assert shell(box, "git log --format=%s; echo >new; git status --porcelain").split("\n") == ["first", "?? new", ""]
    result = box.run(BoxCommand(argv=["/bin/bash", "-c", "touch .git/x || rm -r .git || mv .git moved"]))
    assert result.exit_code != 0
    assert (workspace.git_dir / "HEAD").exists()
    assert workspace.changed_paths() == ["new"]


def test_a_readable_folder_is_read_only(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/0001.txt").write_text("whole")
    box = Bubblewrap(BoxSettings(workspace=tree, readable=(tmp_path / "out",)))
    assert shell(box, f"cat {tmp_path}/out/0001.txt; touch {tmp_path}/out/x 2>/dev/null || echo no") == "wholeno\n"
    files = box.file_server()
    assert files.call({"op": "read", "path": str(tmp_path / "out/0001.txt")})["lines"] == ["whole"]
    assert files.call({"op": "write", "path": str(tmp_path / "out/x"), "text": "x"})["ok"] is False
    files.close()


def test_limits_reach_the_command(tree: Path) -> None:
    limits = Limits(processes=77, files=99, file_bytes=2**20, data_bytes=2**30)
    said = shell(
        Bubblewrap(BoxSettings(workspace=tree, limits=limits)), "for name in u n f d c; do ulimit -$name; done"
    )
    assert said.split() == ["77", "99", "1024", "1048576", "0"]


def test_tools_of_version_managers_are_shown_without_what_lies_beside_them(tree: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    tool = home / ".nvm/versions/node/v22/bin/thing"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho thing\n")
    tool.chmod(0o755)
    (home / ".nvm/token").write_text("canary")
    known = known_tools({"HOME": str(home), "PATH": f"{tool.parent}:/usr/bin:{home}/bin:relative"})
    assert (home / ".nvm/versions").resolve() in known.tool_cache
    assert known.search_path == (tool.parent,)
    box = Bubblewrap(BoxSettings(workspace=tree, tool_cache=known.tool_cache, search_path=known.search_path))
    assert shell(box, f"thing; cat {home}/.nvm/token 2>/dev/null || true") == "thing\n"


def test_the_choice_fails_closed(tree: Path) -> None:
    settings = BoxSettings(workspace=tree)
    assert isinstance(choose("auto", settings), Bubblewrap)
    assert isinstance(choose("unsafe", settings), Unsafe)
    assert isinstance(choose("docker", settings), Reason)
    broken = choose("bubblewrap", BoxSettings(workspace=tree / "missing"))
    assert isinstance(broken, Reason)
    assert "missing" in broken.problem
    assert broken.remedy


ORDINARY = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from minion.adapters.sandbox import BoxSettings, Bubblewrap
from minion.ports.sandbox import BoxCommand
box = Bubblewrap(BoxSettings(workspace=Path(sys.argv[2])))
bomb = BoxCommand(argv=["/bin/bash", "-c", "f() { f | f & }; f; sleep 60"], timeout_s=2)
print(box.selftest(), box.run(bomb).timed_out)
"""
SYSTEM_PYTHON = Path("/usr/bin/python3")


def system_python_is_recent() -> bool:
    if not SYSTEM_PYTHON.exists():
        return False
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([SYSTEM_PYTHON, "-c", check], check=False, timeout=30).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can step down to another user")
@pytest.mark.skipif(not system_python_is_recent(), reason="the system has no Python 3.11 that everybody may read")
def test_it_works_for_an_ordinary_user() -> None:
    source = str(Path(__file__).parents[2] / "app")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        done = subprocess.run(
            [SYSTEM_PYTHON, "-I", "-c", ORDINARY, source, folder],
            user=65534,
            group=65534,
            extra_groups=[],
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.stdout.strip() == "[] True", done.stderr


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_call_filter_lands_inside_it(machine: str) -> None:
    code = program(machine)
    assert code is not None
    steps = [code[at : at + 8] for at in range(0, len(code), 8)]
    targets = [at + 1 + max(step[2], step[3]) for at, step in enumerate(steps) if step[0] in {0x15, 0x35}]
    assert max(targets) < len(steps)
    assert steps[-1] == b"\x06\x00\x00\x00\x00\x00\xff\x7f"


def test_a_server_is_started_once_and_not_after_its_end() -> None:
    started: list[Start] = []

    def start() -> Start:
        started.append(Start(["/bin/sh", "-c", "while read line; do echo '{\"ok\": true}'; done"]))
        return started[-1]

    files = BoxedFileServer(start)
    files.warm()
    assert len(started) == 1
    assert files.call({"op": "stat"}) == {"ok": True}
    files.close()
    files.warm()
    assert len(started) == 1


def test_a_child_that_talks_nonsense_is_no_answer() -> None:
    for script in ("echo hello", "echo '[1]'", "echo '{}'", "exit 1", "cat >/dev/null"):
        files = BoxedFileServer(lambda script=script: Start(["/bin/sh", "-c", f"read line; {script}"]), within_s=1)
        answer = files.call({"op": "stat"})
        assert answer["ok"] is False
        assert "did not answer" in str(answer["error"])
        files.close()


def test_an_unknown_machine_has_no_filter() -> None:
    assert program("pdp11") is None
