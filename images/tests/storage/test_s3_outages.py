"""Uploads, sizes and removals while S3 fails, hangs or forgets (F8, F17): nothing half done, nothing lost."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.urls import reverse

from accounts.models import User
from images.deletion.removal import doom_images, purge
from images.models import Image, Status
from images.rendering import queue, variants
from images.storage import s3
from images.storage.base import image_storage
from images.tests.helpers import album, colours, in_staging, received, stored, stored_bytes, upload, user, work_off
from images.tests.outages import BOUND, outages
from images.tests.pictures import jpeg_bytes
from tests.faults.s3_proxy import Fault
from tests.seaweed import BUCKET

pytestmark = pytest.mark.usefixtures("behind_proxy")


# ---- Uploads and sizes ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@outages
def test_an_upload_is_a_503_with_nothing_half_done_and_comes_again_as_one_image(proxy, client, fault):
    alice = user()
    client.force_login(alice)
    address = reverse("api-images", args=[album(alice).public_id])
    begun = time.monotonic()
    with proxy.broken(fault):
        refused = client.post(address, {"file": upload()})
        assert time.monotonic() - begun < BOUND
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert int(refused["Retry-After"]) > 0
    alice.refresh_from_db()
    assert (alice.used_bytes, list(Image.objects.living()), in_staging()) == (0, [], [])
    assert client.post(address, {"file": upload()}).status_code == 201
    Image.objects.doomed().update(leased_until=None)
    purge()
    image = Image.objects.get()
    assert stored() == {image.original_file}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [Fault("PUT", status=500), Fault("medium", silent=True)], ids=["all", "one size"])
def test_no_image_is_ready_before_all_of_it_is_stored(proxy, fault):
    image = received(album(user()), jpeg_bytes(1000, 700))
    with proxy.broken(fault):
        variants.render(queue.claim_next())
    image.refresh_from_db()
    assert (image.status, image.variants, image.attempts) == (Status.PENDING, {}, 0)
    Image.objects.update(leased_until=None)
    work_off()
    image.refresh_from_db()
    files = {f"{image.storage_prefix}/{variant['file']}" for variant in image.variants.values()}
    assert (image.status, stored()) == (Status.READY, files | {image.original_file})


@pytest.mark.django_db(transaction=True)
def test_an_original_that_cannot_be_read_now_is_not_called_missing(proxy):
    image = received(album(user()))
    with proxy.broken(Fault("GET", status=404, code="NoSuchBucket")):
        variants.render(queue.claim_next())
    image.refresh_from_db()
    assert (image.status, image.attempts) == (Status.PENDING, 0)


@pytest.mark.django_db(transaction=True)
@outages
def test_a_file_that_cannot_be_read_now_is_a_503(proxy, client, fault):
    alice = user()
    image = received(album(alice))
    client.force_login(alice)
    address = reverse("api-image-file", args=[image.public_id])
    with proxy.broken(fault):
        assert client.get(address).status_code == 503
    assert b"".join(client.get(address).streaming_content) == stored_bytes(image.original_file)


@pytest.mark.django_db(transaction=True)
def test_bytes_that_reach_the_storage_after_the_refusal_go_with_their_row(proxy, client):
    alice = user()
    client.force_login(alice)
    with proxy.broken(Fault("PUT", late=2)):
        assert (
            client.post(reverse("api-images", args=[album(alice).public_id]), {"file": upload()}).status_code == 503
        )
        assert (purge(), Image.objects.count()) == (0, 1)
        deadline = time.monotonic() + 30
        while not stored():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    proxy.wait_until_quiet()
    Image.objects.update(leased_until="2020-01-01T00:00Z")
    assert (purge(), Image.objects.count(), stored()) == (1, 0, set())


# ---- Removing -------------------------------------------------------------------------------


def doomed_images(owner: User, count: int) -> list[Image]:
    holiday = album(owner)
    images = [received(holiday, content) for content in list(colours(12))[:count]]
    doom_images(owner, Image.objects.all())
    return images


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_removed_keeps_its_row_and_goes_later(proxy):
    images = doomed_images(user(), 3)
    stuck = images[1]
    with proxy.broken(Fault(keep=stuck.storage_prefix)):
        assert purge() == 2
    assert (list(Image.objects.all()), stored()) == ([stuck], {stuck.original_file})
    assert purge() == 1
    assert (Image.objects.count(), stored()) == (0, set())


@pytest.mark.django_db(transaction=True)
@outages
def test_an_outage_keeps_all_rows_and_ends_in_time(proxy, fault):
    doomed_images(user(), 3)
    begun = time.monotonic()
    with proxy.broken(fault):
        assert purge() == 0
    assert time.monotonic() - begun < BOUND
    assert (Image.objects.count(), len(stored())) == (3, 3)
    assert (purge(), stored()) == (3, set())


@pytest.mark.parametrize(("workers", "requests"), [(1, 2), (8, 8)])
def test_more_than_a_thousand_files_go_in_batches(settings, behind_proxy, proxy, workers, requests):
    settings.STORAGE_WORKERS = workers
    # Patient as in production: a busy machine may take a while over a thousand keys.
    options = {**settings.STORAGES["images"]["OPTIONS"], "client_config": s3.CLIENT_CONFIG}
    settings.STORAGES = {**settings.STORAGES, "images": {**settings.STORAGES["images"], "OPTIONS": options}}
    storage = image_storage()
    folders = [f"aa/{number:02x}/{number:04x}" for number in range(210)]
    names = [f"{folder}/{file}" for folder in folders for file in "12345"]
    with ThreadPoolExecutor(8) as pool:
        put = proxy.server.client().put_object
        list(pool.map(lambda name: put(Bucket=BUCKET, Key=f"{behind_proxy.location}/{name}", Body=b"x"), names))
    assert len(stored()) == 1050
    proxy.requests.clear()
    with proxy.broken(Fault(keep=f"{folders[-1]}/")):
        assert storage.delete_folders(dict.fromkeys(folders)) == set(folders[:-1])
    assert [line.split()[0] for line in proxy.requests if "delete" in line] == ["POST"] * requests
    assert stored() == {f"{folders[-1]}/{file}" for file in "12345"}


def test_a_hanging_storage_is_not_asked_for_each_of_many_folders(behind_proxy, proxy, monkeypatch):
    monkeypatch.setattr(s3, "TRANSFER_SECONDS", 1)
    with proxy.broken(Fault(silent=True)):
        begun = time.monotonic()
        assert behind_proxy.delete_folders({f"aa/{number:04x}": None for number in range(500)}) == set()
    assert time.monotonic() - begun < 1 + BOUND
