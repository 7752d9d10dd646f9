"""Gives the decoder an AVIF that it refuses for its form alone, in a form that it reads. Its pixels stay."""

import struct
from pathlib import Path

from . import mini
from .heif_boxes import Box, associations, boxes, meta_boxes


def readable(path: Path) -> bytes | None:
    """The file in a form that libavif reads; None where there is none, or the file has it already."""
    content = path.read_bytes()
    try:
        for box in boxes(content, 0, len(content)):
            if box.kind == b"mini":
                return mini.in_full(content[box.body : box.end])
        return _with_one_association_box(content)
    except (ValueError, KeyError, IndexError, struct.error):
        return None


def _with_one_association_box(content: bytes) -> bytes | None:
    """Merge `ipma` boxes of one version: older encoders wrote one for each item (ISO/IEC 14496-12, 8.11.14).

    Nothing after them moves, because a box of free space fills what the merged one saves.
    """
    iprp = meta_boxes(content)[b"iprp"]
    inner = list(boxes(content, iprp.body, iprp.end))
    groups: dict[bytes, list[Box]] = {}
    for box in inner:
        if box.kind == b"ipma":
            groups.setdefault(content[box.body : box.body + 4], []).append(box)
    if all(len(group) == 1 for group in groups.values()):
        return None
    others = b"".join(content[box.start : box.end] for box in inner if box.kind != b"ipma")
    body = others + b"".join(_merged(content, head, group) for head, group in groups.items())
    properties = struct.pack(">I4s", 8 + len(body), b"iprp") + body
    free = iprp.end - iprp.start - len(properties)
    filler = struct.pack(">I4s", free, b"free") + bytes(free - 8)
    return content[: iprp.start] + properties + filler + content[iprp.end :]


def _merged(content: bytes, head: bytes, group: list[Box]) -> bytes:
    number_form, index_bytes = (">H" if head[0] < 1 else ">I"), 1 + (head[3] & 1)
    entries = sorted(entry for box in group for entry in associations(content, box))
    body = head + struct.pack(">I", len(entries))
    for number, indexes in entries:
        body += struct.pack(number_form, number) + bytes([len(indexes) // index_bytes]) + indexes
    return struct.pack(">I4s", 8 + len(body), b"ipma") + body
