"""The server's side of processing: each picture is processed in a child process of its own.

Safe to call from any number of threads. Each call blocks until its child has answered or died.
"""

import atexit
import errno
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from . import wire
from .errors import Crashed, OverLimits
from .results import Limits, Probed, Rendered

logger = logging.getLogger(__name__)

_PROBE = "images.processing.probe:probe"
_RENDER = "images.processing.render:render"
_ROOT = Path(__file__).resolve().parents[2]
_START = "from images.processing.forkserver import serve; serve({fd})"
# Children see no other variables than these and _PASSED_ON. Few arenas, because each reserves address space.
# Fresh pages cost a third of a photo's CPU. So the C library asks for huge ones, and what it frees it uses again.
_MALLOC = {"hugetlb": 1, "mmap_threshold": 32 * 2**20, "trim_threshold": 512 * 2**20, "arena_max": 2}
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "GLIBC_TUNABLES": ":".join(f"glibc.malloc.{name}={value}" for name, value in _MALLOC.items()),
}
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
_GRACE_SECONDS = 10.0
"""How long after the child's deadline we wait for the fork server before we treat it as lost."""


_MAX_OUTPUT_BYTES = 2048
"""So much of what a child prints goes to the log."""


class _ForkServerLostError(Exception):
    """The fork server died or hangs. The picture is not the cause."""


def probe_in_child(path: Path, limits: Limits) -> Probed:
    """As `probe.probe`, in a child under `limits`; also raises `OverLimits` and `Crashed`."""
    fields = run_in_child(_PROBE, path, None, limits)
    try:
        return wire.probed(fields)
    except (ValueError, KeyError, TypeError) as error:
        raise Crashed from error


def render_in_child(path: Path, out_dir: Path, limits: Limits, rotation: int = 0) -> Rendered:
    """As `render.render`, in a child under `limits`; also raises `Crashed`.

    After an error `out_dir` may hold some files; the caller removes it.
    """
    fields = run_in_child(_RENDER, path, out_dir, limits, rotation=rotation)
    try:
        return wire.rendered(fields, out_dir, rotation)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise Crashed from error


def warm_up() -> None:
    """Start the fork server now, so that the first upload does not wait 0.2 s for it."""
    _server.control()


def run_in_child(job: str, path: Path, out_dir: Path | None, limits: Limits, **options: int) -> dict[str, Any]:
    """The result of a job ("module:function") as plain JSON, not yet checked."""
    request = wire.request(job, path, out_dir, limits, options)
    give_up_seconds = limits.wall_seconds + _GRACE_SECONDS
    try:
        return _ask(request, path, give_up_seconds)
    except _ForkServerLostError:
        pass  # most likely something killed it: try once more with a new one
    try:
        return _ask(request, path, give_up_seconds)
    except _ForkServerLostError as lost:
        # An OSError, because the machine is the cause: the caller may try again later.
        raise OSError(errno.EAGAIN, "the fork server was lost twice") from lost


def _ask(request: bytes, path: Path, give_up_seconds: float) -> dict[str, Any]:
    control = _server.control()
    answer_fd, answer_end = os.pipe()
    output_fd, output_end = os.pipe()
    status_fd, status_end = os.pipe()
    # A full pipe must not stop the child: what it prints beyond that is lost.
    os.set_blocking(output_end, False)
    try:
        _send(control, request, [answer_end, output_end, status_end])
        status = _status(control, status_fd, give_up_seconds)
        _log_output(output_fd, path)
        _raise_unless_finished(status)
        return wire.open_answer(_read_available(answer_fd, wire.MAX_MESSAGE_BYTES))
    finally:
        os.close(answer_fd)
        os.close(output_fd)
        os.close(status_fd)


def _send(control: socket.socket, request: bytes, ends: list[int]) -> None:
    try:
        socket.send_fds(control, [request], ends)
    except OSError as error:
        _server.discard(control)
        raise _ForkServerLostError from error
    finally:
        for end in ends:
            os.close(end)


def _status(control: socket.socket, status_fd: int, give_up_seconds: float) -> dict[str, Any]:
    """How the child ended, as the fork server reports it. The child cannot write to this pipe."""
    poll = select.poll()
    poll.register(status_fd, select.POLLIN)
    message = os.read(status_fd, 4096) if poll.poll(give_up_seconds * 1000) else b""
    if not message:
        _server.discard(control)
        raise _ForkServerLostError
    status: dict[str, Any] = json.loads(message)
    return status


def _raise_unless_finished(status: dict[str, Any]) -> None:
    if "errno" in status:
        raise OSError(status["errno"], os.strerror(status["errno"]))
    if status["over_limits"]:
        raise OverLimits
    if status["exit"] == -signal.SIGKILL:
        # Limits are told apart above, so the kernel has killed it to free memory, or an operator has.
        raise Crashed(Crashed.killed)
    if status["exit"] != 0:
        raise Crashed


def _log_output(output_fd: int, path: Path) -> None:
    """Quoted and cut: a hostile picture may have chosen the words, and must not write lines of the log."""
    if output := _read_available(output_fd, _MAX_OUTPUT_BYTES):
        logger.warning("a child that read %s printed %r", "/".join(path.parts[-2:]), output)


def _read_available(fd: int, most: int) -> bytes:
    """The bytes that a finished child has left in the pipe. Never waits, even if its other end is still open."""
    os.set_blocking(fd, False)
    try:
        return os.read(fd, most)
    except BlockingIOError:
        return b""


class _ForkServer:
    """At most one fork server for this process. It is started at first use, and again after it was lost."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Call after a fork of the server: the copy needs a fork server of its own."""
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def control(self) -> socket.socket:
        """The socket that takes requests; one message is one request, from any thread."""
        with self._lock:
            if self._control is None:
                self._control = self._start()
            return self._control

    def discard(self, control: socket.socket) -> None:
        """End this fork server, unless another thread has replaced it already."""
        with self._lock:
            if self._control is control:
                self._stop()

    def stop(self) -> None:
        with self._lock:
            self._stop()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_GRACE_SECONDS)
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - nothing in it comes from a user
                [sys.executable, "-c", _START.format(fd=theirs.fileno())],
                cwd=_ROOT,
                env=passed_on | ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return ours

    def _stop(self) -> None:
        """Its children die with it, because each has asked the kernel for that (PR_SET_PDEATHSIG)."""
        if self._process is not None and self._control is not None:
            self._control.close()
            self._process.kill()
            self._process.wait()
            self._control = self._process = None


_server = _ForkServer()
os.register_at_fork(after_in_child=_server.forget)
atexit.register(_server.stop)
