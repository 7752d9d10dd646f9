"""What goes in and comes out: limits, what a probe saw, what a render made."""

from dataclasses import dataclass

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
}


@dataclass(frozen=True)
class Limits:
    """What one picture may cost.

    The memory is address space, which is more than what is really used. Its default leaves
    nearly half as much again above the hungriest picture of `max_pixels` we could make, 2071 MiB for
    a HEIC of 10 bits with alpha; `bench/bench_processing.py --memory` measures the others. The CPU
    time is five times that of the slowest, 7.5 s.
    """

    max_pixels: int = 100_000_000
    memory_bytes: int = 3 * 2**30
    cpu_seconds: int = 40
    wall_seconds: float = 120.0


@dataclass(frozen=True)
class Probed:
    """A file by its header. Width and height in px are those of the upright picture.

    `taken_at` is ISO 8601 with an offset: the camera's clock, read as UTC when it names no zone.
    """

    content_type: str
    width: int
    height: int
    taken_at: str | None
    camera: str


@dataclass(frozen=True)
class RenderedVariant:
    """One file in the output folder; width and height in px. Variants of one size share a file."""

    file: str
    width: int
    height: int
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Rendered:
    """All variants by name, a ThumbHash in base64, and the upright size of the original in px."""

    variants: dict[str, RenderedVariant]
    placeholder: str
    width: int
    height: int
