"""Finds the Exif chunk after a PNG's pixels. Pillow would decode all pixels first."""

import struct
from pathlib import Path

_SIGNATURE_BYTES, _CRC_BYTES = 8, 4
_MAX_CHUNKS = 100_000


def late_exif(path: Path, longest: int) -> bytes:
    """The `eXIf` chunk; empty without one of up to `longest` bytes (PNG, third edition, 5.3 and 11.3.4.5)."""
    with path.open("rb") as file:
        file.seek(_SIGNATURE_BYTES)
        for _ in range(_MAX_CHUNKS):
            head = file.read(8)
            if len(head) < 8 or head[4:] == b"IEND":
                return b""
            (size,) = struct.unpack(">I", head[:4])
            if head[4:] == b"eXIf":
                return file.read(size) if size <= longest else b""
            file.seek(size + _CRC_BYTES, 1)
    return b""
