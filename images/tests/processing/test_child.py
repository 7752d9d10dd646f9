"""What a child may do wrong, done on purpose; the jobs at the top run in real children."""

import ctypes
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from images.processing import (
    Crashed,
    Damaged,
    InvalidImage,
    Limits,
    OverLimits,
    UnsupportedFormat,
    child,
    probe_in_child,
    render_in_child,
    warm_up,
    wire,
)
from images.processing.probe import probe
from images.processing.render import render
from images.processing.results import RenderedVariant
from images.processing.sizes import MOST_PANORAMA_PX, RENDER_VERSION, SIZES
from images.tests import pictures

LIMITS = Limits()
ROOT = Path(__file__).resolve().parents[3]
HERE = "images.tests.processing.test_child"


# ---- Jobs for a child: they take what `probe` takes, or what `render` takes -------------------


def spin(path, limits):
    while True:
        pass


def sleep(path, limits):
    time.sleep(60)


def nap(path, limits):
    time.sleep(0.5)
    return RenderedVariant("slept well", 1, 1, "", 0)


def hog(path, limits):
    return bytearray(limits.memory_bytes)


def segfault(path, limits):
    ctypes.string_at(0)


def die(path, limits):
    signal.raise_signal(signal.SIGKILL)


def stop(path, limits):
    signal.raise_signal(signal.SIGSTOP)


def leave(path, limits):
    os._exit(0)


def babble(path, limits):
    os.write(3, b"x" * 1_000_000)


def send_a_pickle(path, limits):
    os.write(3, pickle.dumps(os.getcwd))
    os._exit(0)


def fill_the_disk(path, limits):
    raise OSError(28, "No space left on device")


def write_much(path, out_dir, limits):
    with (out_dir / f"thumb.v{RENDER_VERSION}.jpg").open("wb") as file:
        for _ in range(1000):
            file.write(bytes(1_000_000))


def name_variables(path, limits):
    return RenderedVariant(json.dumps(sorted(os.environ)), 1, 1, "", 0)


# ---- Helpers ---------------------------------------------------------------------------------


