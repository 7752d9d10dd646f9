"""Writes the short header of a small AVIF (`mini`, ISO/IEC 23008-12:2025, 6.4) out in full, as decoders read it."""

import struct
from dataclasses import dataclass

_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
_PICTURE, _ALPHA_ITEM, _EXIF = 1, 2, 3
# By Exif orientation: quarters that `irot` turns anticlockwise, then the axis that `imir` mirrors at.
_ROTATION = {3: 2, 5: 1, 6: 3, 7: 3, 8: 1}
_MIRROR = {2: 1, 4: 0, 5: 0, 7: 0}
_SRGB, _FROM_ICC = (1, 13), (2, 2)
_UNKNOWN_MATRIX, _BT601_MATRIX = 2, 6


class _Bits:
    """Reads numbers of some bits each, first bit first."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int) -> int:
        value = 0
        for at in range(self._at, self._at + count):
            value = value << 1 | self._content[at // 8] >> (7 - at % 8) & 1
        self._at += count
        return value

    def flags(self, count: int) -> list[int]:
        return [self.take(1) for _ in range(count)]

    @property
    def whole_bytes(self) -> int:
        return -(-self._at // 8)


@dataclass
class _Header:
    """What the bits say; sizes in bytes."""

    full_range: int
    is_premultiplied: int
    planes: int
    depth: int
    orientation: int
    size: tuple[int, int]
    colours: tuple[int, int, int]
    icc_bytes: int
    configuration_bytes: int
    picture_bytes: int
    alpha_bytes: int
    alpha_configuration_bytes: int
    exif_bytes: int


def in_full(mini: bytes) -> bytes:
    """An AVIF file with the same picture, from the content of a `mini` box.

    Raises `ValueError` for what no AVIF has (other codecs, floating point) and for high dynamic range, and
    `IndexError` if it is cut off.
    """
    bits = _Bits(mini)
    header = _read(bits)
    at = bits.whole_bytes
    fragments = []
    for size in (
        header.configuration_bytes,
        header.alpha_configuration_bytes,
        header.icc_bytes,
        header.alpha_bytes,
        header.picture_bytes,
        header.exif_bytes,
    ):
        fragments.append(mini[at : at + size])
        at += size
    if at > len(mini):
        raise IndexError("the box is cut off")
    configuration, alpha_configuration, icc, alpha, picture, exif = fragments
    items = {_PICTURE: picture}
    if alpha:
        items[_ALPHA_ITEM] = alpha
    if exif:
        items[_EXIF] = bytes(4) + exif  # an offset stands before it in a file of the long form
    return _file(items, _properties(header, configuration, alpha_configuration or configuration, icc), header)


def _read(bits: _Bits) -> _Header:
    if bits.take(2):
        raise ValueError("an unknown version")
    other_codec, floating, full_range, alpha, cicp, hdr, icc, exif, xmp = bits.flags(9)
    if other_codec or floating or hdr:
        raise ValueError("not a picture that this module knows")
    subsampling, orientation = bits.take(2), bits.take(3) + 1
    side_bits = 15 if bits.take(1) else 7
    size = bits.take(side_bits) + 1, bits.take(side_bits) + 1
    bits.take({1: 2, 2: 1}.get(subsampling, 0))  # where the colour samples lie; AV1 says it, too
    depth = 9 + bits.take(3) if bits.take(1) else 8
    is_premultiplied = bits.take(1) if alpha else 0
    colours = _read_colours(bits, cicp, icc, grey=subsampling == 0)
    metadata_bits = 20 if (icc or exif or xmp) and bits.take(1) else 10
    configuration_bits = 12 if bits.take(1) else 3
    item_bits = 28 if bits.take(1) else 15
    icc_bytes = bits.take(metadata_bits) + 1 if icc else 0
    configuration_bytes, picture_bytes = bits.take(configuration_bits), bits.take(item_bits) + 1
    alpha_bytes = bits.take(item_bits) if alpha else 0
    alpha_configuration_bytes = bits.take(configuration_bits) if alpha_bytes else 0
    if (exif or xmp) and bits.take(1):
        raise ValueError("compressed metadata")
    exif_bytes = bits.take(metadata_bits) + 1 if exif else 0
    bits.take(metadata_bits if xmp else 0)
    return _Header(
        full_range=full_range,
        is_premultiplied=is_premultiplied,
        planes=3 if subsampling else 1,
        depth=depth,
        orientation=orientation,
        size=size,
        colours=colours,
        icc_bytes=icc_bytes,
        configuration_bytes=configuration_bytes,
        picture_bytes=picture_bytes,
        alpha_bytes=alpha_bytes,
        alpha_configuration_bytes=alpha_configuration_bytes,
        exif_bytes=exif_bytes,
    )


def _read_colours(bits: _Bits, cicp: int, icc: int, *, grey: bool) -> tuple[int, int, int]:
    """Primaries, transfer and matrix (ITU-T H.273)."""
    if cicp:
        return bits.take(8), bits.take(8), _UNKNOWN_MATRIX if grey else bits.take(8)
    return *(_FROM_ICC if icc else _SRGB), _UNKNOWN_MATRIX if grey else _BT601_MATRIX


def _properties(
    header: _Header, configuration: bytes, alpha_configuration: bytes, icc: bytes
) -> list[tuple[bytes, tuple[int, ...]]]:
    """Each property with the items that have it; transformations come last (ISO/IEC 23008-12, 6.5.1)."""
    both = (_PICTURE, _ALPHA_ITEM) if header.alpha_bytes else (_PICTURE,)
    properties: list[tuple[bytes, tuple[int, ...]]] = [
        (_box(b"av1C", configuration), (_PICTURE,)),
        (_box(b"ispe", struct.pack(">4xII", *header.size)), both),
        (_box(b"pixi", bytes([0, 0, 0, 0, header.planes, *[header.depth] * header.planes])), (_PICTURE,)),
        (_box(b"colr", struct.pack(">4sHHHB", b"nclx", *header.colours, header.full_range << 7)), (_PICTURE,)),
    ]
    if icc:
        properties.append((_box(b"colr", b"prof" + icc), (_PICTURE,)))
    if header.alpha_bytes:
        properties.append((_box(b"av1C", alpha_configuration), (_ALPHA_ITEM,)))
        properties.append((_box(b"pixi", bytes([0, 0, 0, 0, 1, header.depth])), (_ALPHA_ITEM,)))
        properties.append((_box(b"auxC", bytes(4) + _ALPHA), (_ALPHA_ITEM,)))
    if header.orientation in _ROTATION:
        properties.append((_box(b"irot", bytes([_ROTATION[header.orientation]])), both))
    if header.orientation in _MIRROR:
        properties.append((_box(b"imir", bytes([_MIRROR[header.orientation]])), both))
    return properties


def _file(items: dict[int, bytes], properties: list[tuple[bytes, tuple[int, ...]]], header: _Header) -> bytes:
    start = _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")
    # Its length does not depend on the offsets in it.
    offset = len(start) + len(_meta(items, properties, header, 0)) + 8
    return start + _meta(items, properties, header, offset) + _box(b"mdat", b"".join(items.values()))


def _meta(
    items: dict[int, bytes], properties: list[tuple[bytes, tuple[int, ...]]], header: _Header, offset: int
) -> bytes:
    locations, infos = b"", b""
    for item, content in items.items():
        locations += struct.pack(">HHHII", item, 0, 1, offset, len(content))
        offset += len(content)
        kind = b"Exif" if item == _EXIF else b"av01"
        infos += _box(b"infe", struct.pack(">B3xHH4sx", 2, item, 0, kind))
    boxes = [
        _box(b"hdlr", struct.pack(">8x4s13x", b"pict")),
        _box(b"pitm", struct.pack(">4xH", _PICTURE)),
        _box(b"iloc", struct.pack(">4xBBH", 0x44, 0, len(items)) + locations),
        _box(b"iinf", struct.pack(">4xH", len(items)) + infos),
        _box(b"iref", bytes(4) + _references(items, header)),
        _box(b"iprp", _box(b"ipco", b"".join(box for box, _ in properties)) + _associations(items, properties)),
    ]
    return _box(b"meta", bytes(4) + b"".join(boxes))


def _references(items: dict[int, bytes], header: _Header) -> bytes:
    references = [(b"auxl", _ALPHA_ITEM, _PICTURE)] if _ALPHA_ITEM in items else []
    references += [(b"cdsc", _EXIF, _PICTURE)] if _EXIF in items else []
    references += [(b"prem", _PICTURE, _ALPHA_ITEM)] if header.is_premultiplied else []
    return b"".join(_box(kind, struct.pack(">HHH", of, 1, to)) for kind, of, to in references)


def _associations(items: dict[int, bytes], properties: list[tuple[bytes, tuple[int, ...]]]) -> bytes:
    entries, with_properties = b"", [item for item in items if item != _EXIF]
    for item in with_properties:
        # The first bit says that a reader must know the property (MIAF: codec and transformations).
        own = [
            at | (0x80 if box[4:8] in (b"av1C", b"irot", b"imir") else 0)
            for at, (box, of) in enumerate(properties, 1)
            if item in of
        ]
        entries += struct.pack(">HB", item, len(own)) + bytes(own)
    return _box(b"ipma", struct.pack(">4xI", len(with_properties)) + entries)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content
