"""One runner at a time, and the scrub: every original read again in SCRUB_DAYS."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from images import engine, locks
from images.deletion.removal import doom_images, purge
from images.models import Finding, Image, Runner
from images.storage import identity
from images.tests.helpers import album, colours, lose, original_bytes, put, received, stored, user
from images.upkeep import scrub

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = timedelta(minutes=5)


# ---- One at a time ----------------------------------------------------------------------------


def test_one_runner_at_a_time_and_the_next_after_it():
    with locks.hold("reconcile", LEASE) as first:
        assert first
        assert locks.is_held("reconcile")
        with locks.hold("reconcile", LEASE) as second, locks.hold("backup", LEASE) as other:
            assert (second, other is None) == (None, False)
        assert locks.is_held("reconcile")
    assert not locks.is_held("reconcile")
    with locks.hold("reconcile", LEASE) as third:
        assert third


def test_a_runner_that_died_is_followed_when_its_lease_ends():
    with locks.hold("reconcile", timedelta(seconds=-1)) as dead:
        assert dead
        with locks.hold("reconcile", LEASE) as next_one:
            assert next_one
            assert not dead.extend()
            assert next_one.extend()


def test_a_runner_whose_lease_is_longer_than_any_holds_nothing_back():
    """It was given by a clock that has been set back since."""
    with locks.hold("backup", timedelta(days=365)):
        assert not locks.is_held("backup")
        with locks.hold("backup", LEASE) as next_one:
            assert next_one
            assert locks.is_held("backup")


def test_a_lease_that_has_ended_is_not_renewed_though_nobody_took_it():
    with locks.hold("backup", LEASE) as turn:
        assert turn.extend()
        Runner.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        assert not turn.extend()
        assert not locks.is_held("backup")


def test_a_runner_that_failed_lets_go():
    with pytest.raises(ZeroDivisionError), locks.hold("reconcile", LEASE):
        _ = 1 / 0
    assert not locks.is_held("reconcile")


def test_the_command_says_that_another_one_reconciles():
    with locks.hold(locks.RECONCILE, LEASE), pytest.raises(CommandError, match="right now"):
        call_command("reconcile")
    call_command("reconcile", stdout=StringIO())


def test_a_server_that_starts_does_not_wait_for_the_lease_of_the_one_that_died(monkeypatch):
    runs = []
    monkeypatch.setattr(engine, "reconcile", lambda sums: runs.append(sums))
    fresh = engine.Engine()
    with locks.hold(locks.RECONCILE, LEASE):
        fresh._reconcile()
        fresh._reconcile()
    assert len(runs) == 1
    fresh._reconcile()
    assert len(runs) == 2
    assert not Runner.objects.exclude(leased_until=None).exists()


def test_nothing_leaves_the_storage_while_a_backup_is_taken():
    alice = user()
    received(album(alice))
    doom_images(alice, Image.objects.all())
    with locks.hold(locks.BACKUP, LEASE):
        assert (purge(), len(stored())) == (0, 1)
    assert (purge(), stored()) == (1, set())


# ---- The scrub --------------------------------------------------------------------------------


@pytest.fixture
def images() -> list[Image]:
    holiday = album(user())
    return [received(holiday, content) for content in colours(4)]


def not_seen_for(images: list[Image], **age: int) -> None:
    Image.objects.filter(pk__in=[image.pk for image in images]).update(
        verified_at=timezone.now() - timedelta(**age)
    )


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


# ---- Findings in the admin --------------------------------------------------------------------


def test_operators_see_findings_and_cannot_change_them(client, images):
    lose(images[0].original_file)
    not_seen_for(images[:1], days=31)
    scrub.scrub()
    client.force_login(user("root@example.org", is_staff=True, is_superuser=True))
    listed = client.get(reverse("admin:images_finding_changelist")).content.decode()
    assert "missing original" in listed
    assert images[0].original_file in listed
    assert reverse("admin:images_image_change", args=[images[0].pk]) in listed
    finding = Finding.objects.get()
    assert client.get(reverse("admin:images_finding_add")).status_code == 403
    assert client.post(reverse("admin:images_finding_change", args=[finding.pk]), {"kind": "x"}).status_code == 403
    assert (
        client.post(reverse("admin:images_finding_delete", args=[finding.pk]), {"post": "yes"}).status_code == 403
    )
    assert "Findings" in client.get(reverse("admin:index")).content.decode()
