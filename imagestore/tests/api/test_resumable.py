"""The endpoints of resumable uploads, by tus 1.0."""

import base64
import hashlib
from datetime import timedelta

import pytest
from django.test import Client

from images.models import Image, Upload
from images.tests.helpers import album, in_staging, original_bytes, received, user
from images.tests.pictures import jpeg_bytes
from images.tests.uploads.resumable import TusClient
from tests import tus

PHOTO = jpeg_bytes(640, 480)
HALF = len(PHOTO) // 2


@pytest.fixture
def alice(db):
    return user()


@pytest.fixture
def holiday(alice):
    return album(alice)


@pytest.fixture
def client(alice):
    return TusClient(alice)


def used(owner):
    owner.refresh_from_db()
    return owner.used_bytes


def code(answer):
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return answer.status_code, answer.json()["code"]


def digest(content, algorithm="sha256"):
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


# ---- The way of a file ------------------------------------------------------------------------


def test_options_say_what_the_server_can(client):
    answer = client.ask("OPTIONS", "/api/v1/uploads/", tus_resumable="")
    assert answer.status_code == 204
    wanted = ("Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm", "Tus-Max-Size", "Tus-Resumable")
    assert [answer.headers[name] for name in wanted] == [
        "1.0.0", "creation,creation-with-upload,checksum,expiration,termination", "sha256,sha1",
        str(100 * 2**20), "1.0.0",
    ]  # fmt: skip


def test_a_file_in_two_requests_becomes_an_image(client, alice, holiday):
    url = client.begin(PHOTO, holiday, metadata={"caption": "Waves"})
    assert used(alice) == len(PHOTO)
    first = client.send(url, 0, PHOTO[:HALF])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(HALF))
    assert "Content-Location" not in first.headers
    last = client.send(url, HALF, PHOTO[HALF:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(PHOTO)))
    image = Image.objects.get()
    assert last.headers["Content-Location"] == f"http://testserver/api/v1/images/{image.public_id}/"
    assert (image.name, image.caption, original_bytes(image)) == ("sea.jpg", "Waves", PHOTO)
    assert (used(alice), in_staging(), list_parts()) == (len(PHOTO), ["parts"], [])


def list_parts():
    from django.conf import settings

    return sorted(path.name for path in (settings.STAGING_DIR / "parts").iterdir())


def test_head_says_how_far_it_is_and_what_it_became(client, holiday):
    url = client.begin(PHOTO, holiday)
    client.send(url, 0, PHOTO[:10])
    answer = client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    wanted = tus.metadata(filename="sea.jpg", album=str(holiday.public_id))
    assert [answer.headers[name] for name in ("Upload-Offset", "Upload-Length", "Upload-Metadata")] == [
        "10", str(len(PHOTO)), wanted,
    ]  # fmt: skip
    assert answer.headers["Upload-Expires"].endswith("GMT")
    done = client.send(url, 10, PHOTO[10:])
    after = client.head(url)
    assert after.headers["Upload-Offset"] == str(len(PHOTO))
    assert after.headers["Content-Location"] == done.headers["Content-Location"]


def test_all_bytes_with_the_creation(client, holiday):
    answer = client.create(len(PHOTO), holiday, PHOTO)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(PHOTO)))
    assert answer.headers["Content-Location"].endswith(f"{Image.objects.get().public_id}/")


def test_some_bytes_with_the_creation(client, holiday):
    answer = client.create(len(PHOTO), holiday, PHOTO[:HALF])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(HALF))
    url = answer.headers["Location"].removeprefix("http://testserver")
    assert client.send(url, HALF, PHOTO[HALF:]).status_code == 204
    assert original_bytes(Image.objects.get()) == PHOTO


def test_a_creation_whose_bytes_are_refused_leaves_nothing(client, alice, holiday):
    answer = client.create(len(PHOTO), holiday, PHOTO, upload_checksum=digest(b"other"))
    assert code(answer) == (460, "chunk_mismatch")
    assert (Upload.objects.count(), used(alice), list_parts()) == (0, 0, [])


def test_delete_ends_it(client, alice, holiday):
    url = client.begin(PHOTO, holiday)
    client.send(url, 0, PHOTO[:HALF])
    answer = client.ask("DELETE", url)
    assert (answer.status_code, answer.headers["Tus-Resumable"]) == (204, "1.0.0")
    assert client.head(url).status_code == 404
    assert code(client.send(url, HALF, PHOTO[HALF:])) == (404, "not_found")
    assert (used(alice), list_parts()) == (0, [])


