"""The table of sizes that are rendered of each picture. No other module may name a size."""

import re
from collections.abc import Container

SIZES = {"thumb": 320, "small": 640, "medium": 1280, "large": 2048}
"""Longest side of each variant in px, smallest first. A smaller picture is not enlarged. Of a panorama it is
more (`longest_side`).

After a change, the server renders READY images again by itself (images.rendering.convergence).
"""

RENDER_VERSION = 2
"""Part of every variant's file name. Raise it when the same original would render differently: the server
then renders all images again by itself.
"""

SMALLEST, LARGEST = next(iter(SIZES)), next(reversed(SIZES))

PANORAMA_RATIO = 4
"""From this ratio of its sides on, a picture is a panorama."""

MOST_PANORAMA_PX = PANORAMA_RATIO * SIZES[LARGEST]
"""No side of a variant is longer."""


def file_name(size: str, extension: str, rotation: int = 0) -> str:
    """The name of a variant's file. One that its owner has turned has another name, so links to it are others."""
    turned = f".r{rotation}" if rotation else ""
    return f"{size}.v{RENDER_VERSION}{turned}.{extension}"


def rotation_in(file: str) -> int:
    """The rotation in such a name, in degrees."""
    turned = re.search(r"\.r([0-9]+)\.", file)
    return int(turned[1]) if turned else 0


def longest_side(size: str, original: tuple[int, int]) -> int:
    """The longest side in px that a size may have of an original of this width and height.

    A panorama's shorter side would be a few px. So its longer side grows, until the shorter one is a quarter of
    the size's px, and up to four times these px.
    """
    shorter, longer = sorted(original)
    ratio = min(longer / shorter / PANORAMA_RATIO, PANORAMA_RATIO)
    return round(SIZES[size] * max(1.0, ratio))


def nearest(size: str, made: Container[str]) -> str | None:
    """Of the sizes in `made`: this one, else the next larger one, else the largest smaller one; or None."""
    if size in made:
        return size
    names = list(SIZES)
    at = names.index(size)
    by_preference = [*names[at + 1 :], *reversed(names[:at])]
    return next((name for name in by_preference if name in made), None)
