"""What a decoder might do after a hostile picture has taken it over, tried in a real child: each must fail."""

import ctypes
import errno
import json
import logging
import mmap
import os
import platform
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from images.processing import Limits, child, probe_in_child, sandbox, seccomp
from images.processing.render import render
from images.processing.results import RenderedVariant
from images.tests import pictures

HERE = "images.tests.processing.test_sandbox"
needs_sandbox = pytest.mark.skipif(bool(sandbox.missing()), reason="this kernel lacks part of the sandbox")


def _parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


# A child imports this module before it enters the sandbox. Its parent is the fork server, a child of the server.
FORK_SERVER = os.getppid()
SERVER = _parent_of(FORK_SERVER)
libc = ctypes.CDLL(None, use_errno=True)

# ---- The acts -------------------------------------------------------------------------------

_AT_FDCWD, _AT_EMPTY_PATH, _NEWUSER, _PIDFD_OPEN, _IO_URING_SETUP = -100, 0x1000, 0x10000000, 434, 425
# add_key, request_key, keyctl: no function of the C library calls them.
_KEY_CALLS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}.get(platform.machine(), (0, 0, 0))
_buffer = ctypes.create_string_buffer(4096)
_no_limit = (ctypes.c_ulong * 2)(2**64 - 1, 2**64 - 1)


def _c(function, *arguments):
    """Call the C library; raises OSError as Python's own functions do."""
    result = getattr(libc, function)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), function)
    return result


def _handle(path):
    return os.open(path, os.O_RDONLY)


