"""XMP beside a picture."""

from datetime import datetime

import pytest

from images.importing.sidecars import MAX_SIDECAR_BYTES, Sidecar, Unreadable, pair, parse_date, read_xmp
from images.uploads.known import Known
from images.uploads.taken import from_sidecar

RDF = (
    '<?xpacket begin="\ufeff"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
NAMESPACES = (
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
)


def clock(*numbers: int) -> datetime:
    return datetime(*numbers)  # noqa: DTZ001


def xmp(attributes: str = "", elements: str = "") -> bytes:
    return RDF.format(f"<rdf:Description {NAMESPACES} {attributes}>{elements}</rdf:Description>").encode()


def test_attributes_and_elements_are_read():
    caption = (
        '<dc:description><rdf:Alt><rdf:li xml:lang="de">Rosen</rdf:li><rdf:li xml:lang="x-default">Rose\u0301s'
    )
    caption += "</rdf:li></rdf:Alt></dc:description>"
    as_attributes = xmp('xmp:Rating="5" exif:DateTimeOriginal="2014-03-02T10:11:12.3456+02:00"', caption)
    as_elements = xmp("", "<xmp:Rating>5</xmp:Rating><exif:DateTimeOriginal>2014-03-02T10:11:12.3456+02:00"
                      f"</exif:DateTimeOriginal>{caption}")  # fmt: skip
    known = Known(from_sidecar(clock(2014, 3, 2, 10, 11, 12, 345_000), 120), "Ros\u00e9s", favourite=True)
    assert (read_xmp(as_attributes), read_xmp(as_elements)) == (known, known)


def test_the_time_of_the_picture_goes_before_that_of_the_file():
    times = 'xmp:CreateDate="2020-01-01T00:00:00" photoshop:DateCreated="2019-01-01T00:00:00"'
    assert read_xmp(xmp(times)).taken == from_sidecar(clock(2019, 1, 1), None)
    assert read_xmp(xmp(f'{times} exif:DateTimeOriginal="2018-01-01T00:00"')).taken == from_sidecar(
        clock(2018, 1, 1), None
    )
    assert read_xmp(xmp(f'{times} exif:DateTimeOriginal="nonsense"')).taken == from_sidecar(clock(2019, 1, 1), None)


@pytest.mark.parametrize(
    ("text", "clock", "offset"),
    [
        ("2014-03-02T10:11:12Z", clock(2014, 3, 2, 10, 11, 12), 0),
        ("2014-03-02T10:11:12-05:30", clock(2014, 3, 2, 10, 11, 12), -330),
        ("2014-03-02T10:11:12+0200", clock(2014, 3, 2, 10, 11, 12), 120),
        ("2014-03-02T10:11:12.5", clock(2014, 3, 2, 10, 11, 12, 500_000), None),
        ("2014-03-02", clock(2014, 3, 2), None),
    ],
)
def test_dates(text, clock, offset):
    assert parse_date(text) == (clock, offset)


@pytest.mark.parametrize(
    "text", ["", "2014", "2014-02-30", "0000-00-00T00:00:00", "0001-01-01", "9999-12-31", "2014-01-01T25:00"]
)
def test_what_is_no_date(text):
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("rating", "is_favourite"), [("5", True), ("5.0", True), ("4", False), ("-1", False), ("x", False)]
)
def test_five_stars_make_a_favourite(rating, is_favourite):
    assert read_xmp(xmp(f'xmp:Rating="{rating}"')).favourite == is_favourite


BILLION = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    "content",
    [b"", b"<x", b"<x/>", b"\xff\xd8\xff", BILLION, BILLION.decode().encode("utf-16"), b"<x>" * 100_000,
     b'<?xml version="1.0" encoding="nonsense"?><x/>'],
)  # fmt: skip
def test_what_is_no_xmp(content):
    with pytest.raises(Unreadable):
        read_xmp(content)


def test_a_sidecar_without_end_is_not_read(tmp_path):
    with (tmp_path / "a.xmp").open("wb") as file:
        file.truncate(MAX_SIDECAR_BYTES + 1)
    with pytest.raises(Unreadable, match="bytes"):
        Sidecar(tmp_path / "a.xmp", read_xmp).read()


def test_sidecars_find_their_pictures_by_the_exact_name():
    names = ["a.jpg", "a.jpg.xmp", "a.xmp", "b.CR2", "b.jpg", "b.XMP", "A.jpg", "c.jpg", "C.xmp", "d"]
    assert pair(names) == {"a.jpg": "a.jpg.xmp", "b.CR2": "b.XMP", "b.jpg": "b.XMP"}


def test_what_one_sidecar_lacks_another_completes():
    known = Known(caption="a").completed_by(Known(from_sidecar(clock(2019, 1, 1), 60), "b", favourite=True))
    assert known == Known(from_sidecar(clock(2019, 1, 1), 60), "a", favourite=True)
    first = from_sidecar(clock(2018, 1, 1), None)
    assert Known(first).completed_by(known).taken == first
