"""The thirteen integration scenarios of the system before this one, through the running server."""

import hashlib
from typing import Any

import pytest

from images.processing.sizes import RENDER_VERSION
from images.tests.pictures import jpeg_bytes, png_bytes, quarters, saved
from tests.people import PATIENCE, UNUSED_ID, Person
from tests.state import State

PHOTO = saved(quarters(3000, 2000), "JPEG", quality=95)

NOT_FOUND = {
    "type": "about:blank",
    "title": "Not found",
    "status": 404,
    "detail": "There is nothing here, or it is not yours.",
    "code": "not_found",
}


@pytest.fixture
def alice(alice: Person) -> Person:
    return alice.log_in()


@pytest.fixture
def album(alice: Person) -> str:
    return alice.album("Summer")


def without_links(shown: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in shown.items() if key not in ("url", "created_at", "updated_at")}


# ---- Albums ------------------------------------------------------------------------------------


def test_01_albums_empty_list(alice: Person) -> None:
    answer = alice.get("albums/", expect=200)
    assert answer.json() == {"next": None, "previous": None, "results": []}


def test_02_albums_in_the_list(alice: Person, bob: Person) -> None:
    first, second = alice.album("First"), alice.album("Second")
    bob.album("Not hers")
    listed = alice.get("albums/", expect=200).json()["results"]
    assert [(album["id"], album["title"]) for album in listed] == [(second, "Second"), (first, "First")]
    assert listed[0] == alice.get(f"albums/{second}/", expect=200).json()


def test_03_create_album(alice: Person) -> None:
    answer = alice.post("albums/", json={"title": "Sommer ☀", "description": "An der See"}, expect=201)
    album = answer.json()
    assert answer.headers["Location"] == album["url"] == f"{alice.base}/api/v1/albums/{album['id']}/"
    assert without_links(album) == {
        "id": album["id"],
        "title": "Sommer ☀",
        "description": "An der See",
        "ordering": "taken_at",
        "image_count": 0,
        "bytes": 0,
        "cover": None,
    }
    assert alice.get(album["url"], expect=200).json() == album


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": None}, "title"),
        ({"title": ["Summer"]}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "Summer", "description": "x" * 2001}, "description"),
    ],
)
def test_04_create_album_error(alice: Person, body: dict[str, Any], field: str) -> None:
    problem = alice.post("albums/", json=body, expect=400).json()
    assert (problem["code"], list(problem["errors"])) == ("invalid", [field])
    assert alice.albums() == []


def test_05_delete_album(alice: Person, album: str, state: State) -> None:
    kept = alice.album("Kept")
    image = alice.picture(album, PHOTO)
    sizes = {f"{size}.v{RENDER_VERSION}.jpg" for size in ("thumb", "small", "medium", "large")}
    assert state.files_of(image["id"]) == {"original", *sizes}
    answer = alice.delete(f"albums/{album}/?permanent=true", expect=204)
    assert answer.content == b""
    assert [album["id"] for album in alice.albums()] == [kept]
    for path in (
        f"albums/{album}/",
        f"albums/{album}/images/",
        f"images/{image['id']}/",
        f"images/{image['id']}/file/",
    ):
        assert alice.get(path, expect=404).json() == NOT_FOUND
    state.wait_until_gone(album=album, image=image["id"])


def test_06_delete_album_error_on_a_wrong_id(alice: Person, bob: Person) -> None:
    his = bob.album("His")
    absent = alice.delete(f"albums/{UNUSED_ID}/", expect=404)
    foreign = alice.delete(f"albums/{his}/", expect=404)
    assert absent.json() == foreign.json() == NOT_FOUND
    assert alice.delete("albums/17/", expect=404).json() == NOT_FOUND
    assert [album["id"] for album in bob.albums()] == [his]


# ---- Images ------------------------------------------------------------------------------------


def test_07_images_empty_list(alice: Person, album: str) -> None:
    answer = alice.get(f"albums/{album}/images/", expect=200)
    assert answer.json() == {"next": None, "previous": None, "results": []}


def test_08_images_in_the_list(alice: Person, album: str) -> None:
    other = alice.album("Other")
    alice.picture(other, png_bytes(), "other.png")
    first = alice.picture(album, PHOTO, "first.jpg")
    second = alice.picture(album, jpeg_bytes(), "second.jpg")
    listed = alice.get(f"albums/{album}/images/", expect=200).json()["results"]
    assert [(image["id"], image["name"]) for image in listed] == [
        (first["id"], "first.jpg"),
        (second["id"], "second.jpg"),
    ]
    assert {image["album"] for image in listed} == {album}
    shown = alice.get(f"albums/{album}/", expect=200).json()
    assert (shown["image_count"], shown["bytes"]) == (2, len(PHOTO) + len(jpeg_bytes()))
    assert shown["cover"] == {"id": second["id"], "variants": second["variants"]}


