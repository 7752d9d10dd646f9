"""Probes a file: reads its format, size, time and camera from its metadata, before it is stored."""

from pathlib import Path

from PIL import Image

from . import metadata
from .decoding import open_picture
from .errors import InvalidImage
from .exposure import exposure, lens
from .formats import JPEG, PNG
from .jpeg import MAX_SCANS, has_too_many_scans
from .origin import add_texts, camera, taken
from .png import MAX_CHUNKS, has_too_many_chunks
from .results import Limits, Probed

_TOO_MANY_SCANS = (
    f"This JPEG is built up in more than {MAX_SCANS} passes, which takes too long to read. "
    "Save it as a new JPEG with any picture editor, and upload that."
)
_TOO_MANY_CHUNKS = (
    f"This PNG is cut into more than {MAX_CHUNKS:,} chunks, which take too long to read. "
    "Save it as a new PNG with any picture editor, and upload that."
)
SIDEWAYS = {5, 6, 7, 8}
"""The Exif orientations that swap width and height."""


def probe(path: Path, limits: Limits) -> Probed:
    """Read the header of the file at `path`; no pixel is decoded.

    Raises `UnsupportedFormat`, `InvalidImage` or `TooManyPixels`; `OSError` when the file cannot
    be read. Call it through `child.probe_in_child`: the file may be hostile.
    """
    with open_picture(path, limits) as (picture, form):
        if form is JPEG and has_too_many_scans(path):
            raise InvalidImage(_TOO_MANY_SCANS)
        if form is PNG and has_too_many_chunks(path):
            raise InvalidImage(_TOO_MANY_CHUNKS)
        if form is PNG:
            add_texts(path, picture)
        width, height = upright_size(picture)
        return Probed(
            content_type=form.content_type,
            width=width,
            height=height,
            taken=taken(picture),
            camera=camera(picture),
            lens=lens(picture),
            exposure=exposure(picture),
        )


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height in px after the rotation that Exif asks for."""
    width, height = picture.size
    return (height, width) if metadata.orientation(picture) in SIDEWAYS else (width, height)
