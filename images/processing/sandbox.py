"""Denies a child what decoding does not need: other files, sockets, programs, other processes.

A decoder that a hostile picture has taken over can read one file and write to one folder. This needs
Landlock (Linux 5.13) and seccomp. On a kernel without them the child runs all the same, with its
resource limits and without the server's environment.
"""

import ctypes
import errno
import os
import platform
import struct
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2

# https://docs.kernel.org/userspace-api/landlock.html; the numbers are the same on every platform.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_WRITE_FILE, _READ_FILE, _REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 1, 1 << 2, 1 << 5, 1 << 8, 1 << 14
_FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS, _NET_ABI = 0b11, 4
_SCOPES, _SCOPE_ABI = 0b11, 6  # abstract sockets and signals

# Audit architecture; clone and clone3; the refused calls: socket socketpair connect bind fork vfork
# execve execveat ptrace process_vm_readv process_vm_writev kill tkill io_uring_setup pidfd_getfd
# pidfd_send_signal bpf.
_SECCOMP_TABLES = {
    "x86_64": (
        0xC000003E,
        (56, 435),
        (41, 53, 42, 49, 57, 58, 59, 322, 101, 310, 311, 62, 200, 425, 438, 424, 321),
    ),
    "aarch64": (
        0xC00000B7,
        (220, 435),
        (198, 199, 203, 200, 221, 281, 117, 270, 271, 129, 130, 425, 438, 424, 280),
    ),
}
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _KILL = 0x7FFF0000, 0x80000000  # linux/seccomp.h
_REFUSE = 0x00050000 | errno.EPERM
_NOT_THERE = 0x00050000 | errno.ENOSYS
_ARCHITECTURE_AT, _CALL_AT, _FIRST_ARGUMENT_AT = 4, 0, 16  # struct seccomp_data
_X32_CALLS = 0x40000000
_CLONE_THREAD = 0x10000


def enter(readable: Path, writable: Path | None) -> None:
    """After this call, the process can read one file, write to one folder, and start no process."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _restrict_files(readable, writable)
    _restrict_calls()


def landlock_version() -> int:
    """The Landlock ABI of the running kernel; 0 without Landlock."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, 1)))


def _restrict_files(readable: Path, writable: Path | None) -> None:
    abi = landlock_version()
    if abi < 1:
        return
    rights = _FILE_RIGHTS_BY_ABI[max(known for known in _FILE_RIGHTS_BY_ABI if known <= abi)]
    fields = [rights]
    fields += [_NET_RIGHTS] if abi >= _NET_ABI else []
    fields += [_SCOPES] if abi >= _SCOPE_ABI else []
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = _raise_on_error(_libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    _allow(ruleset, readable, rights & _READ_FILE)
    if writable:
        in_folder = _READ_FILE | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
        _allow(ruleset, writable, rights & in_folder)
    _raise_on_error(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    beneath = struct.pack("=Qi", rights, fd)
    _raise_on_error(_libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, beneath, 0))
    os.close(fd)


def _restrict_calls() -> None:
    table = _SECCOMP_TABLES.get(platform.machine())
    if table is None:
        return
    program = _filter(*table)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    # The result is ignored: on a kernel without seccomp the child runs all the same.
    _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0)


def _filter(architecture: int, clones: tuple[int, int], refused: tuple[int, ...]) -> bytes:
    """A BPF program; each line is code, lines to skip if true, lines to skip if false, operand.

    Allows new threads, because libde265 decodes in threads, but no new processes. A filter cannot see
    the flags of clone3, so clone3 answers ENOSYS, and the C library falls back to clone.
    """
    clone, clone3 = clones
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        *[(_IF_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL)],
        (_LOAD, 0, 0, _CALL_AT),
        *[(_IF_AT_LEAST, 0, 1, _X32_CALLS), (_RETURN, 0, 0, _REFUSE)],
        *[(_IF_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _NOT_THERE)],
    ]
    for call in refused:
        lines += [(_IF_EQUAL, 0, 1, call), (_RETURN, 0, 0, _REFUSE)]
    lines += [
        (_IF_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        *[(_IF_BIT, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, _REFUSE)],
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _raise_on_error(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return int(result)
