"""The titles of one owner's albums: stored in one spelling, found exactly, searched."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from albums.models import TITLE_LENGTH, Album
from albums.services import LIST, change, create, find_or_create, trash
from images.tests.helpers import album, user
from imagestore.kit.problems import Problem
from imagestore.kit.text import composed, storable

pytestmark = pytest.mark.django_db


def test_searching_looks_into_title_and_description_of_ones_own():
    alice, bob = user(), user("bob@example.org")
    album(alice, "Iceland")
    album(alice, "North", description="All over ICELAND")
    album(alice, "Norway")
    album(bob, "Iceland too")
    found = LIST.read({"search": "iceland"}).apply(Album.objects.owned_by(alice))
    assert {row.title for row in found} == {"Iceland", "North"}


DECOMPOSED, COMPOSED = "Rose\u0301", "Ros\u00e9"


def test_a_title_that_macos_spells_is_found_by_the_letters_that_people_type():
    alice = user()
    create(alice, title=DECOMPOSED, description=DECOMPOSED)
    change(create(alice, title="x"), title=DECOMPOSED)
    for typed in (COMPOSED, DECOMPOSED):
        rows = LIST.read({"search": typed}).apply(Album.objects.owned_by(alice))
        assert [row.title for row in rows] == [COMPOSED, COMPOSED]


def test_a_title_is_found_exactly_or_made():
    """A collation of MariaDB counts the titles of each pair as equal."""
    alice, bob = user(), user("bob@example.org")
    titles = ["Rose", COMPOSED, "foto", "Foto", "\U0001f600", "\U0001f389", "end", "end "]
    albums = {title: find_or_create(alice, title) for title in titles}
    assert sorted(Album.objects.values_list("title", flat=True)) == sorted(titles)
    assert {title: find_or_create(alice, title) for title in titles} == albums
    assert find_or_create(alice, DECOMPOSED) == albums[COMPOSED]
    assert find_or_create(bob, "Rose").owner == bob
    trash(alice, Album.objects.filter(title="Rose"))
    assert find_or_create(alice, "Rose") != albums["Rose"]


def test_text_too_long_to_compose_stays_as_it_is():
    grows = "\ufb2c" * TITLE_LENGTH
    assert find_or_create(user(), grows).title == grows
    assert composed("e\u0301" * 400_000, TITLE_LENGTH) == "e\u0301" * 400_000


def test_foreign_text_loses_what_no_database_takes():
    assert storable(" a\0b\ud800\x1b[31mc\n\nRose\u0301 ", 100) == f"ab[31mc\n\n{COMPOSED}"
    assert storable("abc", 2) == "ab"


def test_the_migration_composes_the_titles_that_are_there():
    alice = user()
    old = [album(alice, DECOMPOSED), album(alice, "\ufb2c" * TITLE_LENGTH), album(alice, "Iceland")]
    import_module("albums.migrations.0004_titles_composed").compose(apps, None)
    titles = [Album.objects.get(pk=row.pk).title for row in old]
    assert titles == [COMPOSED, "\ufb2c" * TITLE_LENGTH, "Iceland"]


def test_albums_have_a_limit_that_counts_the_trash_but_not_what_is_deleted_for_ever(settings):
    settings.MAX_ALBUMS = 2
    alice, bob = user(), user("bob@example.org")
    first, second = create(alice, title="first"), find_or_create(alice, "second")
    trash(alice, Album.objects.filter(pk=first.pk))
    for make in (lambda: create(alice, title="third"), lambda: find_or_create(alice, "third")):
        with pytest.raises(Problem) as refused:
            make()
        assert (refused.value.status, refused.value.code) == (413, "quota_exceeded")
        assert refused.value.extra == {"limit": 2, "used": 2}
    assert find_or_create(alice, "second") == second
    create(bob, title="first")
    Album.objects.filter(pk=first.pk).update(doomed_at=timezone.now())
    create(alice, title="third")
