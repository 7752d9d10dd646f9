"""Denies a child what decoding does not need: other files, sockets, programs, other processes.

A decoder that a hostile picture has taken over can read one file and write to one folder. This needs
Landlock (Linux 5.13), which restricts files, and seccomp (`seccomp.py`), which restricts system calls.
On a machine without them the child runs all the same, with its resource limits and without the
server's environment, unless its limits require the sandbox.
"""

import ctypes
import errno
import os
import struct
from pathlib import Path

from . import seccomp

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS = 38

# https://docs.kernel.org/userspace-api/landlock.html; the numbers are the same on every platform.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _MAKE_REG, _TRUNCATE = 1 << 1, 1 << 2, 1 << 8, 1 << 14
_FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS, _NET_ABI = 0b11, 4
_SCOPES, _SCOPE_ABI = 0b11, 6  # abstract sockets and signals


def enter(readable: Path, writable: Path | None, *, required: bool) -> None:
    """After this call, the process can read one file, write to one folder, and start no process.

    It can import no module any more. Raises OSError; if `required`, also where part of the sandbox is missing.
    """
    if required and missing():
        raise OSError(errno.EPERM, "no picture may be read without a sandbox")
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if landlock_version():
        _restrict_files(readable, writable)
    if _is_seccomp_there():
        seccomp.restrict_calls()


def missing() -> list[str]:
    """What this machine lacks for the sandbox, each with what a decoder could do that a picture has taken over."""
    lacks = []
    if not landlock_version():
        lacks.append("Landlock (Linux 5.13 or newer): it could read and change the files of all users")
    if not _is_seccomp_there():
        what = "seccomp" if seccomp.is_known_platform() else "a list of system calls for this platform"
        lacks.append(f"{what}: it could open connections, start programs and disturb the server")
    return lacks


def _is_seccomp_there() -> bool:
    return seccomp.is_known_platform() and seccomp.is_in_kernel()


def landlock_version() -> int:
    """The Landlock ABI of the running kernel; 0 without Landlock."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, 1)))


def _restrict_files(readable: Path, writable: Path | None) -> None:
    abi = landlock_version()
    rights = _FILE_RIGHTS_BY_ABI[max(known for known in _FILE_RIGHTS_BY_ABI if known <= abi)]
    fields = [rights]
    fields += [_NET_RIGHTS] if abi >= _NET_ABI else []
    fields += [_SCOPES] if abi >= _SCOPE_ABI else []
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = _raise_on_error(_libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    _allow(ruleset, readable, rights & _READ_FILE)
    if writable:
        in_folder = _READ_FILE | _WRITE_FILE | _MAKE_REG | _TRUNCATE
        _allow(ruleset, writable, rights & in_folder)
    _raise_on_error(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    beneath = struct.pack("=Qi", rights, fd)
    _raise_on_error(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, beneath, 0))
    os.close(fd)


def _raise_on_error(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return int(result)
