"""Names the kinds of files that we do not read, so that a refusal says what the file is."""

from .errors import UnsupportedFormat

HEAD_BYTES = 64 * 1024
_FRAME_BYTES = 10

# By their first bytes.
_NAMES = {
    b"IIRO": "a RAW picture of Olympus (ORF)",
    b"IIRS": "a RAW picture of Olympus (ORF)",
    b"IIU\0": "a RAW picture of Panasonic (RW2)",
    b"FOVb": "a RAW picture of Sigma (X3F)",
    b"\0MRM": "a RAW picture of Minolta (MRW)",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"II\xbc": "a JPEG XR picture",
    b"8BPS": "a Photoshop document",
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\xc5\xd0\xd3\xc6": "a PostScript document",
    b"\0\0\1\0": "an icon (ICO)",
    b"\0\0\2\0": "a cursor (CUR)",
    b"DDS ": "a DDS texture",
    b"\x0a\x05\x01": "a PCX picture",
    b"v/1\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance HDR picture",
    b"qoif": "a QOI picture",
    b"gimp xcf": "a GIMP document",
    b"BPG\xfb": "a BPG picture",
    b"AT&TFORM": "a DjVu document",
    b"\x1aE\xdf\xa3": "a video (Matroska or WebM)",
    b"FLV\1": "a video (Flash)",
    b"0&\xb2u\x8ef\xcf\x11": "a video (Windows Media)",
    b"\0\0\1\xba": "a video (MPEG)",
    b"\0\0\1\xb3": "a video (MPEG)",
    b"OggS": "a sound or video (Ogg)",
    b"ID3": "a sound (MP3)",
    b"PK\3\4": "a ZIP archive or office document",
}
_RIFF = {b"AVI ": "a video (AVI)", b"WAVE": "a sound (WAV)"}
# Brands of the file type box (ISO/IEC 14496-12, 4.3).
_BRANDS = {
    b"jp2 ": "a JPEG 2000 picture",
    b"qt  ": "a video (QuickTime)",
    b"M4A ": "a sound (M4A)",
}
_PICTURE_BRANDS = {b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"pict"}
# Boxes with which a QuickTime movie without a file type box begins.
_MOVIE_BOXES = {b"moov", b"mdat", b"wide", b"skip"}

# ITU-T T.81, table B.1: the kinds of frames that libjpeg reads, baseline to progressive, and arithmetic coding.
_READABLE_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_LOSSLESS_FRAMES = {0xC3, 0xCB}
_OTHER_FRAMES = {0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF}
_JPEG_LS_FRAME = 0xF7  # ITU-T T.87
_SCAN = 0xDA


def unsupported(head: bytes) -> UnsupportedFormat:
    """The error for a file that begins with these bytes, which calls it by its name where it has one."""
    return unsupported_kind(_name(head))


def unsupported_jpeg(head: bytes) -> UnsupportedFormat | None:
    """The error for a JPEG of a kind that we do not read, such as one of 12 bits; None for all others."""
    frame = _frame(head)
    name = _kind_of_jpeg(*frame) if frame else ""
    return unsupported_kind(name) if name else None


def has_frame(head: bytes) -> bool:
    """Whether the first frame of a JPEG begins in these bytes, so that `unsupported_jpeg` needs no more of them."""
    return _frame(head) is not None


def unsupported_kind(name: str) -> UnsupportedFormat:
    """The error for a file of this kind; without a name it says only what we read."""
    return UnsupportedFormat(
        f"This file is {name}, which we cannot read. {UnsupportedFormat.TAKEN}" if name else ""
    )


def _name(head: bytes) -> str:
    for magic, name in _NAMES.items():
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _name_of_brand(head)
    if head[4:8] in _MOVIE_BOXES:
        return "a video (QuickTime)"
    return "an SVG drawing" if b"<svg" in head[:4096].lower() else ""


def _name_of_brand(head: bytes) -> str:
    brand = head[8:12]
    if brand in _PICTURE_BRANDS:
        return "a picture in a HEIF container of another codec than AVIF and HEIC"
    return _BRANDS.get(brand, "a video (MP4)")


def _frame(head: bytes) -> tuple[int, int, int] | None:
    """Of a JPEG's first frame its marker, bits a sample and components (ITU-T T.81, B.2.2)."""
    at = 2
    while at + _FRAME_BYTES <= len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:  # markers may be filled up with these
            at += 1
            continue
        if marker in _READABLE_FRAMES | _LOSSLESS_FRAMES | _OTHER_FRAMES | {_JPEG_LS_FRAME}:
            return marker, head[at + 4], head[at + 9]
        if marker == _SCAN:
            return None
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None


def _kind_of_jpeg(marker: int, bits: int, components: int) -> str:
    if marker == _JPEG_LS_FRAME:
        return "a JPEG-LS picture"
    if marker in _LOSSLESS_FRAMES:
        return f"a lossless JPEG of {bits} bits"
    if marker in _OTHER_FRAMES:
        return "a JPEG of the hierarchical kind"
    if bits != 8:
        return f"a JPEG of {bits} bits"
    return "" if components in (1, 3, 4) else f"a JPEG of {components} channels"