ACTS = {
    # Other files
    "read a file": lambda path: Path("/etc/passwd").read_bytes(),
    "read the server's environment": lambda path: Path(f"/proc/{SERVER}/environ").read_bytes(),
    "list a folder": lambda path: list(Path("/").iterdir()),
    "write a file": lambda path: Path("/tmp/stray").write_bytes(b""),
    "write beside the original": lambda path: path.with_name("stray").write_bytes(b""),
    "change the original": lambda path: path.write_bytes(b""),
    "shorten the original": lambda path: os.truncate(path, 0),
    "change into a folder": lambda path: os.chdir("/"),
    # What is known of files
    "stat": lambda path: Path("/etc/passwd").stat(),
    "lstat": lambda path: Path("/etc/passwd").lstat(),
    "stat the original": lambda path: path.stat(),
    "stat past an empty path": lambda path: _c("fstatat", _AT_FDCWD, b"/etc/passwd", _buffer, _AT_EMPTY_PATH),
    "statx": lambda path: _c("statx", _AT_FDCWD, b"/etc/passwd", 0, 0xFFF, _buffer),
    "open a file to ask for its size": lambda path: os.open("/etc/passwd", os.O_PATH),
    "access": lambda path: _c("access", b"/etc/passwd", 0),
    "faccessat": lambda path: _c("faccessat", _AT_FDCWD, b"/etc/passwd", 0, 0x200),
    "readlink": lambda path: Path("/proc/self/exe").readlink(),
    "the space on the disk": lambda path: os.statvfs("/"),
    "the name of the working folder": lambda path: Path.cwd(),
    # Attributes of files of the same user
    "chmod": lambda path: path.chmod(0o644),
    "chmod by handle": lambda path: os.fchmod(_handle(path), 0o644),
    "utime": lambda path: os.utime(path),
    "utime by handle": lambda path: os.utime(_handle(path)),
    "chown": lambda path: os.chown(path, -1, -1),
    "an attribute": lambda path: os.setxattr(path, "user.act", b""),
    "lock the original": lambda path: _c("flock", _handle(path), 6),
    "rename": lambda path: path.rename(path.with_name("stray")),
    "link": lambda path: os.link(path, path.with_name("stray")),
    "symlink": lambda path: path.with_name("stray").symlink_to("/etc/passwd"),
    "remove": lambda path: path.unlink(),
    "make a folder": lambda path: path.with_name("stray").mkdir(),
    "make a pipe": lambda path: os.mkfifo(path.with_name("stray")),
    "watch staging": lambda path: _c("inotify_init1", 0),
    "watch the disk": lambda path: _c("fanotify_init", 0, 0),
    # The server
    "signal the server": lambda path: os.kill(SERVER, 0),
    "signal the fork server": lambda path: os.kill(FORK_SERVER, 0),
    "signal a thread of the server": lambda path: _c("tgkill", SERVER, SERVER, 0),
    "hold the server": lambda path: _c("syscall", _PIDFD_OPEN, SERVER, 0),
    "read the server's limits": lambda path: resource.prlimit(SERVER, resource.RLIMIT_NOFILE),
    "limit the server": lambda path: _c("prlimit", SERVER, resource.RLIMIT_CORE, _no_limit, None),
    "the server's priority": lambda path: os.getpriority(os.PRIO_PROCESS, SERVER),
    "lower the server's priority": lambda path: os.setpriority(os.PRIO_PROCESS, SERVER, 0),
    "move the server to a processor": lambda path: os.sched_setaffinity(SERVER, range(os.cpu_count() or 1)),
    "schedule the server": lambda path: os.sched_setscheduler(SERVER, os.SCHED_OTHER, os.sched_param(0)),
    "trace the server": lambda path: _c("ptrace", 0x4206, SERVER, 0, 0),
    "read the server's memory": lambda path: _c("process_vm_readv", SERVER, _buffer, 0, _buffer, 0, 0),
    # Itself
    "lift its own limits": lambda path: _c("setrlimit", resource.RLIMIT_CORE, _no_limit),
    "live on after the fork server": lambda path: _c("prctl", 1, 0, 0, 0, 0),
    "fork": lambda path: os.fork() or os._exit(0),
    "start a program": lambda path: os.execv("/bin/true", ["true"]),
    "run new code": lambda path: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "a user namespace": lambda path: _c("unshare", _NEWUSER),
    "another root": lambda path: os.chroot("/"),
    # Other ways out of it
    "a socket": lambda path: socket.socket(),
    "a unix socket": lambda path: socket.socket(socket.AF_UNIX),
    "a pair of sockets": lambda path: socket.socketpair(),
    "io_uring": lambda path: _c("syscall", _IO_URING_SETUP, 1, _buffer),
    "a file in memory": lambda path: os.memfd_create("act"),
    "shared memory": lambda path: _c("shmget", 0, 4096, 0o1600),
    "a message queue": lambda path: _c("msgget", 0, 0o1600),
    "add a key": lambda path: _c("syscall", _KEY_CALLS[0], b"user", b"act", b"x", 1, -3),
    "ask for a key": lambda path: _c("syscall", _KEY_CALLS[1], b"user", b"act", None, -3),
    "read a key": lambda path: _c("syscall", _KEY_CALLS[2], 0, -3, 0),
    "the kernel's log": lambda path: _c("klogctl", 10, None, 0),
    "change a file's mode of waiting": lambda path: os.set_blocking(1, True),
}


# ---- Jobs for a child -----------------------------------------------------------------------


def try_all(path, limits):
    worked = [name for name, act in ACTS.items() if _works(act, path)]
    return _told([worked, path.read_bytes().hex()])


def _works(act, path):
    try:
        act(path)
    except OSError:
        return False
    return True


def render_and_tell_imports(path, out_dir, limits):
    before = set(sys.modules)
    render(path, out_dir, limits)
    return _told(sorted(set(sys.modules) - before))


def list_own_files(path, limits):
    return _told([fd for fd in range(64) if _is_open(fd)])


def _is_open(fd):
    try:
        os.lseek(fd, 0, os.SEEK_CUR)
    except OSError as error:
        return error.errno == errno.ESPIPE
    return True


def forge(path, limits):
    os.write(2, b'fine\n{"level": "critical", "event": "all is lost"}\n\x1b[2J')
    return _told([])


def chatter(path, limits):
    written = 0
    for _ in range(1000):
        for fd in (1, 2):
            with suppress(BlockingIOError):
                written += os.write(fd, b"x" * 10_000)
    return _told(written)


def _told(value):
    return RenderedVariant(json.dumps(value), 1, 1, "", 0)


# ---- Tests ----------------------------------------------------------------------------------


