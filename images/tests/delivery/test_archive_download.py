"""The archive of an album over HTTP: which images it has, and how a download goes on that broke off (RFC 9110)."""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from albums.models import Album
from images import services
from images.delivery import members
from images.models import Image, Status
from images.processing.sizes import RENDER_VERSION
from images.tests.delivery.helpers import fetch
from images.tests.helpers import album, colours, lose, original_bytes, put, received, stored_bytes, user, work_off
from images.tests.pictures import jpeg_bytes, png_bytes
from tests.rows import bearer, image_in

pytestmark = pytest.mark.django_db

NAMES = ["first.jpg", "Second.jpg", "second.JPG"]


@pytest.fixture
def alice(db: None) -> User:
    return user()


@pytest.fixture
def holiday(alice: User) -> Album:
    """With three images that are READY, and one that waits."""
    made = album(alice, "Ærø: 海/2024")
    for name, content in zip(NAMES, colours(3), strict=True):
        received(made, content, name)
    work_off()
    received(made, jpeg_bytes(90, 60), "new.jpg")
    return made


def path_of(album: Album, query: str = "") -> str:
    return reverse("api-archive", args=[album.public_id]) + query


def get(album: Album, query: str = "", method: str = "GET", **headers: str) -> Any:
    return fetch(path_of(album, query), method, **bearer(album.owner), **headers)


def files_of(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.sent)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_an_album_comes_with_all_its_originals(holiday: Album) -> None:
    answer = get(holiday)
    images = Image.objects.order_by("pk")
    assert list(files_of(answer)) == ["first.jpg", "Second.jpg", "second (2).JPG", "new.jpg"]
    assert list(files_of(answer).values()) == [original_bytes(image) for image in images]
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Length"] == str(len(answer.sent))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    expected = "attachment; filename*=utf-8''%C3%86r%C3%B8_%20%E6%B5%B7_2024.zip"
    assert answer.headers["Content-Disposition"] == expected


