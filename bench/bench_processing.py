"""CPU and memory to render one picture, and the overhead of its child process.

python -m bench.bench_processing            CPU of a 12-megapixel photo, overhead of a child
python -m bench.bench_processing --memory   also peak address space at 100 megapixels, in minutes
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image

from images.processing import Limits, probe_in_child, render_in_child, warm_up
from images.processing.render import render

pillow_heif.register_heif_opener()

# Width and height in px.
TWELVE_MP = (4032, 3024)
HUNDRED_MP = (10_000, 10_000)
# Title -> mode, format and options to save with.
SAVED_AS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JPEG": ("RGB", "JPEG", {"quality": 88}),
    "JPEG, progressive": ("RGB", "JPEG", {"quality": 88, "progressive": True}),
    "JPEG, CMYK progressive": ("CMYK", "JPEG", {"quality": 88, "progressive": True}),
    "PNG, RGBA": ("RGBA", "PNG", {"compress_level": 1}),
    "PNG, 16-bit grey": ("I;16", "PNG", {"compress_level": 1}),
    "GIF": ("P", "GIF", {}),
    "WebP": ("RGB", "WEBP", {"quality": 75, "method": 0}),
    "WebP, alpha": ("RGBA", "WEBP", {"quality": 75, "method": 0}),
    "AVIF": ("RGB", "AVIF", {"quality": 60, "speed": 10}),
    "AVIF, 4:4:4 alpha": ("RGBA", "AVIF", {"quality": 60, "speed": 10, "subsampling": "4:4:4"}),
    "HEIC, tiled": ("RGB", "HEIF", {"quality": 50, "tile_size": 512, "enc_params": {"preset": "ultrafast"}}),
}
MEASURE_PEAK = """
import sys
from pathlib import Path
from images.processing import Limits
from images.processing.render import render
render(Path(sys.argv[1]), Path(sys.argv[2]), Limits())
print(next(line for line in open("/proc/self/status") if line.startswith("VmPeak")).split()[1])
"""


def photo(size: tuple[int, int], mode: str) -> Image.Image:
    """Soft shapes under grain: about as many bytes a pixel as a real photo."""
    shapes = Image.effect_mandelbrot(size, (-2.2, -1.2, 0.8, 1.2), 50) if size == TWELVE_MP else None
    soft = shapes or Image.radial_gradient("L").resize(size, Image.Resampling.BILINEAR)
    grain = Image.effect_noise((1000, 1000), 24).resize(size, Image.Resampling.BILINEAR)
    grey = Image.blend(soft, grain, 0.4)
    if mode == "I;16":
        return grey.convert("I").point(lambda value: value * 256).convert("I;16")
    if mode == "RGBA":
        return Image.merge("RGBA", (grey, soft, grain, soft))
    return grey if mode == "P" else Image.merge("RGB", (grey, soft, grain)).convert(mode)


def cpu_ms(work: Callable[[], Any], rounds: int = 5) -> float:
    """The least CPU time of all rounds, in milliseconds."""
    return min(_cpu_ms_once(work) for _ in range(rounds))


def _cpu_ms_once(work: Callable[[], Any]) -> float:
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1000


def wall_ms(work: Callable[[], Any], rounds: int) -> float:
    """The mean wall time in milliseconds."""
    before = time.perf_counter()
    for _ in range(rounds):
        work()
    return (time.perf_counter() - before) * 1000 / rounds


def show(title: str, value: str) -> None:
    print(f"{title:<44}{value:>12}", flush=True)


def bench_cpu(folder: Path) -> None:
    print(f"CPU for all sizes of {TWELVE_MP[0]} × {TWELVE_MP[1]} px")
    for title, (mode, form, options) in SAVED_AS.items():
        path = folder / "photo"
        photo(TWELVE_MP, mode).save(path, form, **options)
        show(title, f"{cpu_ms(lambda: render(path, folder, Limits())):.0f} ms")  # noqa: B023


def bench_child(folder: Path) -> None:
    print("\nA child process")
    path = folder / "tiny"
    Image.new("RGB", (8, 8)).save(path, "PNG")
    show("first call, starts the fork server", f"{wall_ms(lambda: probe_in_child(path, Limits()), 1):.1f} ms")
    warm_up()
    show("probe of a tiny picture", f"{wall_ms(lambda: probe_in_child(path, Limits()), 200):.1f} ms")
    in_child = wall_ms(lambda: render_in_child(path, folder, Limits()), 100)
    here = wall_ms(lambda: render(path, folder, Limits()), 100)
    show("render, more than without a child", f"{in_child - here:.1f} ms")


def bench_memory(folder: Path) -> None:
    Image.MAX_IMAGE_PIXELS = HUNDRED_MP[0] * HUNDRED_MP[1]
    print("\nPeak address space of 100 megapixels")
    for title, (mode, form, options) in SAVED_AS.items():
        path = folder / "huge"
        photo(HUNDRED_MP, mode).save(path, form, **options)
        show(title, f"{_peak_mib(path, folder)} MiB")


def _peak_mib(path: Path, folder: Path) -> int:
    command = [sys.executable, "-c", MEASURE_PEAK, str(path), str(folder)]
    environment = os.environ | {"MALLOC_ARENA_MAX": "2"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    return int(done.stdout) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--memory", action="store_true", help="also the memory at 100 megapixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench_cpu(Path(name))
        bench_child(Path(name))
        if arguments.memory:
            bench_memory(Path(name))
    show("\nPeak memory of this process", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
