"""The names that people give their files: text to show, never a path."""

import re
import unicodedata

from images.models import NAME_LENGTH

# Control characters, lone surrogates, and characters that reverse the writing direction, as in
# "photo\u202egpj.exe", which screens show as "photoexe.jpg".
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

# No more than this is looked at, in characters: normalising a long text could take minutes.
LONGEST_NAME = 4 * NAME_LENGTH


def clean_name(name: str) -> str:
    """Only the last segment of a path, without invisible characters, at most 255 characters with its ending."""
    name = name[:LONGEST_NAME]
    base = _UNSAFE.sub("", unicodedata.normalize("NFC", name)).replace("\\", "/").rsplit("/", 1)[-1].strip(" .")
    stem, dot, ending = base.rpartition(".")
    if dot and len(ending) <= 10:
        return stem[: NAME_LENGTH - len(ending) - 1] + dot + ending
    return base[:NAME_LENGTH] or "image"
