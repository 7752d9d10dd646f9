"""Each hostile picture gets a process of its own; this is the server's side of it.

Safe to call from any number of threads; each call blocks until its child has answered or died.
"""

import atexit
import errno
import json
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from . import wire
from .errors import Crashed, OverLimits
from .results import Limits, Probed, Rendered

_PROBE = "images.processing.probe:probe"
_RENDER = "images.processing.render:render"
_ROOT = Path(__file__).resolve().parents[2]
_START = "from images.processing.forkserver import serve; serve({fd})"
# All else stays out of the children's reach. Few arenas: each reserves 64 MiB of address space.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
_GRACE_SECONDS = 10.0
"""How much later than the child's own deadline we give up on a fork server that says nothing."""


class _ForkServerLostError(Exception):
    """The fork server died or hangs; the picture is not to blame."""


def probe_in_child(path: Path, limits: Limits) -> Probed:
    """As `probe.probe`, in a child under `limits`; also raises `OverLimits` and `Crashed`."""
    fields = run_in_child(_PROBE, path, None, limits)
    try:
        return wire.probed(fields)
    except (ValueError, KeyError, TypeError) as lie:
        raise Crashed from lie


def render_in_child(path: Path, out_dir: Path, limits: Limits) -> Rendered:
    """As `render.render`, in a child under `limits`; also raises `Crashed`.

    After an error `out_dir` may hold some files; the caller removes it.
    """
    fields = run_in_child(_RENDER, path, out_dir, limits)
    try:
        return wire.rendered(fields, out_dir)
    except (ValueError, KeyError, TypeError, OSError) as lie:
        raise Crashed from lie


def warm_up() -> None:
    """Start the fork server now, so that the first upload does not wait 0.2 s for it."""
    _server.control()


def run_in_child(job: str, path: Path, out_dir: Path | None, limits: Limits) -> dict[str, Any]:
    """The result of a job ("module:function") as plain JSON, not yet checked."""
    request = wire.request(job, path, out_dir, limits)
    patience = limits.wall_seconds + _GRACE_SECONDS
    try:
        return _ask(request, patience)
    except _ForkServerLostError:
        pass  # killed from outside, most likely: once more with a new one
    try:
        return _ask(request, patience)
    except _ForkServerLostError as lost:
        # The machine's fault, not the picture's: whoever asked may ask again later.
        raise OSError(errno.EAGAIN, "the fork server was lost twice") from lost


def _ask(request: bytes, patience: float) -> dict[str, Any]:
    control = _server.control()
    answer_fd, answer_end = os.pipe()
    status_fd, status_end = os.pipe()
    try:
        _send(control, request, [answer_end, status_end])
        status = _status(control, status_fd, patience)
        _raise_unless_finished(status)
        return wire.opened_answer(_read_at_once(answer_fd))
    finally:
        os.close(answer_fd)
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


def _status(control: socket.socket, status_fd: int, patience: float) -> dict[str, Any]:
    """What the fork server says of the child's end. The child cannot write here."""
    poll = select.poll()
    poll.register(status_fd, select.POLLIN)
    said = os.read(status_fd, 4096) if poll.poll(patience * 1000) else b""
    if not said:
        _server.discard(control)
        raise _ForkServerLostError
    status: dict[str, Any] = json.loads(said)
    return status


def _raise_unless_finished(status: dict[str, Any]) -> None:
    if "errno" in status:
        raise OSError(status["errno"], os.strerror(status["errno"]))
    if status["over_limits"]:
        raise OverLimits
    if status["exit"] != 0:
        raise Crashed


def _read_at_once(answer_fd: int) -> bytes:
    """What a finished child has left in the pipe; never waits for what else may hold its end."""
    os.set_blocking(answer_fd, False)
    try:
        return os.read(answer_fd, wire.MAX_MESSAGE_BYTES)
    except BlockingIOError:
        return b""


class _ForkServer:
    """At most one fork server for this process, started when first needed and when it was lost."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """In a forked copy of the server: its fork server is the parent's, we need our own."""
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
                env=passed_on | _ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return ours

    def _stop(self) -> None:
        """Children die with it: each has asked the kernel for that."""
        if self._process is not None and self._control is not None:
            self._control.close()
            self._process.kill()
            self._process.wait()
            self._control = self._process = None


_server = _ForkServer()
os.register_at_fork(after_in_child=_server.forget)
atexit.register(_server.stop)
