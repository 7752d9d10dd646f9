"""The table of sizes that are rendered of each picture. No other module may name a size."""

from collections.abc import Container

SIZES = {"thumb": 320, "small": 640, "medium": 1280, "large": 2048}
"""Longest side of each variant in px, smallest first. A smaller picture is not enlarged.

After a change, the server renders READY images again by itself (images.rendering.convergence).
"""

RENDER_VERSION = 1
"""Part of every variant's file name. Raise it when the same original would render differently: the server
then renders all images again by itself.
"""

SMALLEST, LARGEST = next(iter(SIZES)), next(reversed(SIZES))


def nearest(size: str, made: Container[str]) -> str | None:
    """Of the sizes in `made`: this one, else the next larger one, else the largest smaller one; or None."""
    names = list(SIZES)
    at = names.index(size)
    by_preference = [*names[at:], *reversed(names[:at])]
    return next((name for name in by_preference if name in made), None)
