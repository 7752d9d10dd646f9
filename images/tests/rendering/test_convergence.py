"""READY images that are not as the table of sizes wants them are made again, and show what they have meanwhile."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from images import engine, lifecycle, locks
from images.delivery.links import downloads_of, file_of, links_of, signed_link
from images.models import Image, Status
from images.processing import Crashed, Damaged
from images.processing.sizes import LARGEST, RENDER_VERSION, SIZES, SMALLEST, nearest
from images.rendering import convergence, variants
from images.storage.base import image_storage
from images.tests.helpers import album, colours, lose, received, stored, user, work_off
from images.tests.pictures import jpeg_bytes
from images.tests.processing.test_origin import exif

pytestmark = pytest.mark.django_db

BIG = jpeg_bytes(3000, 2000)
LENS_MODEL, F_NUMBER = 0xA434, 0x829D
OLD = ".v0."
SECOND_SMALLEST, SECOND_LARGEST = list(SIZES)[1], list(SIZES)[-2]


@pytest.fixture(autouse=True)
def _all_keys_in_one_step():
    """A database that was used before counts keys on: with real steps, a walk would first pass all of those."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(convergence, "STEP_ROWS", 10**12)
        yield


@pytest.fixture
def alice():
    return user()


@pytest.fixture
def image(alice):
    made = received(album(alice), BIG)
    work_off()
    made.refresh_from_db()
    return made


def without(image: Image, *sizes: str) -> None:
    """As a store left it whose table had these sizes not yet."""
    for size in sizes:
        lose(f"{image.storage_prefix}/{image.variants.pop(size)['file']}")
    image.save(update_fields=["variants"])


def of_an_older_version(image: Image) -> None:
    for variant in image.variants.values():
        name = f"{image.storage_prefix}/{variant['file']}"
        variant["file"] = variant["file"].replace(f".v{RENDER_VERSION}.", OLD)
        image_storage().rename(name, f"{image.storage_prefix}/{variant['file']}")
    image.save(update_fields=["variants"])


def converge(walk: convergence.Walk | None = None) -> int:
    """A whole walk of at most 20 steps; how many images it made again."""
    walk, count = walk or convergence.Walk(), 0
    for _ in range(20):
        if claim := walk.claim_next():
            variants.render(claim)
            count += 1
    return count


def whole(image: Image) -> set[str]:
    image.refresh_from_db()
    assert image.variants.keys() == SIZES.keys()
    return {image.original_file, *(f"{image.storage_prefix}/{one['file']}" for one in image.variants.values())}


