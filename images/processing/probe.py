"""Probes a file: reads its format, size, time and camera from its header, before it is stored."""

from pathlib import Path

from PIL import Image

from . import metadata
from .decoding import open_picture
from .results import Limits, Probed

SIDEWAYS = {5, 6, 7, 8}
"""The Exif orientations that swap width and height."""


def probe(path: Path, limits: Limits) -> Probed:
    """Read the header of the file at `path`; no pixel is decoded.

    Raises `UnsupportedFormat`, `InvalidImage` or `TooManyPixels`; `OSError` when the file cannot
    be read. Call it through `child.probe_in_child`: the file may be hostile.
    """
    with open_picture(path, limits) as (picture, form):
        width, height = upright_size(picture)
        return Probed(
            content_type=form.content_type,
            width=width,
            height=height,
            taken_at=metadata.taken_at(picture),
            camera=metadata.camera(picture),
        )


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height in px after the rotation that Exif asks for."""
    width, height = picture.size
    return (height, width) if metadata.orientation(picture) in SIDEWAYS else (width, height)
