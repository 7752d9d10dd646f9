"""Sizes of files as text."""

_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def filesize(size: int) -> str:
    """`size` bytes in decimal units: 1 MB is 1,000,000 bytes. static/js/format.js must give the same text."""
    value, step = float(size), 0
    while round(value, 1) >= 1000 and step < len(_UNITS) - 1:
        value, step = value / 1000, step + 1
    number = f"{value:.1f}".removesuffix(".0")
    return "1 byte" if size == 1 else f"{number} {_UNITS[step]}"