def test_09_images_error_on_a_wrong_album_id(alice: Person, bob: Person) -> None:
    his = bob.album("His")
    bob.picture(his, jpeg_bytes())
    assert alice.get(f"albums/{UNUSED_ID}/images/", expect=404).json() == NOT_FOUND
    assert alice.get(f"albums/{his}/images/", expect=404).json() == NOT_FOUND


def test_10_upload(alice: Person, album: str) -> None:
    digest = hashlib.sha256(PHOTO).hexdigest()
    answer = alice.upload(album, PHOTO, "Am Strand.JPG", caption="Die Möwen", sha256=digest)
    assert answer.status_code == 201, answer.text
    image = answer.json()
    assert answer.headers["Location"] == image["url"] == f"{alice.base}/api/v1/images/{image['id']}/"
    [ready] = alice.finished(album, [image["id"]])
    assert alice.get(image["url"], expect=200).json() == ready
    changing = ("variants", "placeholder", "original")
    assert {k: v for k, v in without_links(ready).items() if k not in changing} == {
        "id": image["id"],
        "album": album,
        "name": "Am Strand.JPG",
        "caption": "Die Möwen",
        "favourite": False,
        "content_type": "image/jpeg",
        "bytes": len(PHOTO),
        "width": 3000,
        "height": 2000,
        "sha256": digest,
        "status": "ready",
        "error": None,
        "damage": None,
        "taken_at": None,
        "taken_offset": None,
        "camera": "",
        "lens": "",
        "exposure": None,
        "rotation": 0,
    }
    assert len(ready["placeholder"]) > 20
    sizes = {size: (v["width"], v["height"], v["content_type"]) for size, v in ready["variants"].items()}
    # The JPEG decoder's own shrink may end up to 5 % below a size's longest side.
    longest = {"thumb": 320, "small": 640, "medium": 1280, "large": 2048}
    assert {size: 0.95 * side <= sizes[size][0] <= side for size, side in longest.items()} == dict.fromkeys(
        longest, True
    )
    assert {size: round(width / height, 1) for size, (width, height, _) in sizes.items()} == dict.fromkeys(
        longest, 1.5
    )
    assert {kind for _, _, kind in sizes.values()} == {"image/jpeg"}


def test_10b_upload_of_the_same_bytes_again_is_the_same_image(alice: Person, album: str) -> None:
    first = alice.picture(album, PHOTO, "first.jpg")
    again = alice.upload(album, PHOTO, "again.jpg")
    assert (again.status_code, again.json()) == (200, first)
    assert alice.images(album) == [first]


def test_11_upload_error_on_a_wrong_album_id(alice: Person, bob: Person, state: State) -> None:
    his = bob.album("His")
    with state.unchanged():
        for wrong in (UNUSED_ID, his, "17"):
            answer = alice.upload(wrong, PHOTO)
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert bob.images(his) == []


def test_12_get_and_download(alice: Person, album: str) -> None:
    image = alice.picture(album, PHOTO, "Möwe.jpg")
    shown = alice.get(f"images/{image['id']}/", expect=200).json()
    assert shown == image == alice.get(f"albums/{album}/images/{image['id']}/", expect=200).json()
    answer = alice.get(f"images/{image['id']}/file/?download=1", expect=200)
    assert answer.content == PHOTO
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(PHOTO))
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%B6we.jpg"
    for size, variant in image["variants"].items():
        answer = alice.get(f"images/{image['id']}/file/?size={size}", expect=200)
        assert (answer.headers["Content-Type"], len(answer.content)) == (variant["content_type"], variant["bytes"])
        link = alice.http.get(variant["url"], headers={"Authorization": ""}, timeout=PATIENCE)
        assert (link.status_code, link.content) == (200, answer.content)


def test_13_get_and_download_error_on_a_wrong_album_id(alice: Person, bob: Person, album: str) -> None:
    image = alice.picture(album, PHOTO)["id"]
    wrong = [UNUSED_ID, alice.album("Another of hers"), bob.album("His")]
    for wrong_album in wrong:
        for path in (f"albums/{wrong_album}/images/{image}/", f"albums/{wrong_album}/images/{image}/file/"):
            assert alice.get(path, expect=404).json() == NOT_FOUND
    for path in (f"albums/{album}/images/{UNUSED_ID}/", f"albums/{album}/images/{UNUSED_ID}/file/"):
        assert alice.get(path, expect=404).json() == NOT_FOUND
