"""The arguments and results of processing: limits, the result of a probe, the result of a render."""

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
    """The limits of one child process.

    `memory_bytes` limits address space, which is more than the memory in use. The most expensive
    picture of `max_pixels` that we could make, a HEIC of 10 bits with alpha, takes 2071 MiB; the default
    is nearly half as much again. `bench/bench_processing.py --memory` measures the others.
    `cpu_seconds` is five times the time of the slowest picture, 7.5 s. The server uses its settings
    instead of these defaults (images.rendering.limits).
    """

    max_pixels: int = 100_000_000
    memory_bytes: int = 3 * 2**30
    cpu_seconds: int = 40
    wall_seconds: float = 120.0


@dataclass(frozen=True)
class Probed:
    """What a file's header says. Width and height are those of the upright picture, in px.

    `taken_at` is ISO 8601 with an offset. When the camera gives no time zone, its time is taken as UTC.
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
