"""The process that forks a child for each picture, and the child's first steps.

`child.py` passes it no variable that may hold a secret, so that no child can read one. It imports
the decoders once, so a child costs only milliseconds. We do not use the fork server of
Python's `multiprocessing`: it takes pickles, passes the server's environment on, runs the server's
`__main__` in every child when that is a console script, and breaks when the server itself forks
(gunicorn's preload, Celery's prefork).
"""

import ctypes
import gc
import json
import os
import resource
import selectors
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from . import decoding, probe, render, sandbox, wire  # noqa: F401  (imported so that each child has them)
from .results import Limits

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_MAX_FILE_BYTES = 64 * 2**20  # far above any variant
_MAX_OPEN_FILES = 64


@dataclass
class _Child:
    pid: int
    pidfd: int
    status_fd: int
    limits: Limits
    deadline: float
    timed_out: bool = False


def serve(control_fd: int) -> None:
    """Fork a child for each request until the server closes its socket."""
    gc.freeze()  # then a child's garbage collection does not copy our memory pages
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the server, which then closes its socket
    control = socket.socket(fileno=control_fd)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(_time_left(selector)):
                if key.data:
                    _report(selector, key.data)
                elif not _accept(selector, control):
                    return
            _kill_late_children(selector)


def _children(selector: selectors.BaseSelector) -> list[_Child]:
    return [key.data for key in selector.get_map().values() if key.data]


def _time_left(selector: selectors.BaseSelector) -> float | None:
    deadlines = [c.deadline for c in _children(selector) if not c.timed_out]
    return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None


def _accept(selector: selectors.BaseSelector, control: socket.socket) -> bool:
    """Fork a child for the next request. False when the server has closed its socket."""
    message, fds, _, _ = socket.recv_fds(control, wire.MAX_MESSAGE_BYTES, 3)
    if not message:
        return False
    answer_fd, output_fd, status_fd = fds
    try:
        child = _fork(json.loads(message), answer_fd, output_fd, status_fd)
        selector.register(child.pidfd, selectors.EVENT_READ, child)
    except OSError as error:  # the machine is short of processes or memory
        _send_status(status_fd, {"errno": error.errno})
    os.close(answer_fd)
    os.close(output_fd)
    return True


def _fork(request: dict[str, Any], answer_fd: int, output_fd: int, status_fd: int) -> _Child:
    limits = Limits(**request["limits"])
    deadline = time.monotonic() + limits.wall_seconds
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _run_child(request, limits, answer_fd, output_fd, parent)
    return _Child(pid, os.pidfd_open(pid), status_fd, limits, deadline)


def _kill_late_children(selector: selectors.BaseSelector) -> None:
    now = time.monotonic()
    for child in _children(selector):
        if child.deadline <= now and not child.timed_out:
            child.timed_out = True
            os.kill(child.pid, signal.SIGKILL)


def _report(selector: selectors.BaseSelector, child: _Child) -> None:
    """Tell the server how the child ended: its exit code (or minus the signal), and whether it exceeded limits."""
    selector.unregister(child.pidfd)
    os.close(child.pidfd)
    _, status, used = os.wait4(child.pid, 0)
    exit_code = os.waitstatus_to_exitcode(status)
    cpu_seconds = used.ru_utime + used.ru_stime
    over = exit_code < 0 and (
        child.timed_out or -exit_code == signal.SIGXCPU or cpu_seconds >= child.limits.cpu_seconds
    )
    _send_status(child.status_fd, {"exit": exit_code, "over_limits": over})


def _send_status(status_fd: int, status: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # the requesting thread may have given up
        os.write(status_fd, json.dumps(status).encode())
    os.close(status_fd)


def _run_child(request: dict[str, Any], limits: Limits, answer_fd: int, output_fd: int, parent: int) -> NoReturn:
    """Do one job and exit. It must never return into the fork server's loop."""
    exit_code = 1
    try:
        _die_with(parent)
        answer_fd = _close_all_but(answer_fd, output_fd)
        message = wire.answer(lambda: _work(request, limits))
        os.write(answer_fd, message)
        exit_code = 0
    finally:
        os._exit(exit_code)


def _work(request: dict[str, Any], limits: Limits) -> Any:
    module, function = request["job"].split(":")
    job = getattr(import_module(module), function)
    path, folder = Path(request["path"]), request["out_dir"]
    _set_limits(limits)
    decoding.load_decoder(path)
    sandbox.enter(path, Path(folder) if folder else None, required=limits.require_sandbox)
    return job(path, Path(folder), limits, **request["options"]) if folder else job(path, limits)


def _die_with(parent: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent died before prctl took effect
        os._exit(1)


def _close_all_but(answer_fd: int, output_fd: int) -> int:
    """Leave the child no file of the server's. 0 is /dev/null, 1 and 2 become its output, 3 its answer."""
    os.dup2(output_fd, 1)
    os.dup2(output_fd, 2)
    os.dup2(answer_fd, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    return 3


def _set_limits(limits: Limits) -> None:
    soft_and_hard = {
        resource.RLIMIT_AS: (limits.memory_bytes, limits.memory_bytes),
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (_MAX_FILE_BYTES, _MAX_FILE_BYTES),
        resource.RLIMIT_NOFILE: (_MAX_OPEN_FILES, _MAX_OPEN_FILES),
    }
    for kind, bounds in soft_and_hard.items():
        resource.setrlimit(kind, bounds)
