"""Text that people give: one spelling for each, so that it is found again."""

import os
import re
import unicodedata
from typing import Any

# Control characters but tab and line breaks, and halves of a pair, which no database takes.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def composed(text: str, longest: int) -> str:
    """The text in NFC: macOS writes é as two characters, people search for one.

    Text of more than `longest` characters is returned as it is, because normalising it could take minutes. So is
    text that would become longer than that.
    """
    if len(text) > longest:
        return text
    normal = unicodedata.normalize("NFC", text)
    return normal if len(normal) <= longest else text


def compose_fields(fields: dict[str, Any], longest: dict[str, int]) -> dict[str, Any]:
    """A copy of `fields` in which each text that `longest` names is in NFC."""
    return {
        name: composed(value, longest[name]) if name in longest and isinstance(value, str) else value
        for name, value in fields.items()
    }


def storable(text: str, longest: int) -> str:
    """Text of a foreign file: at most `longest` characters, in NFC, without those that no database takes."""
    return composed(_UNSTORABLE.sub("", text[:longest]).strip(), longest)


def file_name_text(name: str) -> str:
    """A file name as text. One that is not UTF-8 is read as the old Windows spelling of Western Europe."""
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def printable(text: str) -> str:
    """A path or a name for the terminal: on one line, without characters that command it or cannot be shown."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
