"""When and with which camera: what the probe reads of whole files."""

import struct
import zlib

import pytest
from PIL import ExifTags, Image

from images.processing import Limits, Taken, probe_in_child
from images.processing.probe import probe
from images.tests import pictures
from images.tests.corpus import CORPUS, needs_corpus
from images.tests.pictures import png_chunk

Tag = ExifTags.Base
ORIGINAL, DIGITIZED, CHANGED = "2014:03:02 10:11:12", "2015:01:01 01:01:01", "2016:02:02 02:02:02"
NOON = "2019:01:01 12:00:00"


@pytest.fixture
def probed(tmp_path):
    def write_and_probe(content):
        path = tmp_path / "upload"
        path.write_bytes(content)
        return probe(path, Limits())

    return write_and_probe


def taken(clock, offset=None, source="camera"):
    return Taken(clock, offset, source)


def exif(main=(), photo=(), gps=()):
    block = Image.Exif()
    block.update(dict(main))
    block.get_ifd(ExifTags.IFD.Exif).update(dict(photo))
    block.get_ifd(ExifTags.IFD.GPSInfo).update(dict(gps))
    return block.tobytes()


def jpeg(**blocks):
    return pictures.jpeg_bytes(exif=exif(**blocks))


def xmp(attributes="", elements="", before=""):
    spaces = {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "exif": "http://ns.adobe.com/exif/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/", "tiff": "http://ns.adobe.com/tiff/1.0/",
        "xmp": "http://ns.adobe.com/xap/1.0/", "other": "http://example.org/",
    }  # fmt: skip
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{before}<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {declared}><rdf:Description rdf:about="" {attributes}>{elements}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


XMP_ORIGINAL = xmp('exif:DateTimeOriginal="2014-03-02T10:11:12+02:00"')


def iptc(*data_sets):
    block = b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text for number, text in data_sets)
    return b"8BIM\4\4\0\0" + struct.pack(">I", len(block)) + block + bytes(len(block) % 2)


def with_iptc(content, *data_sets):
    """A JPEG with an APP13 segment in front of its others."""
    body = b"Photoshop 3.0\0" + iptc(*data_sets)
    return content[:2] + struct.pack(">BBH", 0xFF, 0xED, len(body) + 2) + body + content[2:]


def time_chunk(month):
    return png_chunk(b"tIME", struct.pack(">H5B", 2019, month, 1, 12, 0, 0))


def png(*chunks, behind=True):
    plain = pictures.png_bytes()
    at = -12 if behind else 33
    return plain[:at] + b"".join(chunks) + plain[at:]


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        ({Tag.DateTimeOriginal: NOON}, taken("2019-01-01T12:00:00.000")),
        ({Tag.DateTimeOriginal: NOON, Tag.OffsetTimeOriginal: "+05:30"}, taken("2019-01-01T12:00:00.000", 330)),
        ({Tag.DateTimeOriginal: NOON, Tag.OffsetTime: "+05:30"}, taken("2019-01-01T12:00:00.000", 330)),
        ({Tag.DateTimeOriginal: NOON, Tag.OffsetTimeDigitized: "Z"}, taken("2019-01-01T12:00:00.000", 0)),
        (
            {Tag.DateTimeOriginal: NOON, Tag.OffsetTimeOriginal: "-03:00", Tag.OffsetTime: "+02:00"},
            taken("2019-01-01T12:00:00.000", -180),
        ),
        ({Tag.DateTimeOriginal: NOON, Tag.SubsecTimeOriginal: "07"}, taken("2019-01-01T12:00:00.070")),
        ({Tag.DateTimeOriginal: NOON, Tag.SubsecTimeOriginal: "123456 "}, taken("2019-01-01T12:00:00.123")),
        ({Tag.DateTimeOriginal: NOON, Tag.SubsecTimeOriginal: "  "}, taken("2019-01-01T12:00:00.000")),
        ({Tag.DateTimeOriginal: "2019:01:01"}, taken("2019-01-01T00:00:00.000", None, "day")),
        ({Tag.DateTimeOriginal: "2019:01:01", Tag.DateTimeDigitized: NOON}, taken("2019-01-01T12:00:00.000")),
        (
            {Tag.DateTimeOriginal: "1965:01:01", Tag.DateTimeDigitized: NOON},
            taken("1965-01-01T00:00:00.000", None, "day"),
        ),
        ({Tag.DateTimeOriginal: ORIGINAL, Tag.DateTimeDigitized: DIGITIZED}, taken("2014-03-02T10:11:12.000")),
        ({Tag.DateTimeOriginal: "0000:00:00 00:00:00", Tag.DateTimeDigitized: DIGITIZED},
         taken("2015-01-01T01:01:01.000")),
        ({Tag.DateTimeOriginal: "    :  :     :  :  "}, None),
    ],
)  # fmt: skip
def test_the_time_of_the_camera(probed, photo, expected):
    assert probed(jpeg(photo=photo)).taken == expected


