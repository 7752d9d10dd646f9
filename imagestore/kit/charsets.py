"""Text whose charset nobody told."""

import re

# First bytes of Shift-JIS that other charsets hardly use: kana, punctuation and the common Kanji.
_JAPANESE_FIRST_BYTE = re.compile(rb"[\x81-\x9f]")
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
_LETTER = re.compile("[A-Za-z]")


def decode(content: bytes) -> str:
    """UTF-8 where it is that; else Shift-JIS where it looks like it; else Windows-1252, which reads all bytes."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        japanese = _decode_japanese(content)
        return content.decode("cp1252", errors="replace") if japanese is None else japanese


def _decode_japanese(content: bytes) -> str | None:
    """None when it is not Shift-JIS, or reads as a Western word with a few Kanji in the middle."""
    try:
        text = content.decode("shift_jis")
    except UnicodeDecodeError:
        return None
    wide = sum(not character.isascii() for character in text)
    letters = len(_LETTER.findall(text.rpartition(".")[0] or text))
    looks_western = _HALF_WIDTH.search(text) or not _JAPANESE_FIRST_BYTE.search(content) or wide < letters
    return None if looks_western else text
