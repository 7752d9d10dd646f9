"""Bodies with Transfer-Encoding: chunked, as curl, Node and Python send them from a stream."""

from collections.abc import Iterator

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import Person
from tests.raw_http import BOUNDARY, CLOSING, part

FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
PHOTOS = [jpeg_bytes(320 + number, 240) for number in range(3)]


def in_pieces(body: bytes) -> Iterator[bytes]:
    """requests sends what an iterator yields in chunks."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


def test_a_change_in_chunks_is_made(alice: Person) -> None:
    album = alice.album("Before")
    body = '{"title": "After é"}'.encode()
    answer = alice.call(
        "PATCH", f"albums/{album}/", data=in_pieces(body), headers={"Content-Type": "application/json"}, expect=200
    )
    assert answer.json()["title"] == "After é"
    assert alice.get(f"albums/{album}/").json()["title"] == "After é"


def test_an_upload_in_chunks_is_stored(alice: Person) -> None:
    album = alice.album()
    body = part(b"sea.jpg", PHOTOS[0]) + CLOSING
    for status in (201, 200):
        image = alice.post(f"albums/{album}/images/", data=in_pieces(body), headers=FORM, expect=status).json()
        assert (image["name"], image["bytes"]) == ("sea.jpg", len(PHOTOS[0]))
    assert alice.get(f"images/{image['id']}/file/").content == PHOTOS[0]


def test_many_files_in_chunks_are_stored(alice: Person) -> None:
    album = alice.album()
    parts = [part(b"%d.jpg" % number, photo, field=b"files") for number, photo in enumerate(PHOTOS)]
    body = b"\r\n".join(parts) + CLOSING
    answer = alice.post(f"albums/{album}/images/bulk/", data=in_pieces(body), headers=FORM, expect=207)
    assert [result["status"] for result in answer.json()["results"]] == [201, 201, 201]


@pytest.mark.parametrize("path", ["albums/", "trash/"])
def test_an_empty_body_in_chunks_is_no_body(alice: Person, path: str) -> None:
    alice.call("GET", path, data=iter([b""]), expect=200)


def test_the_connection_goes_on_after_a_body_in_chunks(alice: Person) -> None:
    for number in range(20):
        body = b'{"title": "%d"}' % number
        headers = {"Content-Type": "application/json"}
        assert alice.post("albums/", data=in_pieces(body), headers=headers, expect=201).json()["title"] == str(
            number
        )
        assert alice.get("albums/?page_size=1").json()["results"][0]["title"] == str(number)
