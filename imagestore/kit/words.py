"""Words of a text, and the terms of a search: pure, so that each database gives the same answer.

A term begins a word of a text, whatever case, accents and width either is written in. Scripts without spaces
have no words: there a run of letters is stored once from each of its letters on, so a term is found anywhere.
An emoji is a word. Words between quotation marks stand next to each other in one text.

Each word has a position. Texts of one row lie FIELD_POSITIONS apart, so no phrase spans two texts.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

# A word is stored up to this length, in characters; a run without spaces from each of its letters on up to this.
WORD_LENGTH = 64
PIECE_LENGTH = 8
# The words of one text that are stored: as many as the longest text can have letters.
FIELD_WORDS = 2000
FIELD_POSITIONS = FIELD_WORDS + 1
# A longer text is cut before anything else is done with it. One character may become 18.
TEXT_LENGTH = 2000
# The most terms of one search.
SEARCH_TERMS = 16
# The longest key of `natural_key`.
KEY_LENGTH = 255

_QUOTATION_MARKS = re.compile('["\u201c\u201d\u201e\u00ab\u00bb\uff02]')
# Thai, Lao, Myanmar, Khmer; Hangul; Han, kana, bopomofo.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_FLAG = "[\U0001f1e6-\U0001f1ff]"
_RUN = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|{_FLAG}{{2}}|{_FLAG}|[^ {_UNSPACED}{_FLAG[1:-1]}]+")
# They make another letter of a kana, so they are no accents.
_VOICING_MARKS = "\u3099\u309a"
_ZERO_WIDTH_SPACE = "\u200b"
_DIGITS = re.compile(r"\d{1,255}")


class _Spelling:
    """For `str.translate`: letters, digits and vowel signs stay, accents go, an emoji stands alone."""

    def __getitem__(self, code: int) -> int | str | None:
        char = chr(code)
        category = unicodedata.category(char)
        if category == "So":
            return code if "\U0001f1e6" <= char <= "\U0001f1ff" else f" {char} "
        if _is_accent(char, category) or (category in ("Cf", "Sk") and char != _ZERO_WIDTH_SPACE):
            return None
        return code if category[0] in "LMN" else " "


class _Accents:
    """For `str.translate`: accents go."""

    def __getitem__(self, code: int) -> int | None:
        char = chr(code)
        return None if _is_accent(char, unicodedata.category(char)) else code


def _is_accent(char: str, category: str) -> bool:
    """Marks above and below, and signs that choose a variant; not the vowels that some scripts write as marks."""
    is_variation = "\ufe00" <= char <= "\ufe0f"
    return (bool(unicodedata.combining(char)) and char not in _VOICING_MARKS) or category == "Me" or is_variation


def _folded(text: str, table: _Spelling | _Accents) -> str:
    """In one case and width. By upper case first: only there is the dotless i an I."""
    folded = unicodedata.normalize("NFKD", text[:TEXT_LENGTH]).upper().casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKD", folded).translate(table))


# ---- Texts ----------------------------------------------------------------------------------


def words_of(texts: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The words of a row's texts, each with its position."""
    for number, text in enumerate(texts):
        yield from islice(_words(text, number * FIELD_POSITIONS), FIELD_WORDS)


def _words(text: str, position: int) -> Iterator[tuple[str, int]]:
    for run, is_spaced in _runs(text):
        for start in range(1 if is_spaced else len(run)):
            yield run[start : start + (WORD_LENGTH if is_spaced else PIECE_LENGTH)], position
            position += 1


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Words, and runs of a script without spaces; whether it is a word."""
    for run in _RUN.finditer(_folded(text, _Spelling())):
        yield run[0], run["unspaced"] is None


# ---- Searches -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A word that a row must have, `offset` positions behind the first piece of its term."""

    text: str
    offset: int = 0
    is_whole: bool = False
    """Whether the word is this text, or begins with it."""

    def fits(self, word: str) -> bool:
        return word == self.text if self.is_whole else word.startswith(self.text)


Term = tuple[Piece, ...]


def terms_of(search: str) -> list[Term]:
    """What a row must have, each term once. A search of punctuation alone has none: every row matches it."""
    terms: dict[Term, None] = {}
    for number, part in enumerate(_QUOTATION_MARKS.split(search)):
        runs, is_quoted = list(_runs(part)), number % 2 == 1
        phrases = ([runs] if runs else []) if is_quoted else [[run] for run in runs]
        terms.update(dict.fromkeys(tuple(_pieces(phrase)) for phrase in phrases))
    return list(terms)


def _pieces(phrase: list[tuple[str, bool]]) -> Iterator[Piece]:
    """Only the last word of a phrase may go on. A run without spaces is taken apart as it is stored."""
    offset = 0
    for number, (run, is_spaced) in enumerate(phrase, start=1):
        if is_spaced:
            yield Piece(run[:WORD_LENGTH], offset, is_whole=number < len(phrase))
            offset += 1
        else:
            for start in range(0, len(run), PIECE_LENGTH):
                yield Piece(run[start : start + PIECE_LENGTH], offset + start)
            offset += len(run)


def has_term(text: str, term: Term) -> bool:
    """Whether this one text has the term, as the database would say of a row."""
    words = {position: word for word, position in words_of([text])}
    return any(all(piece.fits(words.get(at + piece.offset, "")) for piece in term) for at in words)


# ---- Order ----------------------------------------------------------------------------------


def natural_key(text: str) -> str:
    """Sorts by code point as people count: IMG_2 before IMG_10, whatever the case and the accents.

    The number of its digits stands before each number. Never empty.
    """
    return _DIGITS.sub(_with_length, _folded(text, _Accents()))[:KEY_LENGTH] or " "


def _with_length(digits: re.Match[str]) -> str:
    number = str(int(digits[0]))
    return f"{len(number):03}{number}"
