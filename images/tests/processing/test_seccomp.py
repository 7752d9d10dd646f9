"""The filter program, run here as the kernel runs it, for both platforms: each call, and the checked arguments."""

import errno
import struct

import pytest

from images.processing import seccomp

ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE, NOT_THERE = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
PID = 4321
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# The last call of Linux 6.18 and some more.
CALLS = range(500)
X32 = 0x40000000

# What a child may do with any arguments, by number: a change of the list must be made here, too.
FREE = {
    "x86_64": {
        0, 1, 3, 5, 8, 11, 12, 13, 14, 15, 20, 24, 25, 39, 60, 96, 186, 201, 202, 219, 228, 230, 231, 273, 318, 334,
    },
    "aarch64": {
        57, 62, 63, 64, 66, 80, 93, 94, 98, 99, 113, 115, 124, 128, 134, 135, 139, 169, 172, 178, 214, 215, 216,
        278, 293,
    },
}  # fmt: skip
CHECKED = {
    "x86_64": {"openat": 257, "mmap": 9, "mprotect": 10, "madvise": 28, "clone": 56, "tgkill": 234},
    "aarch64": {"openat": 56, "mmap": 222, "mprotect": 226, "madvise": 233, "clone": 220, "tgkill": 131},
}


def decide(program, architecture, call, *arguments):
    """The program's answer to a call (struct seccomp_data of linux/seccomp.h; the codes of linux/bpf_common.h)."""
    data = struct.pack("<IIQ6Q", call, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    lines = list(struct.iter_unpack("HBBI", program))
    at, value = 0, 0
    while True:
        code, if_true, if_false, operand = lines[at]
        at += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            (value,) = struct.unpack_from("<I", data, operand)
        else:
            is_true = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            at += if_true if is_true else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request):
    return request.param


@pytest.fixture
def ask(machine):
    program = seccomp.program(machine, PID)
    return lambda call, *arguments: decide(program, ARCHITECTURES[machine], call, *arguments)


def test_every_call_that_is_not_in_the_list_is_refused(ask, machine):
    calls = set(CALLS) - FREE[machine] - set(CHECKED[machine].values())
    assert {call for call in calls if ask(call) not in (REFUSE, NOT_THERE)} == set()
    assert {call for call in FREE[machine] if ask(call, *[2**32 - 1] * 6) != ALLOW} == set()


def test_calls_of_newer_kernels_are_not_there_so_that_the_c_library_falls_back(ask):
    clone3, openat2, future = 435, 437, 10_000
    assert [ask(call) for call in (clone3, openat2, future)] == [NOT_THERE] * 3


def test_another_platforms_calls_end_the_child(machine):
    program, i386 = seccomp.program(machine, PID), 0x40000003
    assert decide(program, i386, 4) == KILL
    x86_64 = seccomp.program("x86_64", PID)
    assert {decide(x86_64, ARCHITECTURES["x86_64"], X32 | call) for call in CALLS} == {NOT_THERE}


# From the headers of Linux: asm-generic/fcntl.h, linux/sched.h, asm-generic/mman-common.h.
O_RDONLY, O_WRONLY_CREAT_TRUNC, O_CLOEXEC, O_PATH = 0, 0o1101, 0o2000000, 0o10000000
PROT_READ_WRITE, PROT_EXEC = 3, 4
MADV_DONTNEED, MADV_HUGEPAGE, MADV_HWPOISON = 4, 14, 100
PTHREAD_CREATE, FORK = 0x3D0F00, 0x01200011
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIGKILL = 9


@pytest.mark.parametrize(
    ("call", "arguments", "answer"),
    [
        ("openat", (-100 % 2**64, 1, O_RDONLY | O_CLOEXEC), ALLOW),
        ("openat", (-100 % 2**64, 1, O_WRONLY_CREAT_TRUNC | O_CLOEXEC), ALLOW),
        ("openat", (-100 % 2**64, 1, O_PATH), REFUSE),
        ("openat", (-100 % 2**64, 1, O_PATH | O_CLOEXEC), REFUSE),
        ("mmap", (0, 4096, PROT_READ_WRITE), ALLOW),
        ("mmap", (0, 4096, PROT_READ_WRITE | PROT_EXEC), REFUSE),
        ("mprotect", (4096, 4096, PROT_READ_WRITE), ALLOW),
        ("mprotect", (4096, 4096, PROT_EXEC), REFUSE),
        ("madvise", (4096, 4096, MADV_DONTNEED), ALLOW),
        ("madvise", (4096, 4096, MADV_HUGEPAGE), ALLOW),
        ("madvise", (4096, 4096, MADV_HWPOISON), REFUSE),
        ("clone", (PTHREAD_CREATE,), ALLOW),
        ("clone", (FORK,), REFUSE),
        ("clone", (PTHREAD_CREATE | CLONE_NEWUSER,), REFUSE),
        ("clone", (PTHREAD_CREATE | CLONE_NEWNET,), REFUSE),
        ("clone", (CLONE_NEWUSER,), REFUSE),
        ("tgkill", (PID, PID + 1, SIGKILL), ALLOW),
        ("tgkill", (PID + 1, PID + 1, SIGKILL), REFUSE),
        ("tgkill", (PID | 1 << 31, PID, 0), REFUSE),
    ],
)
def test_arguments_decide(ask, machine, call, arguments, answer):
    assert ask(CHECKED[machine][call], *arguments) == answer
