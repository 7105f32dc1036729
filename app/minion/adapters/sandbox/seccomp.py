"""A system call filter for the box, as a classic BPF program.

Namespaces do not separate everything: sockets of virtual machines (vsock(7)) reach the host, kernel keyrings are
shared, and large rarely used interfaces of the kernel are where its holes are found. Programs that build and test code
need none of them. Format: seccomp(2), https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import errno
import os
import platform
import struct
from dataclasses import dataclass

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENT_AT = 0, 4, (16, 24)
_X32 = 0x40000000
_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_TERMINAL_REQUESTS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into a terminal


@dataclass(frozen=True)
class _Table:
    """Call numbers of one architecture (the kernel's arch/*/entry/syscalls and include/uapi/asm-generic/unistd.h)."""

    architecture: int
    socket: int
    ioctl: int
    refused: tuple[int, ...]


# mounts, setns, keyrings, bpf, perf, userfaultfd, modules, kexec, clocks, swap, accounting, file handles, io_uring
_SHARED = (425, 426, 427, 428, 429, 430, 431, 432, 433, 442)
_TABLES = {
    "x86_64": _Table(
        architecture=0xC000003E,
        socket=41,
        ioctl=16,
        refused=(
            *(103, 153, 155, 159, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176, 179, 212, 227, 246),
            *(248, 249, 250, 298, 303, 304, 305, 308, 313, 320, 321, 323, *_SHARED),
        ),
    ),
    "aarch64": _Table(
        architecture=0xC00000B7,
        socket=198,
        ioctl=29,
        refused=(
            *(
                18,
                39,
                40,
                41,
                58,
                60,
                89,
                104,
                105,
                106,
                112,
                116,
                142,
                161,
                162,
                170,
                171,
                217,
                218,
                219,
                224,
                225,
                241,
            ),
            *(264, 265, 266, 268, 273, 280, 282, 294, *_SHARED),
        ),
    ),
}

_Instruction = tuple[int, int, int, int]


def program(machine: str) -> bytes | None:
    """The filter for `machine` (as `uname -m` says), or None for one that we have no table of."""
    table = _TABLES.get(machine)
    if table is None:
        return None
    instructions = [
        *_architecture(table),
        *(step for number in table.refused for step in ((_JUMP_EQUAL, 0, 1, number), _refuse(_answer(number)))),
        *_only(table.socket, 0, _FAMILIES),
        *_except(table.ioctl, 1, _TERMINAL_REQUESTS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def open_program() -> int | None:
    """A new file descriptor that the program can be read from once, or None."""
    code = program(platform.machine())
    if code is None:
        return None
    reading, writing = os.pipe()
    os.write(writing, code)
    os.close(writing)
    return reading


def _answer(number: int) -> int:
    """Programs fall back when a call does not exist, but give up when it is forbidden; io_uring is one they try."""
    return errno.ENOSYS if number in {425, 426, 427} else errno.EPERM


def _refuse(code: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def _architecture(table: _Table) -> list[_Instruction]:
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_EQUAL, 1, 0, table.architecture),
        _refuse(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_AT_LEAST, 0, 1, _X32),
        _refuse(errno.ENOSYS),
    ]


def _only(number: int, argument: int, allowed: tuple[int, ...]) -> list[_Instruction]:
    """The call with one of these values in its argument goes through, with any other it does not."""
    checks = [(_JUMP_EQUAL, len(allowed) - at, 0, value) for at, value in enumerate(allowed)]
    body = [(_LOAD, 0, 0, _ARGUMENT_AT[argument]), *checks, _refuse(errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _except(number: int, argument: int, refused: tuple[int, ...]) -> list[_Instruction]:
    checks = [step for value in refused for step in ((_JUMP_EQUAL, 0, 1, value), _refuse(errno.EPERM))]
    body = [(_LOAD, 0, 0, _ARGUMENT_AT[argument]), *checks, (_RETURN, 0, 0, _ALLOW)]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]