def test_a_time_of_the_photo_among_the_main_tags_counts(probed):
    assert probed(jpeg(main={Tag.DateTimeOriginal: NOON})).taken == taken("2019-01-01T12:00:00.000")


def test_the_time_of_a_program_is_less_sure(probed):
    changed = {Tag.DateTime: CHANGED}
    assert probed(jpeg(main=changed)).taken == taken("2016-02-02T02:02:02.000", None, "program")
    zone = {Tag.OffsetTime: "+02:00", Tag.SubsecTime: "5"}
    assert probed(jpeg(main=changed, photo=zone)).taken == taken("2016-02-02T02:02:02.500", 120, "program")
    assert probed(jpeg(main=changed, photo={Tag.DateTimeOriginal: ORIGINAL})).taken.clock.startswith("2014")


@pytest.mark.parametrize(
    "packet",
    [
        XMP_ORIGINAL,
        xmp('photoshop:DateCreated="2014-03-02T10:11:12+02:00"'),
        xmp('xmp:CreateDate="2014-03-02T10:11:12+02:00"'),
        xmp(elements="<exif:DateTimeOriginal>2014-03-02T10:11:12+02:00</exif:DateTimeOriginal>"),
        xmp('other:DateTimeOriginal="2001-01-01T00:00:00" xmp:CreateDate="2014-03-02T10:11:12+02:00"'),
        xmp('xmp:CreateDate="2016-01-01T00:00:00Z" exif:DateTimeOriginal="2014-03-02T10:11:12+02:00"'),
        xmp(
            'exif:DateTimeOriginal="2014-03-02T10:11:12+02:00"',
            "<other:From><rdf:Description><exif:DateTimeOriginal>2001-01-01T00:00:00"
            "</exif:DateTimeOriginal></rdf:Description></other:From>",
        ),
        XMP_ORIGINAL.replace(b"exif:", b"ns1:").replace(b":exif", b":ns1"),
        XMP_ORIGINAL.replace(b"</rdf:RDF>", b"<"),
        XMP_ORIGINAL + bytes(100),
    ],
    ids=range(10),
)  # fmt: skip
@pytest.mark.parametrize(
    "make", [pictures.jpeg_bytes, pictures.webp_bytes, pictures.avif_bytes, pictures.heic_bytes]
)
def test_a_time_in_xmp(probed, make, packet):
    assert probed(make(xmp=packet)).taken == taken("2014-03-02T10:11:12.000", 120)


def test_where_another_picture_came_from_does_not_count(probed):
    nested = "<other:From><rdf:Description exif:DateTimeOriginal='2001-01-01T00:00:00'/></other:From>"
    assert probed(pictures.jpeg_bytes(xmp=xmp(elements=nested))).taken is None


def test_the_orientation_of_xmp_does_not_count(probed):
    """As in browsers: only Exif and the boxes of HEIF and AVIF do."""
    assert probed(pictures.jpeg_bytes(xmp=xmp('tiff:Orientation="6"'))).width == 64


