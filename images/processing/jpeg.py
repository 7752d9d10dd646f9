"""Reads the structure of a JPEG: its size, and its scans, each a pass over all pixels, however few bytes it has."""

import re
from itertools import islice
from pathlib import Path
from typing import BinaryIO

MAX_SCANS = 100
"""A progressive JPEG of an encoder has about ten. A thousand empty ones fit into 100 kB, and take minutes."""

# ITU-T T.81, annex B. Behind 0xFF: 0x00 is a byte of pixels, 0xD0 to 0xD7 (RST) stand between them, and a
# marker may be filled up with further 0xFF.
MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
SCAN, END = b"\xda", b"\xd9"
# A pattern finds two bytes three times as fast as bytes.count().
_SCAN_START = re.compile(re.escape(b"\xff" + SCAN))
_STEP_BYTES = 256 * 1024
WITHOUT_LENGTH = (b"\x01", b"\xd8")
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_MAX_SEGMENTS = 1000  # before the frame; cameras write about ten


def has_too_many_scans(path: Path) -> bool:
    """Whether the first picture in this file has more than `MAX_SCANS`; a phone's MPO holds others behind it."""
    # Step by step: a photo of several megabytes at once would cost as much for fresh memory as for the search.
    return _may_have_too_many(path) and too_many_scans(path.read_bytes())


def _may_have_too_many(path: Path) -> bool:
    """Thumbnails in the header and further pictures count here, too."""
    found, last = 0, b""
    with path.open("rb") as file:
        while found <= MAX_SCANS and (step := file.read(_STEP_BYTES)):
            # The last byte may be the first one of a marker.
            found += sum(1 for _ in islice(_SCAN_START.finditer(last + step), MAX_SCANS + 1))
            last = step[-1:]
    return found > MAX_SCANS


def too_many_scans(content: bytes) -> bool:
    # Thumbnails in the header and further pictures count here, too, so the markers are read only if need be.
    return content.count(b"\xff" + SCAN) > MAX_SCANS and _scans(content) > MAX_SCANS


def _scans(content: bytes) -> int:
    """How many scans there are before the end of the first picture; it stops counting above `MAX_SCANS`."""
    scans, at = 0, 2
    while scans <= MAX_SCANS and (marker := MARKER.search(content, at)) and marker[1] != END:
        scans += marker[1] == SCAN
        at = marker.end()
        if marker[1] not in WITHOUT_LENGTH:
            at += int.from_bytes(content[at : at + 2], "big")
    return scans


def frame_size(file: BinaryIO, start: int, count: int) -> tuple[int, int] | None:
    """Width and height of the JPEG that stands here in a file; None if there is none that browsers show.

    Lossless JPEG (SOF3), in which RAW files keep the pixels of the sensor, is none.
    """
    at, end = start + 2, start + count
    file.seek(start)
    if file.read(2) != b"\xff\xd8":
        return None
    for _ in range(_MAX_SEGMENTS):
        file.seek(at)
        head = file.read(9)
        if len(head) < 9 or at + 9 > end or head[0] != 0xFF or head[1] == SCAN[0]:
            return None
        if head[1] in _FRAMES:
            return int.from_bytes(head[7:9], "big"), int.from_bytes(head[5:7], "big")
        if head[1] in _OTHER_FRAMES:
            return None
        at += 2 + int.from_bytes(head[2:4], "big")
    return None
