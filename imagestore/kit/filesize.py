"""Sizes in words."""

_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def filesize(size: int) -> str:
    """In decimal units, as disks and phones count: 1 MB is 1,000,000 bytes. static/js/format.js must agree."""
    value, step = float(size), 0
    while round(value, 1) >= 1000 and step < len(_UNITS) - 1:
        value, step = value / 1000, step + 1
    number = f"{value:.1f}".removesuffix(".0")
    return "1 byte" if size == 1 else f"{number} {_UNITS[step]}"
