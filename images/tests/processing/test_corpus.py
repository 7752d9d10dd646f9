import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from images.processing import Limits, ProcessingError, probe_in_child, render_in_child
from images.processing.formats import HEAD_BYTES, recognise
from images.tests.corpus import needs_corpus, samples

pytestmark = pytest.mark.slow

# Marked "accept" as a set; these of the set are broken, by the words of where they are from.
BROKEN = {
    "odd/pillow__syntax_num_frames_zero.png",
}

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


def upright_size(path):
    """By Pillow's own reading of the file, without our code."""
    with Image.open(path) as picture:
        width, height = picture.size
        sideways = picture.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return (height, width) if sideways else (width, height)


def is_ours(sample):
    with sample.path.open("rb") as file:
        return recognise(file.read(HEAD_BYTES)) is not None


@needs_corpus
@pytest.mark.filterwarnings("ignore")
def test_every_good_picture_is_rendered_in_its_upright_size():
    good = [
        s
        for s in [*samples("photos"), *samples("odd")]
        if "accept" in s.expected and "reject" not in s.expected and s.name not in BROKEN and is_ours(s)
    ]
    found = outcomes(good)
    assert len(good) > 300
    assert {s.name: size for s, size in found.items() if size != upright_size(s.path)} == {}


@needs_corpus
def test_every_hostile_file_ends_in_a_result_or_a_processing_error():
    found = outcomes(samples("hostile"))
    assert len(found) > 300
    assert {size for size in found.values() if isinstance(size, str)} <= {
        "unsupported_format",
        "invalid_image",
        "too_many_pixels",
        "damaged",
    }


@needs_corpus
def test_what_must_be_refused_is_refused():
    must = [s for s in samples("hostile") if s.expected.startswith("reject") and "or " not in s.expected]
    found = outcomes([s for s in must if "either" not in s.expected and "accept" not in s.expected])
    assert len(found) > 20
    assert {s.name for s, size in found.items() if not isinstance(size, str)} == HARMLESS


@needs_corpus
def test_formats_that_are_not_ours_are_unsupported():
    foreign = [s for s in samples("odd") if not is_ours(s)]
    assert set(outcomes(foreign).values()) == {"unsupported_format"}
