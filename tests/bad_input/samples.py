"""What the tests of bad input send, and the form of every refusal."""

import hashlib
import struct
import zlib
from typing import Any

from images.tests.pictures import jpeg_bytes

GOOD = jpeg_bytes(320, 240)
# One file, and what a form may have around it (bytes).
LIMIT, OVERHEAD = 100 * 1024 * 1024, 1024 * 1024
HASH = hashlib.sha256(GOOD).hexdigest()
JPEG = ("photo.jpg", GOOD)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), (
        answer.text[:300]
    )
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"]
    assert problem["detail"]
    return problem


def png_that_claims(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bomb() -> bytes:
    """900 million black pixels in about 110 kB."""
    return png_that_claims(30_000, 30_000, bytes(30_000 * (1 + 30_000 // 8)))


def bmp_that_claims(width: int, height: int) -> bytes:
    """A header of 24 bits a pixel, and no pixel."""
    return struct.pack("<2sIHHIIiiHH24x", b"BM", 54, 0, 0, 54, 40, width, height, 1, 24)