@pytest.fixture
def upload(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(pictures.jpeg_bytes())
    return path


def run(job, path, limits=LIMITS, out_dir=None):
    return child.run_in_child(f"{HERE}:{job}", path, out_dir, limits)


def children_of(pid):
    """Of all its threads: the kernel lists a child under the thread that made it."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child_pid) for children in found for child_pid in children.read_text().split()]


def eventually(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


# ---- The same answers as without a child ------------------------------------------------------


def test_a_child_answers_as_the_functions_do(upload, tmp_path):
    (tmp_path / "out").mkdir()
    assert probe_in_child(upload, Limits()) == probe(upload, Limits())
    assert render_in_child(upload, tmp_path / "out", Limits()) == render(upload, tmp_path, Limits())


def test_errors_come_through(tmp_path, upload):
    upload.write_bytes(b"text")
    with pytest.raises(UnsupportedFormat) as caught:
        probe_in_child(upload, Limits())
    assert caught.value.detail == UnsupportedFormat.detail
    upload.write_bytes(pictures.jpeg_bytes()[:20])
    with pytest.raises(InvalidImage):
        probe_in_child(upload, Limits())
    upload.write_bytes(pictures.jpeg_bytes(800, 600)[:-3000])
    with pytest.raises(Damaged):
        render_in_child(upload, tmp_path, Limits())


def test_a_missing_file_and_a_full_disk_are_no_fault_of_the_picture(tmp_path, upload):
    with pytest.raises(FileNotFoundError):
        probe_in_child(tmp_path / "absent", Limits())
    with pytest.raises(OSError, match="No space left") as caught:
        run("fill_the_disk", upload)
    assert caught.value.errno == 28


def test_many_threads_at_once(upload):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: probe_in_child(upload, Limits()), range(50)))
    assert set(found) == {probe(upload, Limits())}


# ---- Faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "limits", "error"),
    [
        ("spin", Limits(cpu_seconds=1), OverLimits),
        ("spin", Limits(wall_seconds=0.3), OverLimits),
        ("sleep", Limits(wall_seconds=0.3), OverLimits),
        ("stop", Limits(wall_seconds=0.3), OverLimits),
        ("hog", Limits(memory_bytes=2**29), OverLimits),
        ("babble", Limits(wall_seconds=0.5), OverLimits),
        ("segfault", Limits(), Crashed),
        ("die", Limits(), Crashed),
        ("leave", Limits(), Crashed),
        ("send_a_pickle", Limits(), Crashed),
        ("absent", Limits(), Crashed),
    ],
)
def test_a_fault_ends_in_its_error_and_the_next_call_works(upload, job, limits, error):
    with pytest.raises(error):
        run(job, upload, limits)
    assert probe_in_child(upload, Limits()).width == 64


def test_a_child_cannot_fill_the_disk(upload, tmp_path):
    with pytest.raises(OverLimits):
        run("write_much", upload, out_dir=tmp_path)


def test_a_good_picture_under_too_little_memory_is_over_limits(upload, tmp_path):
    upload.write_bytes(pictures.saved(pictures.quarters(6000, 6000), "PNG", compress_level=1))
    with pytest.raises(OverLimits):
        render_in_child(upload, tmp_path, Limits(memory_bytes=180 * 2**20))


def test_a_child_has_no_secrets_in_its_environment(upload, monkeypatch):
    child._server.stop()
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    names = set(json.loads(run("name_variables", upload)["file"]))
    assert names <= {*child.ENVIRONMENT, "LC_CTYPE", *child._PASSED_ON}


def test_the_fork_server_killed_between_calls(upload):
    warm_up()
    os.kill(child._server._process.pid, signal.SIGKILL)
    assert probe_in_child(upload, Limits()).width == 64


def test_the_fork_server_killed_under_running_calls(upload):
    warm_up()
    server = child._server._process
    killer = threading.Timer(0.2, server.kill)
    killer.start()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: run("nap", upload), range(4)))
    assert [f["file"] for f in found] == ["slept well"] * 4
    assert child._server._process is not server


def test_a_forked_server_gets_its_own_fork_server(upload):
    warm_up()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if probe_in_child(upload, Limits()).width == 64 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert probe_in_child(upload, Limits()).width == 64


def test_no_process_and_no_open_file_is_left_behind(upload):
    warm_up()
    probe_in_child(upload, Limits())
    before = sorted(Path("/proc/self/fd").iterdir())
    for job in ("segfault", "die", "hog"):
        with pytest.raises((Crashed, OverLimits)):
            run(job, upload)
    probe_in_child(upload, Limits())
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    assert eventually(lambda: not children_of(child._server._process.pid))


SERVER = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from images.processing import Limits, child
with ThreadPoolExecutor(3) as pool:
    list(pool.map(lambda job: child.run_in_child("{HERE}:" + job, Path(sys.argv[1]), None, Limits()),
                  ["sleep", "spin", "sleep"]))
"""


def test_children_die_with_a_killed_server(upload):
    with subprocess.Popen([sys.executable, "-c", SERVER, str(upload)], cwd=ROOT) as server:
        try:
            assert eventually(lambda: len(children_of(server.pid)) == 1)
            (fork_server,) = children_of(server.pid)
            assert eventually(lambda: len(children_of(fork_server)) == 3)
            pids = [fork_server, *children_of(fork_server)]
        finally:
            server.kill()
    assert eventually(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids))


# ---- An answer is checked before it is believed -------------------------------------------------

TAKEN = {"clock": "2024-02-29T12:30:05.000", "offset_minutes": 120, "source": "camera"}
EXPOSURE = {"focal_length_mm": 50, "aperture": 2.8, "seconds": 0.01, "iso": 100}
PROBED = {
    "content_type": "image/jpeg",
    "width": 1,
    "height": 1,
    "taken": None,
    "camera": "",
    "lens": "",
    "exposure": EXPOSURE,
}


