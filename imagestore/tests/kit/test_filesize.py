"""Sizes in words. tests/js/format.test.js reads the same table, so that pages and scripts agree."""

import json
from pathlib import Path

import pytest

from imagestore.kit.filesize import filesize

CASES = json.loads((Path(__file__).parents[3] / "tests" / "filesizes.json").read_text())


@pytest.mark.parametrize(("size", "text"), CASES)
def test_a_size_in_words_is_that_of_the_table(size: int, text: str) -> None:
    assert filesize(size) == text
