"""The arguments and results of processing: limits, the result of a probe, the result of a render."""

from dataclasses import dataclass

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/jxl": "jxl",
    "image/tiff": "tif",
    "image/bmp": "bmp",
    "image/x-adobe-dng": "dng",
    "image/x-canon-cr2": "cr2",
    "image/x-canon-cr3": "cr3",
    "image/x-nikon-nef": "nef",
    "image/x-sony-arw": "arw",
    "image/x-fuji-raf": "raf",
}

DOWNLOADED_TYPES = {"image/tiff", "image/jxl", *(form for form in EXTENSIONS if form.startswith("image/x-"))}
"""Originals that browsers do not show: TIFF and JPEG XL (but for Safari), and RAW. A link to one downloads it."""


DAMAGE_CODES = ("truncated",)


@dataclass(frozen=True)
class Limits:
    """The limits of one child process.

    `memory_bytes` limits address space, which is more than the memory in use. Formats that need more of it for
    a pixel have lower limits of pixels than `max_pixels` (`formats.py`). `bench/bench_processing.py --memory`
    measures the most expensive picture of each.
    With `require_sandbox`, the child works only where the kernel has all of the sandbox. The server uses
    its settings instead of these defaults (images.rendering.limits).
    """

    max_pixels: int = 220_000_000
    memory_bytes: int = 3 * 2**30
    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    require_sandbox: bool = False


TAKEN_FROM = ("camera", "sidecar", "day", "program", "file")
"""How it is known when a picture was taken, the surest first: from its metadata; from a file beside it, which only
imports read; from a date in its metadata without a time; from when a program wrote the file, as its metadata says;
from the file's own time."""


@dataclass(frozen=True)
class Taken:
    """When a picture was taken: what the camera's clock showed, never converted to another zone.

    `clock` is ISO 8601 without a zone, to the millisecond. `offset_minutes` says how far it was ahead of UTC, if
    that is known. `source` is one of TAKEN_FROM.
    """

    clock: str
    offset_minutes: int | None
    source: str


EXPOSURE_RANGES = {
    "focal_length_mm": (0.1, 100_000.0),
    "aperture": (0.1, 1000.0),
    "seconds": (1e-9, 1e6),
    "iso": (1, 100_000_000),
}
"""The lowest and the highest value that makes sense."""


@dataclass(frozen=True)
class Exposure:
    """How a picture was exposed; None where its metadata do not tell. `aperture` is the f-number."""

    focal_length_mm: float | None = None
    aperture: float | None = None
    seconds: float | None = None
    iso: int | None = None


@dataclass(frozen=True)
class Probed:
    """What a file's header says. Width and height are those of the upright picture, in px."""

    content_type: str
    width: int
    height: int
    taken: Taken | None
    camera: str
    lens: str = ""
    exposure: Exposure | None = None


@dataclass(frozen=True)
class RenderedVariant:
    """One file in the output folder; width and height in px. Variants of one size share a file."""

    file: str
    width: int
    height: int
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Damage:
    """Why part of an original cannot be read: a code for programs and a sentence for people."""

    code: str
    detail: str


@dataclass(frozen=True)
class Rendered:
    """All variants by name, a ThumbHash in base64, and the upright size of the original in px.

    `damage` is None when all of the original could be read. Lens and exposure are read again, because an older
    release may have stored the image without.
    """

    variants: dict[str, RenderedVariant]
    placeholder: str
    width: int
    height: int
    damage: Damage | None = None
    lens: str = ""
    exposure: Exposure | None = None
