"""Reads texts from IPTC's Information Interchange Model (IIM 4.2, chapter 1)."""

import struct

DATE_CREATED, TIME_CREATED = 55, 60
DIGITAL_DATE, DIGITAL_TIME = 62, 63
PHOTOSHOP_RESOURCE = 0x0404

_MARK, _APPLICATION_RECORD = 0x1C, 2
_LONGEST_TEXT = 200


def texts(block: bytes) -> dict[int, str]:
    """The first short text of each data set of the application record (2:…)."""
    found: dict[int, str] = {}
    at = 0
    while at + 5 <= len(block) and block[at] == _MARK:
        record, data_set, size = struct.unpack_from(">BBH", block, at + 1)
        at += 5
        if record == _APPLICATION_RECORD and size <= _LONGEST_TEXT:
            found.setdefault(data_set, block[at : at + size].decode("latin-1"))
        at += size
    return found


def of_photoshop(resources: bytes) -> bytes:
    """The IPTC block among Photoshop's resources ("8BIM", number, name, size, content); other bytes as they are."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 7 <= len(resources):
        number, name_bytes = struct.unpack_from(">HB", resources, at + 4)
        at += 6 + (name_bytes + 2) // 2 * 2
        size = int.from_bytes(resources[at : at + 4], "big")
        if number == PHOTOSHOP_RESOURCE:
            return resources[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2
    return resources if at == 0 else b""
