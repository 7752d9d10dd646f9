"""The scrub asks a bucket for the SHA-256 it has noted, and reads only what that does not settle."""

import pytest
from django.utils import timezone

from images.models import Finding, Image
from images.storage.s3 import S3ImageStorage
from images.tests.helpers import album, colours, lose, original_bytes, put, received, user
from images.tests.upkeep.helpers import not_seen_for
from images.upkeep import scrub
from tests.faults.s3_proxy import Fault, Proxy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("behind_proxy")]


@pytest.fixture
def image(behind_proxy: S3ImageStorage) -> Image:
    """Not one that is read whole this month."""
    holiday, month = album(user()), timezone.now().month
    images = [received(holiday, content) for content in colours(2)]
    return next(image for image in images if (image.pk - month) % scrub.MONTHS)


def requests(proxy: Proxy, image: Image) -> list[str]:
    return [line.split()[0] for line in proxy.requests if image.original_file in line and "PUT" not in line]


def scrub_again(image: Image) -> list[tuple[str, str]]:
    """The open findings after a scrub to which the image is due."""
    not_seen_for([image], days=31)
    assert scrub.scrub() == 1
    return list(Finding.objects.unresolved().values_list("kind", "file"))


def test_an_original_that_the_bucket_vouches_for_is_not_read(proxy: Proxy, image: Image) -> None:
    assert (scrub_again(image), requests(proxy, image)) == ([], ["HEAD"])
    assert scrub.scrub() == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("HEAD", headers={"x-amz-checksum-sha256": ""}),
        Fault("HEAD", headers={"x-amz-checksum-sha256": "AAAA=-2"}),
        Fault("HEAD", status=500),
    ],
    ids=["it knows none", "one of parts", "it does not answer"],
)
def test_without_its_word_the_original_is_read(proxy: Proxy, image: Image, fault: Fault) -> None:
    with proxy.broken(fault):
        assert scrub_again(image) == []
    assert requests(proxy, image)[-1] == "GET"


def test_other_bytes_are_damage_and_no_bytes_a_loss(proxy: Proxy, image: Image) -> None:
    put(image.original_file, b"\0" + original_bytes(image)[1:])
    assert scrub_again(image) == [("damaged_original", image.original_file)]
    lose(image.original_file)
    assert ("missing_original", image.original_file) in scrub_again(image)


def test_rot_behind_the_bucket_is_found_in_the_month_of_reading(
    proxy: Proxy, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = [("damaged_original", image.original_file)]
    with proxy.broken(Fault(image.original_file, corrupt_answer=True)):
        with monkeypatch.context() as each_month:
            each_month.setattr(scrub, "MONTHS", 1)
            assert scrub_again(image) == damaged
        # The bucket still vouches for it, but what a read has found, only a read resolves.
        assert scrub_again(image) == damaged
    assert scrub_again(image) == []
    proxy.requests.clear()
    assert (scrub_again(image), requests(proxy, image)) == ([], ["HEAD"])
