"""Hostile and foreign files of the corpus, in the children that read them. The good ones: tests/test_corpus.py."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from images.processing import Limits, ProcessingError, probe_in_child, render_in_child
from images.processing.formats import HEAD_BYTES, recognise
from images.tests.corpus import needs_corpus, samples

pytestmark = pytest.mark.slow

HARMLESS = {
    "hostile/pillow__decompression_bomb_extents.gif",  # the bomb is in its second frame, never decoded
    # They crashed Pillow 8; today's tells that their tags make no sense, and shows the pixels.
    "hostile/pillow__crash-74d2a78403a5a59db1fb0a2b8735ac068a75f6e3.tif",
    "hostile/pillow__crash-0da013a13571cc8eb457a39fee8db18f8a3c7127.tif",
    "hostile/pngsuite__xcsn0g01.png",  # a wrong checksum over pixels that are all there
}


def outcome(path):
    """What becomes of a file: its upright size in px, or the code of its error."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            probed = probe_in_child(path, Limits())
            rendered = render_in_child(path, Path(folder), Limits())
        except ProcessingError as error:
            return error.code
        assert (rendered.width, rendered.height) == (probed.width, probed.height)
        return rendered.width, rendered.height


def outcomes(found):
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        return dict(zip(found, pool.map(lambda sample: outcome(sample.path), found), strict=True))


def is_ours(sample):
    with sample.path.open("rb") as file:
        return recognise(file.read(HEAD_BYTES)) is not None


@pytest.fixture(scope="module")
def hostile():
    return outcomes(samples("hostile"))


@needs_corpus
def test_every_hostile_file_ends_in_a_result_or_a_processing_error(hostile):
    assert len(hostile) > 300
    assert {size for size in hostile.values() if isinstance(size, str)} <= {
        "unsupported_format",
        "invalid_image",
        "too_many_pixels",
        "damaged",
    }


@needs_corpus
def test_what_must_be_refused_is_refused(hostile):
    must = [s for s in hostile if s.expected.startswith("reject") and "or " not in s.expected]
    must = [s for s in must if "either" not in s.expected and "accept" not in s.expected]
    assert len(must) > 20
    assert {s.name for s in must if not isinstance(hostile[s], str)} == HARMLESS


@needs_corpus
def test_formats_that_are_not_ours_are_unsupported():
    foreign = [s for s in samples("odd") if not is_ours(s)]
    assert set(outcomes(foreign).values()) == {"unsupported_format"}
