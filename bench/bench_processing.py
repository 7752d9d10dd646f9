"""CPU and memory to render one picture, and the overhead of its child process.

python -m bench.bench_processing            CPU of a 12-megapixel photo, overhead of a child
python -m bench.bench_processing --memory   also peak memory, at 24 MP, 100 MP and the most pixels of each format
python -m bench.bench_processing --limits   also CPU of smooth and of noisy pictures, and their CPU limit
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import isqrt
from pathlib import Path
from typing import Any

import pillow_heif
import pyjpegxl
from PIL import Image

from images.processing import Limits, cpu_seconds, jxl, probe_in_child, render_in_child, warm_up
from images.processing.child import ENVIRONMENT
from images.processing.decoding import format_of
from images.processing.formats import AVIF, BMP, GIF, HEIC, JPEG, JXL, PNG, TIFF, WEBP
from images.processing.render import render

pillow_heif.register_heif_opener()
jxl.load_library()


def save_jxl(picture: Image.Image, file: Any, _name: Any) -> None:
    bands = len(picture.getbands())
    fast = pyjpegxl.EncoderSpeed.Lightning
    file.write(
        pyjpegxl.encode(picture.tobytes(), *picture.size, num_channels=bands, speed=fast, **picture.encoderinfo)
    )


Image.register_save("JXL", save_jxl)

# Width and height in px.
TWELVE_MP = (4032, 3024)
# 24 and 100 megapixels.
MEMORY_SIDES = (4900, 10_000)
_FORMATS = {form.decoder: form for form in (JPEG, PNG, GIF, WEBP, AVIF, HEIC, JXL, TIFF, BMP)}
# Title -> mode, format and options to save with.
SAVED_AS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JPEG": ("RGB", "JPEG", {"quality": 88}),
    "JPEG, progressive": ("RGB", "JPEG", {"quality": 88, "progressive": True}),
    "JPEG, CMYK progressive": ("CMYK", "JPEG", {"quality": 88, "progressive": True}),
    "PNG, RGBA": ("RGBA", "PNG", {"compress_level": 1}),
    "PNG, 16-bit grey": ("I;16", "PNG", {"compress_level": 1}),
    "GIF": ("P", "GIF", {}),
    "GIF, transparency": ("P", "GIF", {"transparency": 0}),
    "WebP": ("RGB", "WEBP", {"quality": 75, "method": 0}),
    "WebP, alpha": ("RGBA", "WEBP", {"quality": 75, "method": 0}),
    "AVIF": ("RGB", "AVIF", {"quality": 60, "speed": 10}),
    "AVIF, 4:4:4 alpha": ("RGBA", "AVIF", {"quality": 60, "speed": 10, "subsampling": "4:4:4"}),
    "HEIC, tiled, alpha": (
        "RGBA",
        "HEIF",
        {"quality": 50, "tile_size": 512, "enc_params": {"preset": "ultrafast"}},
    ),
    "TIFF, LZW": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    "TIFF, Deflate RGBA": ("RGBA", "TIFF", {"compression": "tiff_adobe_deflate"}),
    "TIFF, CMYK": ("CMYK", "TIFF", {}),
    "BMP": ("RGB", "BMP", {}),
    "JPEG XL": ("RGB", "JXL", {"quality": 1.0}),
    "JPEG XL, lossless RGBA": ("RGBA", "JXL", {"lossless": True}),
    "HEIC, tiled": ("RGB", "HEIF", {"quality": 50, "tile_size": 512, "enc_params": {"preset": "ultrafast"}}),
}
MEASURE_PEAK = """
import sys
from pathlib import Path
from images.processing import Limits
from images.processing.decoding import load_decoder
from images.processing.render import render
load_decoder(Path(sys.argv[1]))
render(Path(sys.argv[1]), Path(sys.argv[2]), Limits())
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith(("VmPeak", "VmHWM"))))
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


def bench_limits(folder: Path) -> None:
    """The rates in images/processing/formats.py are above these; the limit is four times as much, and a base."""
    print("\nCPU of smooth and noisy pictures of 12 megapixels at quality 95, and their limit")
    smooth = Image.radial_gradient("L").resize(TWELVE_MP, Image.Resampling.BILINEAR)
    noise = Image.effect_noise(TWELVE_MP, 60)
    for title, (mode, form, options) in SAVED_AS.items():
        for kind, grey in (("smooth", smooth), ("noise", noise)):
            path = folder / "extreme"
            _in_mode(grey, mode).save(path, form, **options | ({"quality": 95} if "quality" in options else {}))
            ms = cpu_ms(lambda: render(path, folder, Limits()), rounds=2)  # noqa: B023
            size = path.stat().st_size
            limit = cpu_seconds(format_of(path).content_type, TWELVE_MP[0] * TWELVE_MP[1], size)
            show(f"{title}, {kind}, {size / 1e6:.1f} MB", f"{ms:.0f} ms of {limit} s")


def _in_mode(grey: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return grey.convert("I").point(lambda value: value * 256).convert("I;16")
    if mode in ("P", "L"):
        return grey.convert(mode)
    turns = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180
    bands = [grey, *(grey.transpose(turn) for turn in turns)]
    return Image.merge(mode, bands[: len(Image.new(mode, (1, 1)).getbands())])


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
    Image.MAX_IMAGE_PIXELS = None
    print("\nPeak memory, and of address space, of a process that renders squares, the largest last")
    for title, (mode, form, options) in SAVED_AS.items():
        path = folder / "huge"
        for side in sorted({*MEMORY_SIDES, _longest_square(mode, form)}):
            photo((side, side), mode).save(path, form, **options)
            address_space, memory = _peak_mib(path, folder)
            show(f"{title}, {side**2 / 1e6:.0f} MP", f"{memory} MiB, {address_space:>4} MiB")


def _longest_square(mode: str, form: str) -> int:
    """The side in px of the largest square picture that we take."""
    limits = _FORMATS[form]
    return isqrt(max(limits.most_pixels, limits.most_plain_pixels if mode == "RGB" else 0))


def _peak_mib(path: Path, folder: Path) -> tuple[int, int]:
    """Of address space, and of memory."""
    command = [sys.executable, "-c", MEASURE_PEAK, str(path), str(folder)]
    environment = os.environ | ENVIRONMENT
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    address_space, memory = map(int, done.stdout.split())
    return address_space // 1024, memory // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--memory", action="store_true", help="also the memory at the most pixels")
    parser.add_argument("--limits", action="store_true", help="also the CPU limits")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench_cpu(Path(name))
        bench_child(Path(name))
        if arguments.limits:
            bench_limits(Path(name))
        if arguments.memory:
            bench_memory(Path(name))
    show("\nPeak memory of this process", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
