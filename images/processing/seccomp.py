"""The system calls that a child may make: a short list, as a filter program for the kernel (seccomp).

The list is what decoding needs, seen by `strace` over pictures of every format. Every other call is
refused, so that new calls of future kernels are, too.
"""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2

# The audit architecture of a platform (linux/audit.h), and which column of _CALLS has its numbers.
_PLATFORMS = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# By name: the numbers on x86_64 (syscall_64.tbl) and aarch64 (asm-generic/unistd.h); None where there is none.
# No call here takes a path, except `openat`, which Landlock restricts: see `_CHECKS`.
_CALLS: dict[str, tuple[int | None, int | None]] = {
    "lseek": (8, 62),
    "read": (0, 63),
    "write": (1, 64),
    "writev": (20, 66),
    "openat": (257, 56),
    "close": (3, 57),
    # Before its version 2.39, the C library asks `newfstatat` instead, which would tell of any path. It is
    # refused; Python then opens a file without its size.
    "fstat": (5, 80),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    # Threads: libde265 decodes in some.
    "clone": (56, 220),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "sched_yield": (24, 124),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    # `abort` in a library ends the child at once.
    "getpid": (39, 172),
    "gettid": (186, 178),
    "tgkill": (234, 131),
    "exit": (60, 93),
    "exit_group": (231, 94),
    # Machines whose clock needs the kernel.
    "clock_gettime": (228, 113),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "clock_nanosleep": (230, 115),
    "getrandom": (318, 278),
}

# The flags with which the C library starts a thread (pthread_create in glibc and, with the last bit, in musl).
_THREAD = 0x3D0F00
_THREAD_OF_MUSL = _THREAD | 0x400000
_O_PATH = 0x200000  # such a file can be asked for its size and times, past Landlock
_PROT_EXEC = 4
# Give pages back, and ask for huge ones.
_MADV_DONTNEED, _MADV_FREE, _MADV_HUGEPAGE = 4, 8, 14

# From this number on, calls have one number on all platforms (asm-generic/unistd.h). The C library tries some of
# them, and falls back to an older call only if the kernel does not know the new one: clone3, whose flags no
# filter can see, to clone.
_FIRST_NEW_CALL = 424

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _KILL = 0x7FFF0000, 0x80000000  # linux/seccomp.h
_REFUSE = 0x00050000 | errno.EPERM
_NOT_THERE = 0x00050000 | errno.ENOSYS
# struct seccomp_data, of which the low halves of the arguments are looked at: the kernel reads no more of these.
_CALL_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT, _ARGUMENT_BYTES = 0, 4, 16, 8

_Line = tuple[int, int, int, int]
"""Of a BPF program: code, lines to skip if true, lines to skip if false, operand."""


@dataclass(frozen=True)
class _Check:
    """What one argument of a call must be: one of these values, or without any of these bits."""

    argument: int
    values: tuple[int, ...] = ()
    without: int = 0

    def lines(self) -> list[_Line]:
        load = (_LOAD, 0, 0, _ARGUMENTS_AT + _ARGUMENT_BYTES * self.argument)
        if self.without:
            return [load, (_IF_BIT, 0, 1, self.without), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]
        tests = [(_IF_EQUAL, len(self.values) - at, 0, value) for at, value in enumerate(self.values)]
        return [load, *tests, (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)]


def is_known_platform() -> bool:
    return platform.machine() in _PLATFORMS


def is_in_kernel() -> bool:
    """Whether this kernel has seccomp filters: only then does it look at the filter's address, here none."""
    _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0)
    return ctypes.get_errno() == errno.EFAULT


def restrict_calls() -> None:
    """Restrict this process for ever. It must have one thread, and PR_SET_NO_NEW_PRIVS. Raises OSError."""
    code = program(platform.machine(), os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp: the filter was refused")


def program(machine: str, pid: int) -> bytes:
    """The BPF program for a platform of `_PLATFORMS`, and for the process with this id."""
    architecture, column = _PLATFORMS[machine]
    lines: list[_Line] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        *[(_IF_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL)],
        (_LOAD, 0, 0, _CALL_AT),
    ]
    checks = _checks(pid)
    for name, numbers in _CALLS.items():
        if (number := numbers[column]) is not None:
            allow = checks[name].lines() if name in checks else [(_RETURN, 0, 0, _ALLOW)]
            lines += [(_IF_EQUAL, 0, len(allow), number), *allow]
    lines += [(_IF_AT_LEAST, 0, 1, _FIRST_NEW_CALL), (_RETURN, 0, 0, _NOT_THERE), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _checks(pid: int) -> dict[str, _Check]:
    return {
        "openat": _Check(2, without=_O_PATH),
        # No new code in memory.
        "mmap": _Check(2, without=_PROT_EXEC),
        "mprotect": _Check(2, without=_PROT_EXEC),
        "madvise": _Check(2, values=(_MADV_DONTNEED, _MADV_FREE, _MADV_HUGEPAGE)),
        # No new process, and no namespace.
        "clone": _Check(0, values=(_THREAD, _THREAD_OF_MUSL)),
        # A signal only to itself.
        "tgkill": _Check(0, values=(pid,)),
    }
