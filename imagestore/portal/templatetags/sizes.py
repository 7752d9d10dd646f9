"""Filters that show a size, and how a picture was exposed."""

from collections.abc import Mapping

from django import template

from imagestore.kit.filesize import filesize as text_of
from imagestore.kit.sentences import decimal

register = template.Library()


@register.filter
def filesize(size: int) -> str:
    """`size` bytes as text that no browser breaks before the unit."""
    return text_of(size).replace(" ", "\xa0")


@register.filter
def exposure(known: Mapping[str, float | None]) -> str:
    """As photographers write it: `35 mm, f/2.8, 1/250 s, ISO 100`."""
    focal_length, aperture, seconds, iso = (
        known.get(name) for name in ("focal_length_mm", "aperture", "seconds", "iso")
    )
    parts = [
        f"{_number(focal_length)}\xa0mm" if focal_length else "",
        f"f/{_number(aperture)}" if aperture else "",
        f"{_seconds(seconds)}\xa0s" if seconds else "",
        f"ISO\xa0{iso:d}" if iso else "",
    ]
    return ", ".join(part for part in parts if part)


def _seconds(seconds: float) -> str:
    """A fraction of one where that is exact enough."""
    return f"1/{round(1 / seconds)}" if seconds < 0.3 else _number(seconds)


def _number(value: float) -> str:
    return decimal(f"{value:g}")