def child_that_fails(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(variants, "render_in_child", fail)


# ---- What is found, and made again --------------------------------------------------------------


def test_an_image_as_the_table_wants_it_is_left_alone(image):
    before = (image.updated_at, stored())
    assert convergence.count_left().images == 0
    assert converge() == 0
    image.refresh_from_db()
    assert (image.updated_at, stored()) == before


@pytest.mark.parametrize("size", SIZES)
def test_a_missing_size_is_made(image, size):
    without(image, size)
    assert convergence.count_left().images == 1
    assert converge() == 1
    assert stored() == whole(image)
    assert convergence.count_left().images == 0


def test_lens_and_exposure_of_an_image_that_was_stored_without_them_are_read(alice):
    photo = {LENS_MODEL: "EF24-70mm f/2.8L II USM", F_NUMBER: 2.8}
    older = received(album(alice), jpeg_bytes(3000, 2000, exif=exif(photo=photo)))
    work_off()
    expected = Image.objects.values("lens", "exposure").get(pk=older.pk)
    assert (expected["lens"], expected["exposure"]["aperture"]) == ("EF24-70mm f/2.8L II USM", 2.8)
    older.refresh_from_db()
    older.lens, older.exposure = "", None
    older.save(update_fields=["lens", "exposure"])
    of_an_older_version(older)
    assert converge() == 1
    assert Image.objects.values("lens", "exposure").get(pk=older.pk) == expected


def test_a_lens_that_only_probing_found_stays(image):
    Image.objects.update(lens="M-Rokkor 40", exposure={"iso": 100})
    image.refresh_from_db()
    of_an_older_version(image)
    assert converge() == 1
    image.refresh_from_db()
    assert (image.lens, image.exposure) == ("M-Rokkor 40", {"iso": 100})


def test_files_of_an_older_version_are_replaced(image):
    of_an_older_version(image)
    assert converge() == 1
    assert stored() == whole(image)
    assert not any(OLD in name for name in stored())


def test_it_stays_ready_and_keeps_what_it_has_until_then(image, monkeypatch):
    without(image, LARGEST)
    states = []

    def look_and_render(*given: Any) -> Any:
        states.append((Image.objects.get().status, set(Image.objects.get().variants)))
        return render(*given)

    render = variants.render_in_child
    monkeypatch.setattr(variants, "render_in_child", look_and_render)
    converge()
    assert states == [(Status.READY, set(SIZES) - {LARGEST})]


def test_the_oldest_comes_first_and_each_once(alice):
    holiday = album(alice)
    made = [received(holiday, content) for content in colours(3)]
    work_off()
    for one in made:
        one.refresh_from_db()
        without(one, SMALLEST)
    walk, order = convergence.Walk(), []
    while claim := walk.claim_next():
        order.append(claim.image)
        variants.render(claim)
    assert order == [one.pk for one in made]


def test_one_that_another_worker_holds_is_not_taken(image):
    without(image, LARGEST)
    assert lifecycle.lease(Image.objects.filter(pk=image.pk), timedelta(minutes=1))
    assert convergence.count_left().images == 1
    walk = convergence.Walk()
    assert converge(walk) == 0
    Image.objects.update(leased_until=timezone.now())
    assert converge(walk) == 1


@pytest.mark.parametrize("status", [Status.PENDING, Status.FAILED, Status.DOOMED, Status.RECEIVING])
def test_only_ready_images_are_looked_at(image, status):
    without(image, LARGEST)
    Image.objects.update(status=status)
    assert converge() == 0


def test_images_in_the_trash_converge_too(image):
    without(image, LARGEST)
    Image.objects.update(trashed_at=timezone.now())
    assert converge() == 1


def test_a_walk_goes_on_over_many_steps(alice, monkeypatch):
    monkeypatch.setattr(convergence, "STEP_ROWS", 1)
    holiday = album(alice)
    made = [received(holiday, content) for content in colours(3)]
    work_off()
    made[2].refresh_from_db()
    without(made[2], SMALLEST)
    for key, image in enumerate(made, start=1):
        Image.objects.filter(pk=image.pk).update(id=key)
    assert converge() == 1


def test_a_new_walk_begins_after_a_while(image, monkeypatch):
    monkeypatch.setattr(convergence, "WALK_SECONDS", 0)
    walk = convergence.Walk()
    assert converge(walk) == 0
    without(image, LARGEST)
    assert converge(walk) == 1


# ---- What goes wrong ----------------------------------------------------------------------------


def test_one_that_was_made_half_way_is_made_again(image, monkeypatch):
    """The row names the new files, and its worker dies before it removes the old ones."""
    of_an_older_version(image)

    def die(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(variants, "_remove_others", die)
    with pytest.raises(SystemExit):
        converge()
    monkeypatch.undo()
    assert any(OLD in name for name in stored())
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert convergence.Walk().claim_next() is not None
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert converge() == 1
    assert stored() == whole(image)
    assert Image.objects.get().lease_token is None


def test_old_files_that_a_storage_keeps_are_removed_at_the_next_walk(image, monkeypatch):
    of_an_older_version(image)

    def refuse(*_: Any) -> None:
        raise OSError("not now")

    monkeypatch.setattr(type(image_storage()), "delete_others", refuse)
    assert converge() == 1
    monkeypatch.undo()
    assert any(OLD in name for name in stored())
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert converge() == 1
    assert stored() == whole(image)


def test_one_that_cannot_be_made_again_keeps_what_it_has_and_is_left_alone(image, monkeypatch):
    of_an_older_version(image)
    before = stored()
    child_that_fails(Damaged("It is cut off."), monkeypatch)
    assert converge() == 1
    assert (converge(), convergence.count_left().images, convergence.count_given_up()) == (0, 0, 1)
    image.refresh_from_db()
    assert (image.status, stored(), image.lease_token) == (Status.READY, before, None)
    assert "It is cut off." in image.error_detail


def test_a_child_that_dies_counts_and_the_second_death_ends_it(image, monkeypatch):
    without(image, LARGEST)
    child_that_fails(Crashed(), monkeypatch)
    assert (converge(), convergence.count_given_up()) == (1, 0)
    assert (converge(), convergence.count_given_up()) == (1, 1)
    assert Image.objects.get().status == Status.READY


def test_another_table_forgives(image, monkeypatch):
    without(image, LARGEST)
    child_that_fails(Damaged(), monkeypatch)
    converge()
    monkeypatch.undo()
    monkeypatch.setattr(convergence, "_GIVEN_UP", f"Not made again as v{RENDER_VERSION + 1}:")
    assert converge() == 1
    assert stored() == whole(image)


def test_a_deletion_meanwhile_leaves_no_file(image, alice, monkeypatch):
    of_an_older_version(image)
    render = variants.render_in_child

    def delete_and_render(*given: Any) -> Any:
        lifecycle.doom(Image.objects.all())
        return render(*given)

    monkeypatch.setattr(variants, "render_in_child", delete_and_render)
    converge()
    assert stored() == set()


# ---- What people see meanwhile --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "made", "shown"),
    [
        ("small", SIZES, "small"),
        ("small", ["thumb", "medium", "large"], "medium"),
        ("large", ["thumb", "small"], "small"),
        ("thumb", ["large"], "large"),
        ("thumb", [], None),
    ],
)
def test_the_nearest_size(size, made, shown):
    assert nearest(size, made) == shown


def test_links_and_files_give_the_nearest_size(image):
    without(image, SECOND_SMALLEST, LARGEST)
    links = links_of(image)
    next_larger = list(SIZES)[2]
    assert links.sizes[SECOND_SMALLEST] == links.sizes[next_larger]
    assert links.largest == links.sizes[SECOND_LARGEST]
    assert file_of(image, SECOND_SMALLEST) == image.variants[next_larger]["file"]
    assert downloads_of(image)[0][0] == SECOND_LARGEST


@pytest.mark.django_db(transaction=True)
def test_the_api_and_the_page_show_every_size(image, alice, client: Client):
    without(image, LARGEST)
    client.force_login(alice)
    shown = client.get(f"/api/v1/images/{image.public_id}/").json()["variants"]
    assert shown[LARGEST] == shown[SECOND_LARGEST]
    stands_in = client.get(f"/api/v1/images/{image.public_id}/file/?size={LARGEST}")
    assert len(b"".join(stands_in)) == image.variants[SECOND_LARGEST]["bytes"]
    stands_in.close()
    assert client.get(image.get_absolute_url()).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_link_to_a_file_of_an_older_version_leads_to_todays(image, client: Client):
    of_an_older_version(image)
    link = signed_link(image, image.variants[SECOND_LARGEST]["file"])
    converge()
    answer = client.get(link)
    assert answer.status_code == 302
    todays = client.get(answer["Location"])
    assert b"".join(todays).startswith(b"\xff\xd8")
    todays.close()
    forged = client.get(link.replace("signature=", "signature=0"))
    assert forged.status_code == 404
    image.refresh_from_db()
    Image.objects.update(trashed_at=timezone.now())
    assert client.get(link).status_code == 404


# ---- Who does it ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_engine_does_it_by_itself_but_new_work_comes_first(image, alice):
    without(image, LARGEST)
    waiting = received(album(alice, "New"), jpeg_bytes(color=(9, 9, 9)))
    running = engine.Engine()
    claim = running._claim(0)
    assert claim.image == waiting.pk
    variants.render(claim)
    assert running._claim(0) is None
    outdated = running._claim_outdated()
    assert outdated.image == image.pk
    assert running._claim_outdated() is None


def test_the_rate_is_bounded(alice, monkeypatch):
    holiday = album(alice)
    for content in colours(2):
        received(holiday, content)
    work_off()
    for one in Image.objects.all():
        without(one, SMALLEST)
    running = engine.Engine()
    assert running._claim_outdated() is not None
    assert running._claim_outdated() is None


@pytest.mark.django_db(transaction=True)
def test_the_command_makes_all_of_them_now(alice):
    holiday = album(alice)
    for content in colours(3):
        received(holiday, content)
    work_off()
    for one in Image.objects.all():
        without(one, SMALLEST)
    said = StringIO()
    call_command("render_again", stdout=said)
    assert said.getvalue() == "images made again: 3\n"
    assert convergence.count_left().images == 0
    call_command("render_again", stdout=said)
    assert said.getvalue().endswith("images made again: 0\n")


@pytest.mark.django_db(transaction=True)
def test_the_command_tries_again_what_could_not_be_made_and_says_how_many_still_cannot(image, monkeypatch):
    without(image, LARGEST)
    child_that_fails(Damaged("It is cut off."), monkeypatch)
    converge()
    said, complaints = StringIO(), StringIO()
    with pytest.raises(SystemExit):
        call_command("render_again", stdout=said, stderr=complaints)
    assert said.getvalue() == "images made again: 0\n"
    assert complaints.getvalue().startswith("1 could not be made again")
    monkeypatch.undo()
    call_command("render_again", stdout=StringIO())
    assert stored() == whole(image)


def test_operators_see_how_many_are_left(image, client: Client):
    without(image, LARGEST)
    client.force_login(user("root@example.org", is_staff=True, is_superuser=True))
    page = client.get("/admin/").content.decode()
    assert re.search(r"Images to be made again\s*</[^>]+>\s*<[^>]+>\s*1\s*<", page)


def test_a_count_takes_no_longer_than_it_may(image):
    without(image, LARGEST)
    assert convergence.count_left() == convergence.Left(1, counted_all=True)
    assert convergence.count_left(seconds=-1) == convergence.Left(0, counted_all=False)


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_a_storage_that_fails_has_left(image, monkeypatch):
    without(image, LARGEST)
    child_that_fails(OSError("not now"), monkeypatch)
    said, complaints = StringIO(), StringIO()
    with pytest.raises(SystemExit):
        call_command("render_again", stdout=said, stderr=complaints)
    assert said.getvalue() == "images made again: 0\n"
    assert complaints.getvalue().startswith("1 are left")


@pytest.mark.django_db(transaction=True)
def test_nothing_converges_while_a_backup_is_taken(image):
    """Its copy of the rows names the old files."""
    of_an_older_version(image)
    before = stored()
    with locks.hold(locks.BACKUP, timedelta(hours=1)):
        assert converge() == 0
        with pytest.raises(SystemExit):
            call_command("render_again", stdout=StringIO(), stderr=StringIO())
    assert stored() == before
    assert converge() == 1
    assert stored() == whole(image)


def test_a_backup_that_begins_meanwhile_finds_the_old_files(image):
    of_an_older_version(image)
    before = stored()
    claim = convergence.Walk().claim_next()
    with locks.hold(locks.BACKUP, timedelta(hours=1)):
        variants.render(claim)
        assert before <= stored()
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert converge() == 1
    assert stored() == whole(image)
