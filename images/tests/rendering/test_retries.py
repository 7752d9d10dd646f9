"""Trying a failed image again costs CPU each time, so it is counted, by whatever way it is asked for."""

import pytest
from django.urls import reverse

from images import services
from images.models import Image, Status
from images.rendering import retries
from images.services import receive
from images.tests.helpers import album, colours, received, staged, user
from imagestore.kit import attempts
from imagestore.kit.problems import Problem
from tests.rows import bearer

pytestmark = pytest.mark.django_db
NOW = 3600 * 1000 + 600.0


@pytest.fixture(autouse=True)
def one_moment(monkeypatch):
    """Ten minutes into a window."""
    monkeypatch.setattr(attempts, "time", lambda: NOW)


def fail(image):
    Image.objects.filter(pk=image.pk).update(status=Status.FAILED, error_code="over_limits", error_detail="Slow.")
    image.refresh_from_db()
    return image


def retry(image):
    """0, or the seconds to wait."""
    try:
        services.retry(fail(image))
    except Problem as problem:
        return int(problem.headers["Retry-After"]) if problem.code == "throttled" else -1
    return 0


def test_one_image_is_tried_again_some_times_an_hour():
    image = received(album(user()))
    assert [retry(image) for _ in range(retries.RETRIES_PER_IMAGE + 1)] == [0] * retries.RETRIES_PER_IMAGE + [3000]
    image.refresh_from_db()
    assert image.status == Status.FAILED


def test_all_images_of_an_owner_are_counted_together(monkeypatch):
    monkeypatch.setattr(retries, "RETRIES_PER_OWNER", 3)
    alice, bob = user(), user("bob@example.org")
    first, second, third, fourth = (received(album(alice), content) for content in colours(4))
    assert [retry(image) for image in (first, second, third, fourth)] == [0, 0, 0, 3000]
    assert retry(received(album(bob))) == 0


def test_the_same_bytes_again_try_no_more_often_and_are_a_success_all_the_same():
    holiday = album(user())
    image = received(holiday)
    for _ in range(retries.RETRIES_PER_IMAGE):
        assert retry(image) == 0
    fail(image)
    with staged() as file:
        again = receive(holiday, file)
    assert (again.image, again.created, again.image.status) == (image, False, Status.FAILED)


def test_an_image_that_has_not_failed_says_so_and_is_not_counted():
    image = received(album(user()))
    for _ in range(retries.RETRIES_PER_IMAGE + 1):
        with pytest.raises(Problem) as caught:
            services.retry(image)
        assert caught.value.code == "not_failed"
    assert retry(image) == 0


def test_api_and_page_say_when_it_may_be_tried_again(client):
    alice = user()
    image = received(album(alice))
    for _ in range(retries.RETRIES_PER_IMAGE):
        retry(image)
    fail(image)
    api = client.post(reverse("api-image-retry", args=[image.public_id]), headers=bearer(alice))
    assert (api.status_code, api.json()["code"], api["Retry-After"]) == (429, "throttled", "3000")
    assert api.json()["detail"] == "This was tried too often. Try again in 50 minutes."
    client.force_login(alice)
    page = client.post(reverse("image-retry", args=[image.public_id]))
    assert page.status_code == 429
    assert b"Try again in 50 minutes." in page.content
