"""What was deleted for ever is told to the hook of the CDN, once its files are gone and until the hook takes it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now

from accounts.models import User
from images import locks, services
from images.deletion import cdn
from images.deletion.cdn import Purger
from images.deletion.removal import purge
from images.delivery.links import links_of
from images.models import CdnPurge, Image
from images.tests.helpers import album, colours, received, user, work_off
from tests.hooks import Hook, listening_hook

pytestmark = pytest.mark.django_db

TOKEN = "a token of the hook, of enough characters"


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    with listening_hook() as hook:
        settings.CDN_PURGE_URL, settings.CDN_PURGE_TOKEN = hook.url, TOKEN
        yield hook


def stored_images(count: int) -> tuple[User, list[Image]]:
    owner = user()
    holiday = album(owner)
    images = [received(holiday, content) for content in colours(count)]
    work_off()
    return owner, images


def waiting() -> set[UUID]:
    return set(CdnPurge.objects.values_list("image", flat=True))


def wait_for(count: int) -> list[UUID]:
    """Rows that are due."""
    images = [uuid4() for _ in range(count)]
    CdnPurge.objects.bulk_create(CdnPurge(image=image, due_at=Now() - timedelta(seconds=1)) for image in images)
    return images


def tell(purger: Purger | None = None) -> None:
    (purger or Purger()).purge_due(threading.Event())


def test_a_deleted_image_waits_for_its_purge_when_its_files_are_gone(hook: Hook) -> None:
    owner, [image, stays] = stored_images(2)
    services.delete_images(owner, Image.objects.filter(pk=image.pk), permanent=True)
    assert waiting() == set()
    purge()
    assert waiting() == {image.public_id}
    assert list(Image.objects.all()) == [stays]


def test_it_is_told_with_what_all_its_links_begin_with(hook: Hook) -> None:
    owner, [image] = stored_images(1)
    image.refresh_from_db()
    links = links_of(image)
    services.delete_images(owner, Image.objects.filter(pk=image.pk), permanent=True)
    purge()
    tell()
    assert hook.posted == []  # a proxy in front may still have it
    CdnPurge.objects.update(due_at=Now())
    tell()
    assert hook.posted == [{"prefixes": [f"/media/{image.public_id}/"]}]
    assert links.smallest is not None
    assert all(url.startswith(hook.prefixes[0]) for url in (links.original, links.smallest.url))
    assert hook.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert waiting() == set()


def test_what_is_in_the_trash_is_not_told(hook: Hook) -> None:
    owner, [image] = stored_images(1)
    services.delete_images(owner, Image.objects.filter(pk=image.pk), permanent=False)
    purge()
    assert waiting() == set()


def test_images_of_deleted_albums_and_accounts_are_told(hook: Hook) -> None:
    owner, images = stored_images(3)
    services.delete_account(owner)
    purge()
    assert waiting() == {image.public_id for image in images}
    assert not User.objects.exists()


def test_without_a_hook_nothing_waits(settings: Any) -> None:
    settings.CDN_PURGE_URL = ""
    owner, [image] = stored_images(1)
    services.delete_images(owner, Image.objects.filter(pk=image.pk), permanent=True)
    assert purge() == 1
    assert waiting() == set()


def test_a_row_that_could_not_be_deleted_leaves_no_purge(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, [image] = stored_images(1)
    services.delete_images(owner, Image.objects.filter(pk=image.pk), permanent=True)
    add = cdn.add

    def add_and_die(images: list[Image]) -> None:
        add(images)
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(cdn, "add", add_and_die)
        with pytest.raises(SystemExit):
            purge()
    assert waiting() == set()
    purge()
    assert waiting() == {image.public_id}


def test_under_a_sub_path_the_hook_is_told_what_links_begin_with(hook: Hook, settings: Any) -> None:
    """In a thread that answers no requests, which Django has not told of the path."""
    settings.FORCE_SCRIPT_NAME = "/photos"
    [image] = wait_for(1)
    tell()
    assert hook.prefixes == [f"/photos/media/{image}/"]


def test_many_are_told_a_hundred_at_once(hook: Hook) -> None:
    images = wait_for(2 * cdn.BATCH_IMAGES + 1)
    tell()
    assert [len(message["prefixes"]) for message in hook.posted] == [cdn.BATCH_IMAGES, cdn.BATCH_IMAGES, 1]
    assert sorted(hook.prefixes) == sorted(f"/media/{image}/" for image in images)
    assert waiting() == set()


@pytest.mark.parametrize("status", [302, 400, 429, 503])
def test_what_the_hook_refuses_waits_and_is_told_again(hook: Hook, status: int) -> None:
    hook.answers = [status]
    images, purger = wait_for(3), Purger()
    tell(purger)
    assert (hook.posted, waiting()) == ([], set(images))
    assert len(hook.headers) == 1  # not again at once
    tell(purger)
    assert (len(hook.prefixes), waiting()) == (3, set())


def test_a_hook_that_is_down_is_asked_less_and_less(settings: Any) -> None:
    with listening_hook() as gone:
        settings.CDN_PURGE_URL, settings.CDN_PURGE_TOKEN = gone.url, ""
    images, purger, pauses = wait_for(1), Purger(), []
    for _ in range(9):
        tell(purger)
        pauses.append(purger._backoff.seconds)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert waiting() == set(images)


def test_one_server_at_a_time_tells(hook: Hook) -> None:
    images = wait_for(1)
    with locks.hold(locks.CDN_PURGE, cdn.LEASE):
        tell()
        assert waiting() == set(images)
    tell()
    assert len(hook.posted) == 1


def test_a_lease_outlives_the_slowest_request() -> None:
    # Connection and exchange have HOOK_SECONDS each.
    assert timedelta(seconds=2 * cdn.HOOK_SECONDS) < cdn.LEASE


def test_a_purge_is_forgotten_when_all_links_have_ended(hook: Hook, settings: Any) -> None:
    settings.LINK_WINDOW, settings.ORIGINAL_LINK_WINDOW = timedelta(hours=3), timedelta(hours=1)
    [old] = wait_for(1)
    CdnPurge.objects.filter(image=old).update(due_at=Now() - timedelta(hours=6, minutes=1))
    [newer] = wait_for(1)
    CdnPurge.objects.filter(image=newer).update(due_at=Now() - timedelta(hours=5, minutes=59))
    assert cdn.forget_ended() == 1
    assert waiting() == {newer}