@pytest.mark.parametrize(
    "lie",
    [
        {"content_type": "text/html"},
        {"width": 0},
        {"width": "1"},
        {"width": True},
        {"height": 10**12},
        {"camera": "x" * 101},
        {"camera": "\0"},
        {"lens": 5},
        {"exposure": {**EXPOSURE, "iso": 100.5}},
        {"exposure": {**EXPOSURE, "aperture": float("nan")}},
        {"exposure": {**EXPOSURE, "seconds": True}},
        {"taken": 5},
        {"taken": {**TAKEN, "clock": "2024-02-29T12:30:05+02:00"}},
        {"taken": {**TAKEN, "clock": "yesterday"}},
        {"taken": {**TAKEN, "offset_minutes": 900}},
        {"taken": {**TAKEN, "offset_minutes": 1.5}},
        {"taken": {**TAKEN, "source": "a guess"}},
    ],
)
def test_a_probe_that_lies_is_not_believed(lie):
    assert wire.probed(PROBED).width == 1
    with pytest.raises((ValueError, TypeError)):
        wire.probed(PROBED | lie)


@pytest.fixture
def claim(tmp_path):
    (tmp_path / f"thumb.v{RENDER_VERSION}.jpg").write_bytes(b"12345")
    variant = {
        "file": f"thumb.v{RENDER_VERSION}.jpg",
        "width": 1,
        "height": 1,
        "content_type": "image/jpeg",
        "bytes": 5,
    }
    variants = {name: dict(variant) for name in SIZES}
    return {
        "variants": variants,
        "placeholder": "",
        "width": 1,
        "height": 1,
        "damage": None,
        "lens": "",
        "exposure": None,
    }


@pytest.mark.parametrize(
    "lie",
    [
        {"file": f"../thumb.v{RENDER_VERSION}.jpg"},
        {"file": "/etc/passwd"},
        {"file": f"large.v{RENDER_VERSION}.jpg"},
        {"content_type": "image/svg+xml"},
        {"bytes": 4},
        {"width": MOST_PANORAMA_PX + 1},
    ],
)
def test_a_render_that_lies_is_not_believed(tmp_path, claim, lie):
    assert wire.rendered(claim, tmp_path).variants["thumb"].bytes == 5
    claim["variants"]["thumb"] |= lie
    with pytest.raises((ValueError, FileNotFoundError)):
        wire.rendered(claim, tmp_path)


@pytest.mark.parametrize(
    "damage",
    [{"code": "fine", "detail": ""}, {"code": "truncated", "detail": "x" * 256}, {"code": "truncated"}, "no"],
)
def test_a_damage_that_is_none_of_ours_is_not_believed(tmp_path, claim, damage):
    known = {"code": "truncated", "detail": "Half of it."}
    assert wire.rendered(claim | {"damage": known}, tmp_path).damage.detail == "Half of it."
    with pytest.raises((ValueError, KeyError, TypeError)):
        wire.rendered(claim | {"damage": damage}, tmp_path)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_render_that_points_elsewhere_is_not_believed(tmp_path, claim, link):
    (tmp_path / "secret").write_bytes(b"12345")
    (tmp_path / f"thumb.v{RENDER_VERSION}.jpg").unlink()
    link(tmp_path / "secret", tmp_path / f"thumb.v{RENDER_VERSION}.jpg")
    with pytest.raises(ValueError, match="plain file"):
        wire.rendered(claim, tmp_path)


@pytest.mark.parametrize("nonsense", [b"", b"{}", b"[]", b"null", b"\xff", b'{"error": "x"}', b'{"result": 1}'])
def test_nonsense_is_a_crash(nonsense):
    with pytest.raises(Crashed):
        wire.open_answer(nonsense)


def test_a_child_that_the_kernel_killed_is_told_from_one_that_broke(upload):
    """The kernel kills by SIGKILL when memory runs out."""
    with pytest.raises(Crashed, match="was killed while working on this one: the server may be out of memory"):
        run("die", upload)
    with pytest.raises(Crashed, match="stopped while working on this one"):
        run("segfault", upload)
