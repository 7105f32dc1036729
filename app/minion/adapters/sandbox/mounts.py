"""The file system that a box sees: a read-only system, a minimal /etc, the tool caches and the workspace."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from minion.adapters.sandbox.settings import BoxSettings, usable_caches

_OWN_ETC = Path(__file__).parent / "etc"
# The kernel lets its first user write here without any capability, also from a user namespace which that user made:
# for root, bubblewrap alone leaves core_pattern open to the box, and that names a program to be run outside.
_KERNEL = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr", "pressure")
_FEW = 12
_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# What programs need to start and to verify certificates. Nothing here may hold a credential: no npmrc, pip.conf, netrc.
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "debian_version",
    "fonts",
    "java*",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "lsb-release",
    "magic",
    "magic.mime",
    "maven",
    "mime.types",
    "os-release",
    "perl",
    "php",
    "pki/tls/certs",
    "protocols",
    "python3*",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
    "xml",
)


def system(settings: BoxSettings) -> list[str]:
    """Bubblewrap's options for what is the same in every box of one machine."""
    return [*_system(), *_etc(settings.etc), *_fresh(settings)]


def mounts(settings: BoxSettings, extra: dict[str, Path], more: Sequence[str] = ()) -> list[str]:
    """Bubblewrap's options, in order, to come after `system`: later ones lie over earlier ones. `extra` is {path
    inside: file outside}, `more` are options for the end."""
    return [
        *(option for cache in usable_caches(settings) for option in ("--ro-bind", str(cache), str(cache))),
        *(option for path in settings.readable for option in ("--ro-bind", str(path), str(path))),
        *_workspace(settings),
        *(option for inside, outside in extra.items() for option in ("--ro-bind", str(outside), inside)),
        *more,
        "--remount-ro",
        "/",
    ]


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _SYSTEM_LINKS:
        path = Path("/") / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def stage_etc(folder: Path) -> None:
    """Makes the folder, for `BoxSettings.etc`: copies of files and small folders, so that a box mounts one folder and
    not thirty things; of large folders only the name, to be mounted on."""
    folder.mkdir(mode=0o755)
    for path in _of_the_machine():
        copy = folder / path.relative_to("/etc")
        copy.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # a dangling link among them is no reason to have no box
            if path.is_dir() and _small(path):
                shutil.copytree(path, copy, symlinks=True)
            elif path.is_dir():
                copy.mkdir()
            else:
                shutil.copyfile(path, copy)
    for path in _OWN_ETC.iterdir():
        shutil.copyfile(path, folder / path.name)


def _small(folder: Path) -> bool:
    inside = list(folder.iterdir())
    return len(inside) <= _FEW and not any(path.is_dir() for path in inside)


def _of_the_machine() -> list[Path]:
    return [path for pattern in _ETC for path in sorted(Path("/etc").glob(pattern))]


def _etc(staged: Path | None) -> Iterator[str]:
    if staged is not None:
        yield from ("--ro-bind", str(staged), "/etc")
    for path in _of_the_machine():
        if staged is None or (path.is_dir() and not _small(path)):
            yield from ("--ro-bind-try", str(path), str(path))
    for path in sorted(_OWN_ETC.iterdir()) if staged is None else ():
        yield from ("--ro-bind", str(path), f"/etc/{path.name}")


def _fresh(settings: BoxSettings) -> Iterator[str]:
    size = str(settings.limits.tmp_bytes)
    yield from ("--proc", "/proc")
    for name in _KERNEL:
        yield from ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")
    yield from ("--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm")  # noqa: S108
    yield from ("--size", size, "--perms", "1777", "--tmpfs", "/tmp", "--dir", "/tmp/home")  # noqa: S108
    yield from ("--dir", "/run", "--dir", "/var", "--symlink", "../tmp", "/var/tmp")  # noqa: S108


def _workspace(settings: BoxSettings) -> Iterator[str]:
    root = settings.workspace
    yield from ("--bind", str(root), str(root))
    own = root / ".git"
    if settings.git_dir is not None and own.is_file() and not own.is_symlink():
        yield from ("--ro-bind", str(settings.git_dir), str(settings.git_dir))
        yield from ("--ro-bind", str(own), str(own))
    elif settings.git_dir is not None:
        yield from ("--ro-bind", str(settings.git_dir), str(own))
    elif own.exists() and not own.is_symlink():
        yield from ("--ro-bind", str(own), str(own))
    else:
        # So that nobody can make a repository here whose configuration a later git would run.
        yield from ("--ro-bind", str(_OWN_ETC.parent / "nothing"), str(own))
