"""Words that an older version, a crash or a bug left wrong are found and written again."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from albums.models import Album, AlbumWord
from albums.services import create
from images.models import Image, ImageWord
from images.tests.helpers import received, user
from images.upkeep import words
from images.upkeep.reconcile import reconcile
from images.upkeep.words import WordsPass, count_differing, rebuild

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> Image:
    return received(create(user(), title="Summer 10"), name="IMG_2.jpg")


def state():
    return [sorted(model.objects.values_list()) for model in (AlbumWord, ImageWord)], [
        Album.objects.get().title_key,
        Image.objects.get().name_key,
    ]


def left_by_an_older_version(image):
    ImageWord.objects.all().delete()
    AlbumWord.objects.all().delete()
    Image.objects.update(name_key="")
    Album.objects.update(title_key="")


WRONG = {
    "rows of an older version": left_by_an_older_version,
    "a name that an older version changed": lambda image: ImageWord.objects.filter(word="img").update(word="old"),
    "a move by an older version": lambda image: ImageWord.objects.update(album_id=image.album_id + 1),
    "an order by another name": lambda image: Image.objects.update(name_key="x"),
    "a word too many": lambda image: AlbumWord.objects.create(
        album=image.album, owner=image.owner, word="x", position=9
    ),
    "words of an image that is gone": lambda image: ImageWord.objects.create(
        image_id=image.pk + 7, album=image.album, owner=image.owner, word="x", position=0
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_counted_and_written_again(image, wrong):
    right, changed_at = state(), Image.objects.get().updated_at
    assert (count_differing(), rebuild()) == (0, 0)
    WRONG[wrong](image)
    assert state() != right
    assert count_differing() == (2 if wrong == "rows of an older version" else 1)
    assert reconcile(sums=False).repaired_words == count_differing() + (2 if wrong.startswith("rows") else 1)
    assert (state(), count_differing()) == (right, 0)
    assert Image.objects.get().updated_at == changed_at


def test_a_pass_goes_on_where_the_last_run_ended(image, monkeypatch):
    monkeypatch.setattr(words, "BATCH_ROWS", 1)
    for number in range(3):
        create(image.owner, title=str(number))
    AlbumWord.objects.all().delete()
    server = WordsPass(seconds=-1)
    assert [server.run() for _ in range(7)] == [1, 1, 1, 1, 0, 0, 0]
    assert count_differing() == 0


def test_a_row_that_a_request_writes_meanwhile_is_left_alone(image):
    """The request has the row locked, so its words are compared again under the lock."""
    ImageWord.objects.all().delete()
    found = list(words.compare())
    rebuild()
    assert sum(words.repair_words(*differing) for differing in found) == 0
    assert [words.confirm_disagreeing(*differing)[1] for differing in found] == [set(), set()]


def test_commands_tell_and_repair(image):
    def run(*command):
        out = StringIO()
        try:
            call_command(*command, stdout=out, stderr=StringIO())
        except SystemExit as end:
            return end.code, out.getvalue()
        return 0, out.getvalue()

    Image.objects.update(verified_at=timezone.now())
    assert run("verify") == (0, "Everything is as it should be.\n")
    ImageWord.objects.all().delete()
    code, told = run("verify")
    assert code == 1
    assert "The words of 1 albums and images differ from their texts. Run manage.py rebuild_search." in told
    assert run("rebuild_search") == (0, "albums and images whose words were written again: 1\n")
    assert run("verify")[0] == 0