def test_delete_of_a_finished_one_leaves_the_image(client, alice, holiday):
    url = client.begin(PHOTO, holiday)
    client.send(url, 0, PHOTO)
    assert client.ask("DELETE", url).status_code == 204
    assert (Image.objects.count(), used(alice)) == (1, len(PHOTO))


def test_the_portals_session_uploads_with_its_csrf_token(alice, holiday):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(PHOTO)),
               "Upload-Metadata": tus.metadata(filename="sea.jpg", album=str(holiday.public_id))}  # fmt: skip
    path, sent = "/api/v1/uploads/", {"content_type": tus.BYTES_TYPE, "headers": headers}
    assert code(browser.generic("POST", path, PHOTO, **sent)) == (403, "csrf_failed")
    browser.get(holiday.get_absolute_url())
    headers["X-CSRFToken"] = browser.cookies["csrftoken"].value
    assert browser.generic("POST", path, PHOTO, **sent).status_code == 201
    assert original_bytes(Image.objects.get()) == PHOTO


# ---- The same bytes again ---------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", PHOTO[:HALF], PHOTO], ids=["no bytes", "some", "all"])
def test_bytes_that_the_album_has_are_finished_by_their_hash(client, alice, holiday, sent):
    image = received(holiday, PHOTO)
    alice.quota_bytes = 1
    alice.save()
    answer = client.create(len(PHOTO), holiday, sent, metadata={"sha256": image.sha256.upper()})
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(PHOTO)))
    assert answer.headers["Content-Location"].endswith(f"/api/v1/images/{image.public_id}/")
    assert (used(alice), Image.objects.count()) == (len(PHOTO), 1)


def test_at_a_full_quota_the_same_bytes_again_are_the_same_image(client, alice, holiday):
    image = received(holiday, PHOTO)
    alice.quota_bytes = len(PHOTO)
    alice.save()
    url = client.begin(PHOTO, holiday)
    answer = client.send(url, 0, PHOTO)
    assert answer.headers["Content-Location"].endswith(f"{image.public_id}/")
    assert (used(alice), Image.objects.count()) == (len(PHOTO), 1)


def test_at_a_full_quota_other_bytes_are_refused_at_their_end(client, alice, holiday):
    received(holiday, PHOTO)
    alice.quota_bytes = len(PHOTO)
    alice.save()
    other = jpeg_bytes(100, 100)
    answer = client.create(len(other), holiday, metadata={"sha256": hashlib.sha256(other).hexdigest()})
    assert code(answer) == (413, "quota_exceeded")
    url = client.begin(other, holiday)
    assert code(client.send(url, 0, other)) == (413, "quota_exceeded")
    assert client.head(url).status_code == 404
    assert (used(alice), Upload.objects.count(), list_parts()) == (len(PHOTO), 0, [])


# ---- Refusals ---------------------------------------------------------------------------------


def test_another_version_is_412(client, holiday):
    for version in ("", "0.2.2", "1.0"):
        answer = client.create(10, holiday, tus_resumable=version)
        assert code(answer) == (412, "unsupported_version")
        assert answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize("length", ["", "-1", "1.5", "x", "9" * 19, "١"])
def test_a_length_that_is_no_number_is_400(client, holiday, length):
    assert code(client.create(length, holiday)) == (400, "invalid")
    assert Upload.objects.count() == 0


def test_a_deferred_length_is_400(client, holiday):
    assert code(client.create("", holiday, upload_defer_length="1")) == (400, "invalid")


def test_an_empty_file_and_one_too_large_are_refused_at_once(client, holiday):
    assert code(client.create(0, holiday)) == (415, "unsupported_format")
    assert code(client.create(100 * 2**20 + 1, holiday)) == (413, "file_too_large")


@pytest.mark.parametrize(
    "metadata",
    ["", "album", "album x", "album MTc=", "filename c2Vh", "album !!", "album MTc=,album MTc=", "a b c", ",,,",
     "filename /w==,album MTc="],
)  # fmt: skip
def test_metadata_that_cannot_be_read_is_400(client, holiday, metadata):
    assert code(client.create(10, holiday, upload_metadata=metadata)) == (400, "invalid")


