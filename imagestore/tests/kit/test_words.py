"""How texts are cut into words, and searches into terms. What is found: images/tests/test_search.py."""

import time

import pytest

from imagestore.kit.params import SEARCH_LENGTH
from imagestore.kit.words import (
    FIELD_POSITIONS,
    FIELD_WORDS,
    KEY_LENGTH,
    PIECE_LENGTH,
    WORD_LENGTH,
    has_term,
    natural_key,
    terms_of,
    words_of,
)
from tests.bad_input.test_hostile_text import HOSTILE, SIZE_BYTES

# CPU that a text may take, of any length.
FLOOR_SECONDS = 0.2


def words(*texts: str) -> list[str]:
    return [word for word, _ in words_of(texts)]


def test_a_file_name_has_words_too() -> None:
    assert words("IMG_2041.JPG") == ["img", "2041", "jpg"]


def test_a_run_without_spaces_begins_at_each_letter_and_is_cut() -> None:
    assert words("京都2024") == ["京都", "都", "2024"]
    assert {len(word) for word in words("京" * 20)} == set(range(1, PIECE_LENGTH + 1))


def test_each_text_has_positions_of_its_own() -> None:
    assert list(words_of(["a b", "c"])) == [("a", 0), ("b", 1), ("c", FIELD_POSITIONS)]


def test_words_are_bounded_in_number_and_length() -> None:
    for text in ("漢" * 10_000, "\ufdfa" * 10_000, "a " * 10_000, "x" * 10_000):
        assert len(words(text)) <= FIELD_WORDS
        assert max(map(len, words(text))) <= WORD_LENGTH


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_cut_before_it_is_folded(kind: str) -> None:
    for work in (lambda text: words(text), natural_key):
        started = time.process_time()
        work(HOSTILE[kind])
        assert time.process_time() - started < FLOOR_SECONDS, SIZE_BYTES
    assert len(terms_of(HOSTILE[kind][:SEARCH_LENGTH])) <= SEARCH_LENGTH


def test_a_term_stands_once() -> None:
    assert terms_of("sea SEA séa") == terms_of("sea")
    assert [len(term) for term in terms_of('"by the sea" sea')] == [3, 1]


@pytest.mark.parametrize("search", ["", " ", "!?…", '""', '"', "\u0301", "\u200d"])
def test_a_search_may_have_no_term(search: str) -> None:
    assert terms_of(search) == []


def test_a_text_is_asked_as_a_row_is() -> None:
    [phrase], [begin] = terms_of('"the sea"'), terms_of("se")
    assert [has_term(text, phrase) for text in ("By the seaside", "The deep sea")] == [True, False]
    assert [has_term(text, begin) for text in ("The SEA", "undersea")] == [True, False]


def test_numbers_sort_by_their_value() -> None:
    names = ["a", "a1", "a2b", "a02c", "a10", "a١١", "a" + "9" * 100]
    assert sorted(sorted(names), key=natural_key) == names
    assert len({natural_key(name) for name in ("Éa 7", "EA 07", "éa ７")}) == 1


@pytest.mark.parametrize("text", ["", "\u0301", "x" * 1000, "1" * 255, "1a" * 127])
def test_a_key_is_neither_empty_nor_long(text: str) -> None:
    assert 1 <= len(natural_key(text)) <= KEY_LENGTH
