"""The pipeline, from a camera's JPEG to four sizes: CPU beside sharp's and beside the floor, memory, two cores.

Rounds of ours and of each peer take turns, and medians are compared. Ours runs in a process of its own with the
environment of a child (images/processing/child.py).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from PIL import Image

from bench.goals import Goal, table
from bench.peers import Sharp
from bench.photos import HUNDRED_MP, TWELVE_MP, TWENTY_FOUR_MP, save_camera_photo
from images.processing import Limits, render_in_child, warm_up
from images.processing.child import ENVIRONMENT
from images.processing.render import _JPEG_QUALITY
from images.processing.sizes import SIZES

ROUNDS = 5
CHILDREN = 24
_OURS = """
import sys, time
from io import BytesIO
from pathlib import Path
from PIL import Image
from images.processing import Limits
from images.processing.render import _JPEG_QUALITY, render
from images.processing.sizes import SIZES

def ours(path):
    render(Path(path), folder, Limits())

def floor(path):
    picture = Image.open(path)
    picture.draft(None, (picture.width // 2, picture.height // 2))
    picture.load()
    for variant in variants:
        variant.save(BytesIO(), "JPEG", quality=_JPEG_QUALITY)

folder = Path(sys.argv[1])
variants = []
for line in sys.stdin:
    what, path = line.rstrip().split(" ", 1)
    if what == "floor" and not variants:
        variants = [Image.open(file) for file in folder.glob("*.jpg")]
        for variant in variants:
            variant.load()
    before = time.process_time()
    {"ours": ours, "floor": floor}[what](path)
    print((time.process_time() - before) * 1000, flush=True)
    for file in folder.iterdir() if what == "ours" and variants else []:
        file.unlink()
"""
_PEAK = """
import sys
from pathlib import Path
from images.processing import Limits
from images.processing.render import render
render(Path(sys.argv[1]), Path(sys.argv[2]), Limits())
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


class Ours:
    """Our pipeline, and its floor (decode at half scale, encode four sizes), in a process that goes on."""

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, "-c", _OURS, str(folder)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=os.environ | ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def cpu_ms(self, what: str, path: Path) -> float:
        assert self._process.stdin
        assert self._process.stdout
        print(what, path, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())


def peak_mb(path: Path, folder: Path) -> float:
    """The most memory of one process that renders this picture (VmHWM)."""
    command = [sys.executable, "-c", _PEAK, str(path), str(folder)]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, check=True)
    return int(done.stdout) / 1000


def children_a_second(path: Path, folder: Path, at_once: int) -> float:
    def one(number: int) -> None:
        target = folder / f"{at_once}-{number}"
        target.mkdir()
        render_in_child(path, target, Limits())

    with ThreadPoolExecutor(at_once) as pool:
        started = time.perf_counter()
        list(pool.map(one, range(CHILDREN)))
        return CHILDREN / (time.perf_counter() - started)


def medians(path: Path, folder: Path) -> dict[str, float]:
    """CPU in ms of ours, of the floor and of both ways of sharp, measured in turns."""
    times: dict[str, list[float]] = {"ours": [], "floor": [], "best": [], "usual": []}
    with Ours(folder) as ours, Sharp(list(SIZES.values()), _JPEG_QUALITY) as sharp:
        for number in range(ROUNDS + 1):
            for what, found in times.items():
                taken = (ours if what in ("ours", "floor") else sharp).cpu_ms(what, path)
                if number:  # the first round warms up
                    found.append(taken)
    return {what: statistics.median(found) for what, found in times.items()}


def goals() -> Iterator[Goal]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _beside_peers(folder, "12 MP", TWELVE_MP, best=0.58, usual=0.33, floor=1.35)
        yield from _beside_peers(folder, "24 MP", TWENTY_FOUR_MP, best=0.60, usual=0.35)
        yield Goal("memory of a child, 24 MP", peak_mb(folder / "24 MP.jpg", folder), "MB", 200)
        huge = folder / "100 MP.jpg"
        with Image.open(folder / "24 MP.jpg") as picture:
            picture.resize(HUNDRED_MP, Image.Resampling.BILINEAR).save(huge, quality=90)
        yield Goal("memory of a child, 100 MP", peak_mb(huge, folder), "MB", 400)
        warm_up()
        one, two = (children_a_second(folder / "12 MP.jpg", folder, at_once) for at_once in (1, 2))
        yield Goal("12 MP, two children at once ÷ one", two, "/s", 1.9, one, at_least=True)


def _beside_peers(
    folder: Path, title: str, size: tuple[int, int], *, best: float, usual: float, floor: float | None = None
) -> Iterator[Goal]:
    path = save_camera_photo(folder / f"{title}.jpg", size)
    made = folder / f"{title} made"
    made.mkdir()
    cpu = medians(path, made)
    yield Goal(f"{title}, four sizes, CPU ÷ sharp's best way", cpu["ours"], "ms", best, cpu["best"])
    yield Goal(f"{title}, four sizes, CPU ÷ sharp's usual way", cpu["ours"], "ms", usual, cpu["usual"])
    if floor:
        what = f"{title}, CPU ÷ decoding at half scale and encoding four sizes"
        yield Goal(what, cpu["ours"], "ms", floor, cpu["floor"])


def main() -> None:
    print(table(goals()))


if __name__ == "__main__":
    main()
