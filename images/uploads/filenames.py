"""The names that people give their files: text to show, never a path."""

import re
import unicodedata

from images.models import NAME_LENGTH
from imagestore.kit.charsets import decode

# Control characters, separators of lines, lone surrogates, and characters that reverse the writing direction, as in
# "photo\u202egpj.exe", which screens show as "photoexe.jpg".
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

# Spaces of all widths, and dots, which hide a file.
_ENDS = " .\u00a0\u202f\u3000"
# Bytes of a name on disk that is not UTF-8, as os.fsdecode hands them on.
_UNDECODED = re.compile(r"[\udc80-\udcff]")

# No more than this is looked at, in characters: normalising a long text could take minutes.
LONGEST_NAME = 4 * NAME_LENGTH


def clean_name(name: str) -> str:
    """Only the last segment of a path, without characters that do harm, at most 255 characters with its ending."""
    name = name[:LONGEST_NAME]
    if _UNDECODED.search(name):
        name = decode(name.encode(errors="surrogateescape"))
    base = _UNSAFE.sub("", unicodedata.normalize("NFC", name)).replace("\\", "/").rsplit("/", 1)[-1].strip(_ENDS)
    stem, dot, ending = base.rpartition(".")
    if dot and len(ending) <= 10:
        return stem[: NAME_LENGTH - len(ending) - 1] + dot + ending
    return base[:NAME_LENGTH] or "image"
