"""Which sizes of each picture are made. Nothing else in the product names one of them."""

from collections.abc import Container

SIZES = {"thumb": 320, "small": 640, "medium": 1280, "large": 2048}
"""Longest side of each variant in px, smallest first. A picture is never enlarged to reach it.

READY images that lack a size get it by themselves (images.rendering.convergence).
"""

RENDER_VERSION = 1
"""Part of every variant's file name. Raise it when the same original would render differently: then the
variants of all images are made again by themselves.
"""

SMALLEST, LARGEST = next(iter(SIZES)), next(reversed(SIZES))


def nearest(size: str, made: Container[str]) -> str | None:
    """The size itself if it was made, else the next larger one that was, else the largest one that was."""
    names = list(SIZES)
    at = names.index(size)
    in_turn = [*names[at:], *reversed(names[:at])]
    return next((name for name in in_turn if name in made), None)
