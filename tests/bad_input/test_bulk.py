"""A bulk request answers for each of its files."""

import hashlib

import pytest

from images.tests.pictures import jpeg_bytes, png_bytes
from tests.bad_input.samples import SVG, assert_problem, bomb
from tests.people import Person


def test_one_bad_file_among_good_ones_stops_no_other(alice: Person, album: str) -> None:
    good = [jpeg_bytes(100 + n, 100) for n in range(4)]
    files = [
        ("0.jpg", good[0]), ("bad.jpg", b"no picture"), ("1.jpg", good[1]), ("empty.png", b""),
        ("2.jpg", good[2]), ("again.jpg", good[0]), ("bomb.png", bomb()), ("3.jpg", good[3]),
    ]  # fmt: skip
    answer = alice.bulk(album, files)
    assert answer.status_code == 207, answer.text
    results = answer.json()["results"]
    said = [(r["name"], r["problem"]["code"] if "problem" in r else r["image"]["sha256"]) for r in results]
    hashes = [hashlib.sha256(content).hexdigest() for content in good]
    assert said == [
        ("0.jpg", hashes[0]), ("bad.jpg", "unsupported_format"), ("1.jpg", hashes[1]),
        ("empty.png", "unsupported_format"), ("2.jpg", hashes[2]), ("again.jpg", hashes[0]),
        ("bomb.png", "too_many_pixels"), ("3.jpg", hashes[3]),
    ]  # fmt: skip
    status = [r["status"] for r in results]
    # Of two equal files either may be first; both are the same image.
    assert (sorted([status[0], status[5]]), status[1:5], status[6:]) == (
        [200, 201],
        [415, 201, 415, 201],
        [413, 201],
    )
    assert results[0]["image"]["id"] == results[5]["image"]["id"]
    ids = [r["image"]["id"] for r in results if "image" in r]
    assert {image["status"] for image in alice.finished(album, ids)} == {"ready"}
    assert len(alice.images(album)) == 4


@pytest.mark.usefixtures("nothing_left")
def test_a_bulk_request_of_bad_files_alone_is_still_207(alice: Person, album: str) -> None:
    answer = alice.bulk(album, [("a.jpg", b""), ("b.jpg", SVG)])
    assert (answer.status_code, [r["status"] for r in answer.json()["results"]]) == (207, [415, 415])


@pytest.mark.usefixtures("nothing_left")
def test_more_than_100_files_at_once_are_refused_whole(alice: Person, album: str) -> None:
    answer = alice.bulk(album, [(f"{n}.png", png_bytes(8 + n, 8)) for n in range(101)])
    assert_problem(answer, 400, "too_many_files")


@pytest.mark.usefixtures("nothing_left")
def test_a_bulk_request_without_files_is_refused(alice: Person, album: str) -> None:
    answer = alice.post(f"albums/{album}/images/bulk/", files=[("caption", (None, "Hello"))])
    assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["files"]
