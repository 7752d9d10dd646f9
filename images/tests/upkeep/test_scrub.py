"""The scrub: every original is read again within SCRUB_DAYS."""

from datetime import timedelta

import pytest
from django.utils import timezone

from images.models import Finding, Image
from images.storage import identity
from images.tests.helpers import album, colours, lose, original_bytes, put, received, user
from images.tests.upkeep.helpers import not_seen_for
from images.upkeep import scrub

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def images() -> list[Image]:
    holiday = album(user())
    return [received(holiday, content) for content in colours(4)]


def looked_at() -> set[int]:
    recent = timezone.now() - timedelta(minutes=1)
    return set(Image.objects.filter(verified_at__gt=recent).values_list("pk", flat=True))


def test_what_came_lately_is_not_read_again(images):
    assert scrub.scrub() == 0


def test_who_waits_longest_is_read_first_and_one_share_a_run(images):
    for days, image in enumerate(images, start=20):
        not_seen_for([image], days=days)
    assert [scrub.scrub(), scrub.scrub()] == [1, 1]
    assert looked_at() == {images[3].pk, images[2].pk}
    assert [scrub.scrub() for _ in range(3)] == [1, 1, 0]


def test_however_many_came_on_one_day_each_is_read_in_time(images, settings, monkeypatch):
    """Four images, four days, one run a day: due after two days, two a run."""
    settings.SCRUB_DAYS = timedelta(days=4)
    monkeypatch.setattr(scrub, "RUNS_A_DAY", 1)
    not_seen_for(images, days=2, hours=1)
    assert [scrub.scrub(), scrub.scrub(), scrub.scrub()] == [2, 2, 0]


def test_one_run_reads_a_bounded_number_of_bytes(images, settings, monkeypatch):
    monkeypatch.setattr(scrub, "RUNS_A_DAY", 0.01)
    monkeypatch.setattr(scrub, "RUN_BYTES", images[0].bytes + 1)
    # Also where a bucket vouches for them.
    monkeypatch.setattr(scrub, "MONTHS", 1)
    not_seen_for(images, days=31)
    assert scrub.scrub() == 2


def test_one_run_takes_a_bounded_time(images, monkeypatch):
    """A storage that trickles must not keep the keeper from all else."""
    monkeypatch.setattr(scrub, "RUNS_A_DAY", 0.01)
    monkeypatch.setattr(scrub, "RUN_SECONDS", -1)
    not_seen_for(images, days=31)
    assert scrub.scrub() == 1


def test_a_rotten_or_missing_original_is_a_finding_and_stops_no_other(images):
    rotten, missing, *_ = images
    not_seen_for(images, days=31)
    sound = original_bytes(rotten)
    put(rotten.original_file, b"\0" + sound[1:])
    lose(missing.original_file)
    assert [scrub.scrub() for _ in range(5)] == [1, 1, 1, 1, 0]
    kinds = Finding.objects.unresolved().values_list("file", "kind")
    assert dict(kinds) == {rotten.original_file: "damaged_original", missing.original_file: "missing_original"}
    put(rotten.original_file, sound)
    not_seen_for([rotten], days=31)
    scrub.scrub()
    assert [finding.file for finding in Finding.objects.unresolved()] == [missing.original_file]


def test_without_days_there_is_no_scrub(images, settings):
    settings.SCRUB_DAYS = timedelta(0)
    not_seen_for(images, days=3000)
    assert scrub.scrub() == 0


def test_without_the_marker_nothing_is_said_about_originals(images):
    not_seen_for(images, days=31)
    lose(identity.NAME)
    with pytest.raises(identity.NotOurStorage):
        scrub.scrub()
    assert (looked_at(), Finding.objects.count()) == (set(), 0)


def test_the_longest_unverified_are_found_by_an_index(images):
    due = scrub.longest_unverified().filter(verified_at__lt=timezone.now())[:1]
    assert "image_longest_unverified" in due.explain()