@pytest.mark.parametrize("fields", [{"caption": "x" * 2001}, {"caption": "a\0b"}, {"sha256": "beef"}])
def test_wrong_metadata_is_400_by_field(client, holiday, fields):
    answer = client.create(10, holiday, metadata=fields)
    assert code(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == list(fields)


def test_other_keys_of_metadata_come_back_but_say_nothing(client, holiday):
    url = client.begin(PHOTO, holiday, metadata={"filetype": "image/jpeg", "filename": "a/b\0\u202e.jpg"})
    assert Upload.objects.get().name == "b.jpg"
    assert "filetype" in client.head(url).headers["Upload-Metadata"]


def test_a_strangers_album_and_upload_are_404(client, holiday):
    url, bob = client.begin(PHOTO, holiday), TusClient(user("bob@example.org"))
    assert code(bob.create(10, holiday)) == (404, "not_found")
    assert bob.head(url).status_code == 404
    assert code(bob.send(url, 0, PHOTO)) == (404, "not_found")
    assert code(bob.ask("DELETE", url)) == (404, "not_found")
    assert client.offset(url) == 0


def test_bytes_at_a_wrong_offset_are_409(client, holiday):
    url = client.begin(PHOTO, holiday)
    client.send(url, 0, PHOTO[:HALF])
    for offset in (0, HALF - 1, HALF + 1, len(PHOTO)):
        assert code(client.send(url, offset, b"x")) == (409, "wrong_offset")
    assert client.offset(url) == HALF
    client.send(url, HALF, PHOTO[HALF:])
    assert code(client.send(url, len(PHOTO), b"x")) == (409, "wrong_offset")


@pytest.mark.parametrize("offset", ["", "-1", "x"])
def test_an_offset_that_is_no_number_is_400(client, holiday, offset):
    url = client.begin(PHOTO, holiday)
    assert code(client.send(url, 0, PHOTO, upload_offset=offset)) == (400, "invalid")


def test_bytes_of_another_type_are_415(client, holiday):
    url = client.begin(PHOTO, holiday)
    for kind in ("image/jpeg", "application/json", "multipart/form-data; boundary=x"):
        for answer in (client.send(url, 0, PHOTO, kind=kind), client.create(9, holiday, b"x", kind=kind)):
            assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert client.send(url, 0, b"", kind="").status_code == 415
    assert client.offset(url) == 0


def test_more_bytes_than_the_file_has_are_413(client, holiday):
    url = client.begin(PHOTO, holiday)
    client.send(url, 0, PHOTO[:HALF])
    answer = client.send(url, HALF, PHOTO[HALF:] + b"x")
    assert code(answer) == (413, "file_too_large")
    assert answer.json()["limit"] == len(PHOTO) - HALF
    assert client.offset(url) == HALF


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_wrong_checksum_is_460_and_drops_the_bytes(client, holiday, algorithm):
    url = client.begin(PHOTO, holiday)
    client.send(url, 0, PHOTO[:HALF])
    answer = client.send(url, HALF, PHOTO[HALF:], upload_checksum=digest(b"other", algorithm))
    assert code(answer) == (460, "chunk_mismatch")
    assert client.offset(url) == HALF
    right = client.send(url, HALF, PHOTO[HALF:], upload_checksum=digest(PHOTO[HALF:], algorithm))
    assert right.status_code == 204
    assert original_bytes(Image.objects.get()) == PHOTO


@pytest.mark.parametrize("checksum", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha256", "sha256 eA==", "sha1 !!", ""])
def test_a_checksum_that_is_none_is_400(client, holiday, checksum):
    url = client.begin(PHOTO, holiday)
    answer = client.send(url, 0, PHOTO, upload_checksum=checksum or " ")
    assert code(answer) == (400, "invalid")


def test_the_checksum_of_the_whole_is_compared_at_the_end(client, alice, holiday):
    url = client.begin(PHOTO, holiday, metadata={"sha256": "0" * 64})
    assert code(client.send(url, 0, PHOTO)) == (400, "checksum_mismatch")
    assert client.head(url).status_code == 404
    assert used(alice) == 0


def test_no_picture_is_refused_at_the_end(client, alice, holiday):
    url = client.begin(b"only text", holiday)
    assert code(client.send(url, 0, b"only text")) == (415, "unsupported_format")
    assert (client.head(url).status_code, used(alice), list_parts()) == (404, 0, [])


def test_an_expired_one_is_404(client, holiday):
    url = client.begin(PHOTO, holiday)
    upload = Upload.objects.get()
    Upload.objects.update(expires_at=upload.created_at - timedelta(days=2))
    assert client.head(url).status_code == 404
    assert code(client.send(url, 0, PHOTO)) == (404, "not_found")