ENTITIES = '<!DOCTYPE x [<!ENTITY a "2014"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "packet",
    [
        xmp('exif:DateTimeOriginal="&a;-03-02T10:11:12"', before=ENTITIES),
        xmp('exif:DateTimeOriginal="&a;-03-02T10:11:12"'),
        b"<x" * 10_000,
        b"<x>" * 20_000,
        b'<x xmlns="' + b"u" * 30_000 + b'">' + b"<y>" * 10_000,
        b"\xff\xfe" + b"<" * 1001,
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        b"",
    ],
    ids=range(8),
)
def test_a_hostile_packet_is_ignored(probed, packet):
    assert probed(pictures.webp_bytes(xmp=packet)).taken is None


@pytest.mark.parametrize(
    ("data_sets", "expected"),
    [
        ([(55, b"20140302"), (60, b"101112+0200")], taken("2014-03-02T10:11:12.000", 120)),
        ([(55, b"20140302"), (60, b"101112")], taken("2014-03-02T10:11:12.000")),
        ([(55, b"20140302")], taken("2014-03-02T00:00:00.000", None, "day")),
        ([(55, b"20140302"), (60, b"noon")], taken("2014-03-02T00:00:00.000", None, "day")),
        ([(55, b"19650000")], taken("1965-01-01T00:00:00.000", None, "day")),
        ([(62, b"20140302"), (63, b"101112+0200")], taken("2014-03-02T10:11:12.000", 120)),
        ([(5, b"Title"), (55, b"20140302"), (60, b"101112+0200")], taken("2014-03-02T10:11:12.000", 120)),
        ([(60, b"101112")], None),
        ([(55, b"")], None),
    ],
)
def test_a_time_in_iptc(probed, data_sets, expected):
    assert probed(with_iptc(pictures.jpeg_bytes(), *data_sets)).taken == expected
    profile = iptc(*data_sets).hex()
    text = f"Raw profile type iptc\0\niptc\n{len(profile) // 2:8}\n{profile}\n".encode()
    assert probed(png(png_chunk(b"tEXt", text))).taken == expected


@pytest.mark.parametrize(
    "block", [b"\x1c", b"\x1c\2", b"\x1c\2\x37\xff\xff", b"8BIM", b"8BIM\4\4\xff", b"\x1c\2\x37\0\x08201"]
)
def test_a_broken_iptc_block_is_ignored(probed, block):
    body = b"Photoshop 3.0\0" + block
    plain = pictures.jpeg_bytes()
    assert probed(plain[:2] + struct.pack(">BBH", 0xFF, 0xED, len(body) + 2) + body + plain[2:]).taken is None
    text = f"Raw profile type iptc\0\niptc\n{len(block):8}\n{block.hex()}\n".encode()
    assert probed(png(png_chunk(b"tEXt", text))).taken is None


def test_the_time_of_gps_is_utc(probed):
    gps = {29: "2014:03:02", 7: (8.0, 11.0, 12.5)}
    assert probed(jpeg(gps=gps)).taken == taken("2014-03-02T08:11:12.500", 0)
    assert probed(jpeg(main={Tag.DateTime: CHANGED}, gps=gps)).taken.source == "camera"
    assert probed(jpeg(photo={Tag.DateTimeOriginal: ORIGINAL}, gps=gps)).taken == taken("2014-03-02T10:11:12.000")
    assert probed(jpeg(gps={29: "2014:03:02"})).taken is None
    assert probed(jpeg(gps={7: (8.0, 11.0, 12.5)})).taken is None


