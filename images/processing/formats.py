"""The formats we read. Only the content decides the format, and each format has one decoder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    content_type: str
    decoder: str
    """Pillow's name of the decoder."""


JPEG = Format("image/jpeg", "JPEG")
PNG = Format("image/png", "PNG")
GIF = Format("image/gif", "GIF")
WEBP = Format("image/webp", "WEBP")
AVIF = Format("image/avif", "AVIF")
HEIC = Format("image/heic", "HEIF")

HEAD_BYTES = 256

_MAGIC = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
}
# ISO/IEC 23008-12, annex B: still pictures and sequences coded with HEVC.
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes (`HEAD_BYTES` are enough), or None."""
    for magic, form in _MAGIC.items():
        if head.startswith(magic):
            return form
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return _by_brand(head) if head[4:8] == b"ftyp" else None


def _by_brand(head: bytes) -> Format | None:
    """AVIF or HEIC by the file type box: the major brand first, then the compatible ones.

    ISO/IEC 14496-12, section 4.3: size, "ftyp", major brand, version, then 4 bytes a brand.
    """
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return AVIF
        if brand in _HEIC_BRANDS:
            return HEIC
    return None
