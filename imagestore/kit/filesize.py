"""Sizes of files as text."""

from django.utils.functional import lazy
from django.utils.translation import ngettext

from imagestore.kit.sentences import decimal

_UNITS = ("KB", "MB", "GB", "TB", "PB", "EB")


def filesize(size: int) -> str:
    """`size` bytes in decimal units: 1 MB is 1,000,000 bytes. static/js/format.js must give the same text."""
    value, step = float(size), 0
    while round(value, 1) >= 1000 and step < len(_UNITS):
        value, step = value / 1000, step + 1
    number = decimal(f"{value:.1f}".removesuffix(".0"))
    if step:
        return f"{number} {_UNITS[step - 1]}"
    return ngettext("%(number)s byte", "%(number)s bytes", size) % {"number": number}


# For sentences that are translated when they are shown.
lazy_filesize = lazy(filesize, str)
