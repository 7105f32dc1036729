"""Attempts to get out of the box, run inside it as `python -I -S attempts.py FACTS`: one file, standard library only.

FACTS is JSON: where the host's canaries are. Prints {attempt: what it got} as JSON, for those that got something.
It does nothing but where the box puts it, since outside these attempts would succeed; and what succeeds is undone.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
HERE = "/run/minion/attempts.py"
_NEW_USER_NAMESPACE = 0x10000000
_BIND_MOUNT = 4096
_CREDENTIALS = (".ssh", ".aws", ".netrc", ".docker", ".git-credentials", ".gitconfig", ".npmrc", ".kube", ".gnupg")
_SOCKETS = (
    "docker.sock",
    "containerd/containerd.sock",
    "podman/podman.sock",
    "crio/crio.sock",
    "dbus/system_bus_socket",
)
_SYSTEM_FILES = ("/usr/bin/minion-was-here", "/etc/minion-was-here", "/minion-was-here", "/usr/lib/minion-was-here")
_KERNEL_FILES = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/drop_caches",
    "/proc/mtrr",
)
_DEVICES = ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/nvme0n1", "/dev/kvm", "/dev/fuse", "/dev/loop0")


def environments(facts: Facts) -> str | None:
    """Of any process that can be seen: the launcher of the box must not have brought ours along."""
    known = {*facts["environment"], "PWD", "OLDPWD", "SHLVL", "_", "container"}
    for path in Path("/proc").glob("[0-9]*/environ"):
        names = {row.split(b"=")[0].decode() for row in path.read_bytes().split(b"\0") if row}
        if names - known:
            return f"{path}: {sorted(names - known)}"
    return None


def processes(_: Facts) -> str | None:
    found = [path.name for path in Path("/proc").glob("[0-9]*")]
    return f"{len(found)} processes are visible" if len(found) > 6 else None


def descriptors(_: Facts) -> str | None:
    names = {name: os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if int(name) > 2}  # noqa: PTH208, PTH115
    extra = {name: target for name, target in names.items() if not target.startswith("/proc/")}
    return str(extra) if extra else None


def outside_file(facts: Facts) -> str | None:
    return Path(facts["canary"]).read_text()


def credentials(facts: Facts) -> str | None:
    found = [str(Path(facts["home"]) / name) for name in _CREDENTIALS if (Path(facts["home"]) / name).exists()]
    shadow = ["/etc/shadow"] if Path("/etc/shadow").exists() else []
    return str(found + shadow) if found + shadow else None


def system_files(_: Facts) -> str | None:
    return first(written(path) for path in _SYSTEM_FILES)


def beside_the_workspace(facts: Facts) -> str | None:
    """May succeed in the box's own /tmp; whether it was the host's folder, the host sees."""
    Path(facts["beside"]).write_text("canary")
    return None


def kernel_settings(_: Facts) -> str | None:
    return first(opened_for_writing(path) for path in _KERNEL_FILES)


def git_hooks(facts: Facts) -> str | None:
    git = Path(facts["workspace"]) / ".git"
    return first(written(str(path)) for path in (git / "hooks/post-checkout", git / "config", git / "minion-was-here"))


def git_replaced(facts: Facts) -> str | None:
    git = Path(facts["workspace"]) / ".git"
    git.rename(git.with_name(".git-moved"))
    git.with_name(".git-moved").rename(git)
    return f"{git} was renamed"


def control_sockets(_: Facts) -> str | None:
    return first(connected(socket.AF_UNIX, f"{folder}/{name}") for folder in ("/run", "/var/run") for name in _SOCKETS)


def abstract_socket(facts: Facts) -> str | None:
    return connected(socket.AF_UNIX, "\0" + facts["abstract"])


def host_loopback(facts: Facts) -> str | None:
    return connected(socket.AF_INET, ("127.0.0.1", facts["port"]))


# Addresses kept for documentation (RFC 5737, RFC 3849), which are nobody's. Connecting a datagram
# socket only looks for a route: nothing is sent.


def internet(_: Facts) -> str | None:
    return first(routed(socket.AF_INET, address) for address in ("192.0.2.1", "198.51.100.1", "203.0.113.1"))


def metadata_service(_: Facts) -> str | None:
    return first(routed(socket.AF_INET, address) for address in ("169.254.169.254", "168.63.129.16"))


def internet_v6(_: Facts) -> str | None:
    return routed(socket.AF_INET6, "2001:db8::1")


def datagrams(_: Facts) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"canary", ("192.0.2.1", 53))
    return "a datagram went out"


def routed(family: socket.AddressFamily, address: str) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 53))
    return f"there is a way to {address}"


def names(_: Facts) -> str | None:
    return str(socket.getaddrinfo("github.com", 443))


def raw_sockets(_: Facts) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "a raw socket was opened"


def packet_sockets(_: Facts) -> str | None:
    with socket.socket(17, socket.SOCK_RAW):
        return "a packet socket was opened"


def machine_sockets(_: Facts) -> str | None:
    with socket.socket(40, socket.SOCK_STREAM):
        return "a vsock to the machine's host was opened"


def privileges(_: Facts) -> str | None:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    held = [name for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb") if int(status[name], 16)]
    if held or status["NoNewPrivs"] != "1" or os.getuid() == 0:
        return f"capabilities {held}, NoNewPrivs {status['NoNewPrivs']}, user {os.getuid()}"
    return None


def becoming_root(_: Facts) -> str | None:
    os.setuid(0)
    return "setuid(0) succeeded"


def sudo(_: Facts) -> str | None:
    done = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False, timeout=10)
    return "sudo works" if done.returncode == 0 else None


def mounting(_: Facts) -> str | None:
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryDirectory() as folder:
        if libc.mount(b"/usr/lib", folder.encode(), None, _BIND_MOUNT, None) != 0:
            return None
        libc.umount2(folder.encode(), 0)
    return "mount(2) succeeded"


def new_namespaces(_: Facts) -> str | None:
    return "a user namespace was made" if ctypes.CDLL(None).unshare(_NEW_USER_NAMESPACE) == 0 else None


def keyrings(_: Facts) -> str | None:
    number = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine)
    if number is None:
        return None
    return "the session keyring can be read" if ctypes.CDLL(None).syscall(number, 0, -3, 0, 0, 0) >= 0 else None


def device_files(_: Facts) -> str | None:
    return first(opened_for_writing(path) for path in _DEVICES)


def device_nodes(_: Facts) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        os.mknod(f"{folder}/disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))
    return "a block device was made"


def control_groups(_: Facts) -> str | None:
    return first(opened_for_writing(path) for path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/pids/tasks"))


def first(results: Iterator[str | None]) -> str | None:
    return next((result for result in results if result is not None), None)


def written(path: str) -> str | None:
    new = not Path(path).exists()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError:
        return None
    if new:
        Path(path).unlink()
    return f"{path} was written"


def opened_for_writing(path: str) -> str | None:
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError:
        return None
    return f"{path} can be written"


def connected(family: int, address: Any) -> str | None:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as link:
            link.settimeout(1)
            link.connect(address)
    except OSError:
        return None
    return f"connected to {address!r}"


ATTEMPTS: tuple[Callable[[Facts], str | None], ...] = (
    *(environments, processes, descriptors, outside_file, credentials, system_files, beside_the_workspace),
    *(kernel_settings, git_hooks, git_replaced, control_sockets, abstract_socket, host_loopback, internet),
    *(metadata_service, internet_v6, datagrams, names, raw_sockets, packet_sockets, machine_sockets, privileges),
    *(becoming_root, sudo, mounting, new_namespaces, keyrings, device_files, device_nodes, control_groups),
)


def tried(attempt: Callable[[Facts], str | None], facts: Facts) -> str | None:
    try:
        return attempt(facts)
    except OSError:
        return None


def main() -> None:
    if Path(__file__).resolve() != Path(HERE):
        sys.exit(f"this runs inside a box only, as {HERE}")
    facts = json.loads(sys.argv[1])
    results = {attempt.__name__: tried(attempt, facts) for attempt in ATTEMPTS}
    got = {name: result for name, result in results.items() if result is not None}
    sys.stdout.write(json.dumps({"tried": len(results), "got": got}))


if __name__ == "__main__":
    main()
