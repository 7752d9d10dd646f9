"""Stops a server under test at a named place of its code; the product itself knows nothing of it.

Python imports this module at its start, because the folder is on the server's PYTHONPATH.
Without STOPS in the environment it does nothing: so in the children, whose environment is empty.

`$STOPS/armed` says {"where", "nth", "action"}. Whoever passes there for the n-th time takes the
order (renames it to `hit`), so it is carried out once, and then
    kill    is gone, as by kill -9
    killall is gone with the whole server
    pause   waits until the order is taken back
    enospc  meets a full disk

With a wrong clock (tests/faults/clocks.py) it also mends what libfaketime 0.9 breaks.
"""

import errno
import functools
import importlib.abc
import importlib.machinery
import json
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path


class Stops:
    def __init__(self, folder):
        self.armed, self.hit = Path(folder, "armed"), Path(folder, "hit")
        self.lock, self.passed, self.nonce = threading.Lock(), 0, None

    def passing(self, where):
        try:
            order = json.loads(self.armed.read_bytes())
        except (FileNotFoundError, ValueError):
            return
        if order["where"] == where and self._is_mine(order):
            self._carry_out(order["action"])

    def _is_mine(self, order):
        with self.lock:
            if order["nonce"] != self.nonce:
                self.nonce, self.passed = order["nonce"], 0
            self.passed += 1
            if self.passed != order["nth"]:
                return False
        try:
            self.armed.rename(self.hit)
        except FileNotFoundError:
            return False
        return True

    def _carry_out(self, action):
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "killall":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        elif action == "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        while self.hit.exists():
            time.sleep(0.01)


class Wrapping(importlib.abc.MetaPathFinder):
    """Puts a look at the orders before and after the functions of a module, once it is imported."""

    def __init__(self, stops, functions):
        self.stops, self.functions = stops, functions

    def find_spec(self, name, path, target=None):
        if name not in self.functions:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        run = spec.loader.exec_module

        def run_and_wrap(module):
            run(module)
            for function in self.functions[name]:
                self._wrap(module, function)

        spec.loader.exec_module = run_and_wrap
        return spec

    def _wrap(self, module, function):
        *owners, name = function.split(".")
        owner = functools.reduce(getattr, owners, module)
        inner = vars(owner).get(name)
        if inner is None:  # test_stop_points.py complains
            return

        @functools.wraps(inner)
        def outer(*args, **kwargs):
            self.stops.passing(f"{module.__name__}:{function}:before")
            result = inner(*args, **kwargs)
            self.stops.passing(f"{module.__name__}:{function}:after")
            return result

        setattr(owner, name, outer)


def wrapped_functions():
    import stop_points

    places = [step.where for step in stop_points.ALL] + list(stop_points.ON_S3.values())
    functions = {}
    for place in places:
        module, function, _ = place.split(":")
        functions.setdefault(module, set()).add(function)
    return functions


if folder := os.environ.get("STOPS"):
    sys.meta_path.insert(0, Wrapping(Stops(folder), wrapped_functions()))
if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    # Python's own asks the monotonic clock to wake it at a time, which libfaketime makes EINVAL.
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None
