"""The titles of albums, made of the names of folders."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from albums.models import TITLE_LENGTH
from images.models import NAME_LENGTH
from imagestore.kit.text import file_name_text, storable

_SEPARATOR = " / "
_DIGEST_DIGITS = 8


def title_of(top: str, parts: Sequence[str]) -> str:
    """The names below the top, or the top's own name: `Iceland / Day 1`."""
    names = [title_of_name(name) for name in parts] or [title_of_name(Path(os.path.realpath(top)).name)]
    return shorten(_SEPARATOR.join(names))


def title_of_name(name: str) -> str:
    """One folder's name as text."""
    return storable(" ".join(file_name_text(name).split()), NAME_LENGTH) or "untitled"


def shorten(title: str) -> str:
    """At most TITLE_LENGTH characters: the end, which tells folders apart, and a sign of the whole.

    Two long titles with the same end get two signs, and the same ones in every run.
    """
    if len(title) <= TITLE_LENGTH:
        return title
    sign = f" ({sha256(title.encode()).hexdigest()[:_DIGEST_DIGITS]})"
    return f"…{title[len(sign) + 1 - TITLE_LENGTH :]}{sign}"