def test_head_tells_the_size_and_opens_no_file(holiday: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = get(holiday)
    monkeypatch.delattr("images.delivery.archive.image_storage")
    head = get(holiday, method="HEAD")
    assert (head.status_code, head.sent) == (200, b"")
    for name in ("Content-Length", "ETag", "Accept-Ranges", "Content-Disposition"):
        assert head.headers[name] == whole.headers[name]


def test_a_size_comes_with_the_ending_of_its_type_and_what_has_none_as_its_original(alice: User) -> None:
    made = album(alice)
    for name, content in (("a.png", png_bytes(700, 500)), ("b.jpg", jpeg_bytes(900, 600))):
        received(made, content, name)
    work_off()
    waiting = received(made, jpeg_bytes(90, 60), "c.jpg")
    failed = image_in(made, "d.jpg", Status.FAILED)
    first, second = Image.objects.order_by("pk")[:2]
    found = files_of(get(made, "?size=small"))
    assert [*found] == [f"a.{first.variants['small']['file'].rsplit('.')[-1]}", "b.jpg", "c.jpg", "d.jpg"]
    small = [stored_bytes(f"{image.storage_prefix}/{image.variants['small']['file']}") for image in (first, second)]
    assert [*found.values()] == [*small, original_bytes(waiting), original_bytes(failed)]


def test_an_image_without_the_size_comes_in_the_nearest_one(alice: User) -> None:
    made = album(alice)
    image = image_in(made)
    thumb = image.variants["thumb"]
    Image.objects.filter(pk=image.pk).update(variants={"thumb": thumb})
    assert list(files_of(get(made, "?size=large")).values()) == [
        stored_bytes(f"{image.storage_prefix}/thumb.v{RENDER_VERSION}.jpg")
    ]


def test_a_size_without_a_checksum_comes_as_the_original(alice: User) -> None:
    """As in rows of old versions."""
    made = album(alice)
    image = image_in(made)
    del image.variants["large"]["crc32"]
    image.save()
    assert list(files_of(get(made, "?size=large")).values()) == [original_bytes(image)]


def test_a_selection_has_these_images_alone(holiday: Album) -> None:
    first, second, third, _ = Image.objects.order_by("pk")
    chosen = f"?images={third.public_id},{first.public_id},{third.public_id}"
    assert [*files_of(get(holiday, chosen))] == ["first.jpg", "second.JPG"]
    unknown, foreign = uuid4(), image_in(album(holiday.owner, "Other")).public_id
    assert Image.objects.filter(pk=second.pk).update(trashed_at=timezone.now())
    for other in (unknown, foreign, second.public_id):
        assert get(holiday, f"?images={first.public_id},{other}").status_code == 404


@pytest.mark.parametrize("query", ["?size=", "?size=huge", "?images=", "?images=x", "?images=,", "?size=thumb%00"])
def test_what_cannot_be_meant_is_refused(holiday: Album, query: str) -> None:
    answer = get(holiday, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert len(answer.json()["errors"]) == 1


def test_a_selection_has_its_limit(holiday: Album) -> None:
    ids = ",".join(str(uuid4()) for _ in range(1001))
    assert get(holiday, f"?images={ids}").json()["errors"] == {"images": ["images has at most 1000 ids."]}
    assert get(holiday, f"?images={ids[:-37]}").status_code == 404


def test_what_is_in_the_trash_is_not_in_the_archive(holiday: Album) -> None:
    services.delete_images(holiday.owner, Image.objects.filter(name="first.jpg"))
    assert [*files_of(get(holiday))] == ["Second.jpg", "second (2).JPG", "new.jpg"]


def test_rows_are_read_in_steps(holiday: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    # Times of arrival are equal where many files came at once.
    Image.objects.update(created_at=timezone.now())
    whole = get(holiday)
    for step in (1, 2, 3, 4, 5):
        monkeypatch.setattr(members, "STEP_ROWS", step)
        assert get(holiday).sent == whole.sent
    assert len(files_of(whole)) == 4


def test_no_statement_waits_while_it_is_sent(holiday: Album, django_assert_num_queries: Any) -> None:
    client = Client()
    client.force_login(holiday.owner)
    answer = client.get(reverse("album-archive", args=[holiday.public_id]))
    with django_assert_num_queries(0):
        assert len(b"".join(answer.streaming_content)) == int(answer.headers["Content-Length"])


# ---- A download that goes on ----------------------------------------------------------------


def test_a_download_that_breaks_off_goes_on_with_the_same_file(holiday: Album) -> None:
    whole = get(holiday)
    size, etag = len(whole.sent), whole.headers["ETag"]
    for broken_off in (0, 1, 29, 30, 50, size // 3, size // 2, size - 100, size - 22, size - 1):
        rest = get(holiday, Range=f"bytes={broken_off}-", If_Range=etag)
        assert (rest.status_code, rest.headers["ETag"]) == (206, etag)
        assert rest.headers["Content-Range"] == f"bytes {broken_off}-{size - 1}/{size}"
        assert whole.sent[:broken_off] + rest.sent == whole.sent
    assert get(holiday, Range=f"bytes={size}-").status_code == 416
    assert get(holiday, Range="bytes=-22").sent == whole.sent[-22:]
    assert get(holiday, If_None_Match=etag).status_code == 304


def changes(holiday: Album) -> Iterator[Callable[[], object]]:
    first = Image.objects.order_by("pk")[0]
    yield lambda: services.change(first, name="renamed.jpg")
    yield lambda: received(holiday, jpeg_bytes(91, 60), "more.jpg")
    yield lambda: services.delete_images(holiday.owner, Image.objects.filter(pk=first.pk))
    yield lambda: services.move(Image.objects.order_by("pk")[1], album(holiday.owner, "Other"))


def test_a_changed_album_is_another_file_and_never_mixed(holiday: Album) -> None:
    before = get(holiday)
    for change in changes(holiday):
        etag = before.headers["ETag"]
        change()
        rest = get(holiday, Range="bytes=100-", If_Range=etag)
        assert rest.status_code == 200
        assert rest.headers["ETag"] != etag
        files_of(rest)
        assert get(holiday, Range="bytes=100-", If_Match=etag).status_code == 412
        assert get(holiday, If_None_Match=etag).status_code == 200
        before = rest


def test_new_sizes_change_the_archive_of_sizes_alone(holiday: Album) -> None:
    def etags() -> tuple[str, str]:
        return get(holiday, method="HEAD").headers["ETag"], get(holiday, "?size=thumb", "HEAD").headers["ETag"]

    before = etags()
    assert before[0] != before[1]
    work_off()
    after = etags()
    assert after[0] == before[0]
    assert after[1] != before[1]


# ---- Files that go while it is sent ---------------------------------------------------------


def begun(holiday: Album) -> Any:
    client = Client()
    client.force_login(holiday.owner)
    return client.get(reverse("album-archive", args=[holiday.public_id]))


def test_an_image_that_is_deleted_for_ever_meanwhile_ends_the_answer(holiday: Album) -> None:
    answer = begun(holiday)
    last = Image.objects.order_by("pk")[2]
    lose(last.original_file)
    with pytest.raises(OSError, match=r"No such file|no such object"):
        b"".join(answer.streaming_content)


def test_an_image_that_is_trashed_meanwhile_still_comes(holiday: Album) -> None:
    answer = begun(holiday)
    services.delete_images(holiday.owner, Image.objects.filter(album=holiday))
    assert len(b"".join(answer.streaming_content)) == int(answer.headers["Content-Length"])


def test_a_file_that_is_not_as_its_row_says_ends_the_answer(holiday: Album) -> None:
    image = Image.objects.order_by("pk")[1]
    content = original_bytes(image)
    for broken in (content[:-1], content + b"x", content[:-1] + b"\0"):
        put(image.original_file, broken)
        answer = begun(holiday)
        with pytest.raises(OSError):
            b"".join(answer.streaming_content)


# ---- Many at once ---------------------------------------------------------------------------


def test_only_some_archives_are_computed_at_once(holiday: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "LAYOUT_WAIT_SECONDS", 0.01)
    for _ in range(members.LAYOUTS_AT_ONCE):
        members._slots.acquire()
    try:
        refused = get(holiday)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert "Retry-After" in refused.headers
    finally:
        for _ in range(members.LAYOUTS_AT_ONCE):
            members._slots.release()
    assert get(holiday, method="HEAD").status_code == 200


# ---- The page -------------------------------------------------------------------------------


def test_the_page_of_the_album_downloads_it_and_takes_long_selections(holiday: Album) -> None:
    client = Client()
    client.force_login(holiday.owner)
    path = reverse("album-archive", args=[holiday.public_id])
    page = client.get(reverse("album-detail", args=[holiday.public_id])).content.decode()
    for size in ("original", "large", "medium", "small"):
        assert f'href="{path}?size={size}"' in page
    chosen = [str(image.public_id) for image in Image.objects.order_by("pk")[:2]]
    # Of a script, or of a form with a box at each photo.
    for images in (",".join(chosen), chosen):
        answer = client.post(path, {"images": images, "size": "thumb"})
        answer.sent = b"".join(answer.streaming_content)
        assert [*files_of(answer)] == ["first.jpg", "Second.jpg"]
    assert client.get(f"{path}?size=huge").status_code == 400
    assert client.get(reverse("album-archive", args=[UUID(int=1)])).status_code == 404


def test_an_album_without_images_is_an_empty_archive(alice: User) -> None:
    assert files_of(get(album(alice))) == {}