RFC_1123 = png_chunk(b"tEXt", b"Creation Time\0Tue, 01 Jan 2019 12:00:00 +0100")
PACKED = png_chunk(b"zTXt", b"Creation Time\0\0" + zlib.compress(NOON.encode()))
INTERNATIONAL = png_chunk(b"iTXt", b"Creation Time\0\0\0\0\0" + b"2019-01-01T12:00:00Z")
EXIF = png_chunk(b"eXIf", exif(photo={Tag.DateTimeOriginal: NOON}).removeprefix(b"Exif\0\0"))


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([RFC_1123], taken("2019-01-01T12:00:00.000", 60, "program")),
        ([PACKED], taken("2019-01-01T12:00:00.000", None, "program")),
        ([INTERNATIONAL], taken("2019-01-01T12:00:00.000", 0, "program")),
        ([time_chunk(1)], taken("2019-01-01T12:00:00.000", 0, "program")),
        ([time_chunk(99)], None),
        ([png_chunk(b"tIME", b"2019")], None),
        (
            [png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_ORIGINAL)],
            taken("2014-03-02T10:11:12.000", 120),
        ),
        ([EXIF, png_chunk(b"tEXt", b"Creation Time\x001999-01-01")], taken("2019-01-01T12:00:00.000")),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("behind", [False, True])
def test_a_time_in_a_png(probed, chunks, expected, behind):
    assert probed(png(*chunks, behind=behind)).taken == expected


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4530", "KODAK DX4530"),
        ("LG Electronics", "LG-H815", "LG-H815"),
        ("NIKON", "Z 6", "NIKON Z 6"),
        ("", "Pixel\x07 8\n", "Pixel 8"),
        ("Evil\0hidden", "", "Evil"),
        ("x" * 500, "", "x" * 100),
        ("Xiaomi", "红米 Note".encode(), "Xiaomi 红米 Note"),
        ("Société".encode(), "", "Société"),
        ("Société".encode("latin-1"), "", "Société"),
    ],
)
def test_the_camera_is_clean_text(probed, make, model, camera):
    assert probed(jpeg(main={Tag.Make: make, Tag.Model: model})).camera == camera


def test_a_camera_in_xmp(probed):
    packet = xmp('tiff:Make="Xiaomi" tiff:Model="红米&#10;Note"')
    assert probed(pictures.webp_bytes(xmp=packet)).camera == "Xiaomi 红米 Note"
    named = pictures.jpeg_bytes(xmp=packet, exif=exif(main={Tag.Make: "Canon"}))
    assert probed(named).camera == "Canon"


def test_what_tells_where_it_was_taken_is_not_read(probed):
    berlin = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0), 29: "2014:03:02", 7: (8.0, 11.0, 12.0)}
    found = probed(jpeg(gps=berlin))
    assert (found.taken, found.camera) == (taken("2014-03-02T08:11:12.000", 0), "")


REPORTED = {
    "test__data__exiv2-bug922.png": (taken("2006-02-04T16:09:30.000"), "NIKON D70"),
    "m12u_plus0000.jpg": (taken("2025-01-14T18:31:30.000", 0), ""),
    "m12g_iso_z.jpg": (taken("2019-01-01T12:00:00.000", 0), ""),
    "m12n_slash.jpg": (taken("2019-01-01T12:00:00.000"), ""),
    "m12o_pm.jpg": (taken("2009-05-12T15:22:10.000"), ""),
    "m07x_offsettime_only.jpg": (taken("2024-01-15T12:00:00.000", 330), ""),
    "m08_datetime_only.jpg": (taken("2015-06-07T08:09:10.000", None, "program"), ""),
    "m09_xmp_only_date_orient.jpg": (taken("2014-03-02T10:11:12.000", 120), ""),
    "m13_cam6.jpg": (None, "Xiaomi 红米 Note"),
    "n13c_rawprofile_exif6.png": (None, ""),
}


@needs_corpus
@pytest.mark.parametrize("name", REPORTED)
def test_reported_pictures_tell_time_and_camera_from_the_sandbox(name):
    found = probe_in_child(CORPUS / "reported" / name, Limits())
    assert (found.taken, found.camera) == REPORTED[name]
    sideways = name == "n13c_rawprofile_exif6.png"
    assert sideways == (found.width < found.height)
