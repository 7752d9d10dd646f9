"""An account that announces more bytes than anybody has disk for, or sends them in vain."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from images.tests.pictures import jpeg_bytes
from tests.attacks.neighbour import Neighbour
from tests.attacks.test_slow_clients import clients, dripping
from tests.people import Person
from tests.raw_http import upload_head
from tests.tus import append, append_head, begin_upload

pytestmark = pytest.mark.slow

UPLOAD_SECONDS = 5


def in_bulk(mallory: Person, size: int) -> bytes:
    return upload_head(mallory, mallory.album(), size, endpoint="bulk/") + b"--frontier\r\n"


def resumable(mallory: Person, size: int) -> bytes:
    upload = begin_upload(mallory, mallory.album(), size)
    return append_head(mallory, upload, 0, f"Content-Length: {size}") + b"x"


@pytest.mark.parametrize("kind", [in_bulk, resumable])
def test_uploads_that_are_announced_and_never_come(
    front: Any, neighbour: Neighbour, mallory: Person, kind: Callable[[Person, int], bytes]
) -> None:
    head = kind(mallory, 100 * 2**20)
    with clients(front, 64, head) as opened, dripping(opened), neighbour.is_served():
        started = time.monotonic()
        answer = neighbour.person.upload(neighbour.album, jpeg_bytes(640, 480))
        assert answer.status_code in (200, 201), answer.text
        assert time.monotonic() - started < UPLOAD_SECONDS


def test_a_large_body_of_a_resumable_upload_passes(front: Any, mallory: Person) -> None:
    """nginx takes 128 kB where no upload is meant."""
    album, content = mallory.album(), jpeg_bytes(64, 48) + bytes(2**20)
    append(mallory, begin_upload(mallory, album, len(content)), 0, content, expect=204)
    assert [image["bytes"] for image in mallory.images(album)] == [len(content)]
