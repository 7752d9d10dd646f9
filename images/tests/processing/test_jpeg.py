"""Counting the scans of a JPEG: what counts, and what only looks like a scan."""

from io import BytesIO

import pytest
from PIL import Image

from images.processing import InvalidImage, Limits
from images.processing.jpeg import MAX_SCANS, has_too_many_scans
from images.processing.probe import probe
from images.tests import pictures

SOI, EOI, COM = b"\xff\xd8", b"\xff\xd9", b"\xff\xfe"
MANY = pictures.many_scans_jpeg_bytes(MAX_SCANS + 1)
SCANS = b"\xff\xda\0\2" * (MAX_SCANS + 1)


def segment(content, marker=COM):
    return marker + (len(content) + 2).to_bytes(2, "big") + content


def behind_soi(content, added):
    assert content.startswith(SOI)
    return SOI + added + content[2:]


@pytest.fixture
def counted(tmp_path):
    def write_and_count(content):
        (tmp_path / "upload").write_bytes(content)
        return has_too_many_scans(tmp_path / "upload")

    return write_and_count


@pytest.mark.parametrize(
    "content",
    [
        pictures.jpeg_bytes(),
        pictures.jpeg_bytes(progressive=True),
        pictures.many_scans_jpeg_bytes(MAX_SCANS),
        # A thumbnail in the header, as Exif has it, and a comment.
        behind_soi(pictures.jpeg_bytes(), segment(MANY, b"\xff\xe1")),
        behind_soi(pictures.jpeg_bytes(), segment(SCANS)),
        # Further pictures, as in a phone's MPO, or anything else behind the end.
        pictures.jpeg_bytes() + MANY,
        pictures.jpeg_bytes() + SCANS,
        # 0xDA behind a stuffed 0xFF is pixels.
        pictures.jpeg_bytes()[:-2] + b"\xff\0\xda" * 200 + EOI,
        b"",
        SOI,
        SOI + b"\xff",
    ],
)
def test_few_scans(counted, content):
    assert not counted(content)


@pytest.mark.parametrize(
    "content",
    [
        MANY,
        pictures.many_scans_jpeg_bytes(5000),
        MANY[:-2],  # without an end
        behind_soi(MANY, segment(EOI)),  # an end that is none, in a comment
        behind_soi(MANY, SOI),
        MANY.replace(b"\xff\xda", b"\xff\xff\xff\xda"),  # markers filled up
        MANY.replace(b"\xff\xda", b"\xff\xd0\xff\0\xff\xda"),  # RST and stuffed bytes between them
        MANY.replace(b"\xff\xda", b"\x12\xff\x01\xff\xda"),  # bytes and TEM that decoders skip
    ],
)
def test_too_many_scans(counted, content):
    assert counted(content)


def test_the_decoder_reads_as_many_scans_as_are_counted():
    """Or the count would guard nothing: the built JPEG is one that libjpeg decodes to its end."""
    with Image.open(BytesIO(MANY)) as picture:
        picture.load()
        assert (picture.size, picture.mode, picture.info["progressive"]) == ((64, 48), "L", 1)


def test_the_probe_refuses_them_and_says_what_to_do(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(pictures.many_scans_jpeg_bytes(MAX_SCANS))
    assert probe(path, Limits()).width == 64
    path.write_bytes(MANY)
    with pytest.raises(InvalidImage) as refused:
        probe(path, Limits())
    assert refused.value.detail == (
        "This JPEG is built up in more than 100 passes, which takes too long to read. "
        "Save it as a new JPEG with any picture editor, and upload that."
    )
