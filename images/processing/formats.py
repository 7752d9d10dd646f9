"""The formats we read. Only the content decides the format, and each format has one decoder."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    content_type: str
    decoder: str
    """Pillow's name of the decoder."""
    megapixel_seconds: float
    """CPU to render a megapixel of the most expensive honest picture that has hardly any bytes."""
    megabyte_seconds: float
    """CPU that each megabyte of its file adds: noise at the best quality has the most."""
    most_pixels: int = 100_000_000
    """The largest picture whose most expensive form fits into the memory of a child (`Limits.memory_bytes`)."""
    most_plain_pixels: int = 0
    """The same of pictures of 8 bits without alpha, where these may be larger."""


# Pictures of 200-megapixel cameras, and somewhat more.
_LARGE = 220_000_000

# The times are those of bench/bench_processing.py --limits, and somewhat more; the pixels follow from --memory.
JPEG = Format("image/jpeg", "JPEG", 0.03, 0.03, _LARGE)
PNG = Format("image/png", "PNG", 0.1, 0.015, _LARGE)
GIF = Format("image/gif", "GIF", 0.025, 0.01, _LARGE)
WEBP = Format("image/webp", "WEBP", 0.1, 0.05)
AVIF = Format("image/avif", "AVIF", 0.1, 0.08)
HEIC = Format("image/heic", "HEIF", 0.1, 0.08, most_plain_pixels=_LARGE)
TIFF = Format("image/tiff", "TIFF", 0.1, 0.08)
JXL = Format("image/jxl", "JXL", 0.15, 0.08)
BMP = Format("image/bmp", "BMP", 0.03, 0.16)
# RAW files, whose JPEG preview is decoded.
DNG = Format("image/x-adobe-dng", "JPEG", 0.03, 0.03, _LARGE)
CR2 = Format("image/x-canon-cr2", "JPEG", 0.03, 0.03, _LARGE)
CR3 = Format("image/x-canon-cr3", "JPEG", 0.03, 0.03, _LARGE)
NEF = Format("image/x-nikon-nef", "JPEG", 0.03, 0.03, _LARGE)
ARW = Format("image/x-sony-arw", "JPEG", 0.03, 0.03, _LARGE)
RAF = Format("image/x-fuji-raf", "JPEG", 0.03, 0.03, _LARGE)
RAW = (DNG, CR2, CR3, NEF, ARW, RAF)

_CPU_SLACK = 4  # for slower and busier machines, and pictures that we did not think of
_CPU_BASE_SECONDS = 2  # for what costs the same whatever the picture

_BY_TYPE = {form.content_type: form for form in (JPEG, PNG, GIF, WEBP, AVIF, HEIC, JXL, TIFF, BMP, *RAW)}

HEAD_BYTES = 256

_MAGIC = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"\xff\x0a": JXL,
    b"\0\0\0\x0cJXL \r\n\x87\n": JXL,
    b"FUJIFILMCCD-RAW ": RAF,
    # Canon's mark stands before that of TIFF, since the first that fits counts.
    b"II*\0\x10\0\0\0CR": CR2,
    # Little and big endian, TIFF and BigTIFF. `raw.kind_of` tells DNG, NEF and ARW from them.
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    b"II+\0": TIFF,
    b"MM\0+": TIFF,
}
_BMP_HEADER_BYTES = {12, 40, 52, 56, 64, 108, 124}
# ISO/IEC 23008-12, annex B: still pictures and sequences coded with HEVC.
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}
# Its version is a brand of those above (ISO/IEC 23008-12:2025, 10.2.4).
_MINI_BRAND = b"mif3"


def cpu_seconds(content_type: str, pixels: int, file_bytes: int) -> int:
    """The CPU that rendering a picture may take: several times what the most expensive honest one takes.

    A small picture, or a small file, that takes longer was made to keep others waiting.
    """
    form = _BY_TYPE.get(content_type, HEIC)
    honest = form.megapixel_seconds * pixels / 1e6 + form.megabyte_seconds * file_bytes / 1e6
    return _CPU_BASE_SECONDS + math.ceil(_CPU_SLACK * honest)


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes (`HEAD_BYTES` are enough), or None."""
    for magic, form in _MAGIC.items():
        if head.startswith(magic):
            return form
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return BMP
    if head[4:12] == b"ftypcrx ":
        return CR3
    return _by_brand(head) if head[4:8] == b"ftyp" else None


def _by_brand(head: bytes) -> Format | None:
    """AVIF or HEIC by the file type box: the major brand first, then the compatible ones.

    ISO/IEC 14496-12, section 4.3: size, "ftyp", major brand, version, then 4 bytes a brand.
    """
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    if brands[0] == _MINI_BRAND:
        brands.insert(0, head[12:16])
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return AVIF
        if brand in _HEIC_BRANDS:
            return HEIC
    return None