@pytest.fixture
def upload(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(pictures.jpeg_bytes())
    return path


def run(job, path, out_dir=None, limits=None):
    return json.loads(child.run_in_child(f"{HERE}:{job}", path, out_dir, limits or Limits())["file"])


@needs_sandbox
def test_every_act_of_a_taken_over_decoder_fails(upload):
    before = upload.stat()
    assert run("try_all", upload) == [[], upload.read_bytes().hex()]
    after = upload.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mode, before.st_mtime_ns, before.st_ctime_ns,
    )  # fmt: skip


def test_the_acts_are_possible_without_a_sandbox(upload):
    """Or the test above would prove nothing: some that harm nothing, in a plain process of the same user."""
    tried = [
        "stat",
        "chmod by handle",
        "utime",
        "watch staging",
        "the server's priority",
        "read the server's limits",
    ]
    assert [name for name in tried if not _works(ACTS[name], upload)] == []


SAMPLES = {
    "jpeg": pictures.jpeg_bytes(progressive=True, exif=pictures.exif_bytes(6, "A", "B", "2024:01:02 03:04:05")),
    "png": pictures.alpha_png_bytes(),
    "gif": pictures.gif_bytes(colors=(pictures.RED, pictures.BLUE)),
    "webp": pictures.webp_bytes(),
    "avif": pictures.avif_bytes(),
    "heic": pictures.heic_bytes(),
    **({"jxl": pictures.jxl_bytes()} if pictures.has_jxl else {}),
    "tiff": pictures.saved(pictures.plain(), "TIFF", compression="tiff_lzw", exif=pictures.exif_bytes(6)),
    "tiff of CIELAB": pictures.saved(pictures.plain(mode="LAB"), "TIFF"),
    "bmp": pictures.saved(pictures.plain(), "BMP"),
    **{form: pictures.raw_bytes(form, orientation=6) for form in ("DNG", "CR2", "CR3", "NEF", "ARW", "RAF")},
    "hdr": pictures.saved(pictures.plain(), "HEIF", nclx_profile=pictures.PQ_BY_NUMBER),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_child_imports_nothing_after_it_has_entered(upload, tmp_path, sample):
    """An import reads files, which the sandbox refuses; the fork server must have imported it before."""
    upload.write_bytes(SAMPLES[sample])
    out = tmp_path / "out"
    out.mkdir()
    assert run("render_and_tell_imports", upload, out) == []


def test_a_child_has_no_file_of_the_servers(upload):
    assert run("list_own_files", upload) == [0, 1, 2, 3]


# ---- What it prints --------------------------------------------------------------------------


def test_what_a_child_prints_is_one_quoted_line_of_the_log(upload, caplog, capfd):
    run("forge", upload)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    name = "/".join(upload.parts[-2:])
    said = r"""b'fine\n{"level": "critical", "event": "all is lost"}\n\x1b[2J'"""
    assert record.getMessage() == f"a child that read {name} printed {said}"
    assert capfd.readouterr() == ("", "")


def test_a_child_that_prints_without_end_waits_for_nobody_and_is_cut(upload, caplog):
    assert run("chatter", upload) <= 2**20
    (record,) = caplog.records
    assert record.getMessage().count("x") == 2048


# ---- A machine without a sandbox -------------------------------------------------------------


def test_each_missing_half_is_named(monkeypatch):
    monkeypatch.setattr(sandbox, "landlock_version", lambda: 0)
    monkeypatch.setattr(seccomp, "is_in_kernel", lambda: False)
    landlock, filters = sandbox.missing()
    assert landlock.startswith("Landlock (")
    assert filters.startswith("seccomp: ")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert sandbox.missing()[1].startswith("a list of system calls for this platform")


def test_the_question_what_is_missing_restricts_nothing():
    before = _seccomp_mode()
    sandbox.missing()
    assert _seccomp_mode() == before


def _seccomp_mode():
    return [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Seccomp")]


@pytest.mark.parametrize(("required", "exit_code"), [(0, 0), (1, 1)])
def test_only_where_the_sandbox_is_required_does_a_child_refuse_to_work_without(upload, required, exit_code):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sandbox.landlock_version = lambda: 0
            sandbox.enter(upload, None, required=bool(required))
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == exit_code


@needs_sandbox
def test_a_child_works_where_the_required_sandbox_is_there(upload):
    assert probe_in_child(upload, Limits(require_sandbox=True)).width == 64
