"""Keyset pages: every row once, forwards and back, whatever ties and whatever changes."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from albums.models import Album
from albums.services import LIST
from images.tests.helpers import album, user
from imagestore.kit.keyset import neighbours, page_of
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def rows_of(owner, **params):
    return LIST.read({key: str(value) for key, value in params.items()}).page(Album.objects.owned_by(owner))


def walk(owner, **params):
    """All titles, page by page, forwards; then back again."""
    page = rows_of(owner, **params)
    seen, last = [row.title for row in page.items], page
    assert page.previous_cursor is None
    while page.next_cursor:
        page = rows_of(owner, cursor=page.next_cursor, **params)
        seen += [row.title for row in page.items]
        last = page
    back = [row.title for row in last.items]
    while last.previous_cursor:
        last = rows_of(owner, cursor=last.previous_cursor, **params)
        back = [row.title for row in last.items] + back
    assert back == seen
    return seen


@pytest.mark.parametrize("ordering", ["title", "-title", "created_at", "-created_at", "updated_at", "-updated_at"])
def test_every_row_comes_once_in_order_also_where_values_tie(ordering):
    alice = user()
    for index in range(7):
        album(alice, f"Album {index}")
    Album.objects.update(created_at=timezone.now(), updated_at=timezone.now())
    expected = [f"Album {index}" for index in range(7)]
    found = walk(alice, ordering=ordering, page_size=2)
    assert found == (expected[::-1] if ordering.startswith("-") else expected)


def test_rows_that_come_meanwhile_shift_nothing():
    alice = user()
    for index in range(4):
        album(alice, str(index))
    first = rows_of(alice, page_size=2)
    album(alice, "new")
    second = rows_of(alice, page_size=2, cursor=first.next_cursor)
    assert [row.title for row in first.items + second.items] == ["3", "2", "1", "0"]


def test_the_cursor_of_a_deleted_row_still_leads_on():
    alice = user()
    for index in range(4):
        album(alice, str(index))
    first = rows_of(alice, page_size=2)
    first.items[-1].delete()
    assert [row.title for row in rows_of(alice, page_size=2, cursor=first.next_cursor).items] == ["1", "0"]


@pytest.mark.parametrize("ordering", ["title", "-created_at"])
def test_rows_of_one_value_come_once_each_while_others_of_it_go_and_come(ordering):
    """Exact, also when the very row is gone that the cursor names."""
    alice = user()
    for _ in range(9):
        album(alice, "Same")
    Album.objects.update(created_at=timezone.now())
    page = rows_of(alice, ordering=ordering, page_size=3)
    everything = [row.pk for row in rows_of(alice, ordering=ordering).items]
    assert [row.pk for row in page.items] == everything[:3]
    Album.objects.filter(pk__in=everything[1:5]).delete()
    rest = rows_of(alice, ordering=ordering, page_size=3, cursor=page.next_cursor)
    assert [row.pk for row in rest.items] == everything[5:8]
    back = rows_of(alice, ordering=ordering, page_size=3, cursor=rest.previous_cursor)
    assert [row.pk for row in back.items] == everything[:1]


def test_a_cursor_tells_nothing_that_counts_rows_of_others():
    alice, bob = user(), user("bob@example.org")
    mine = [album(alice, str(index)) for index in range(4)]
    for index in range(1000, 1003):
        Album.objects.create(pk=987_654_000 + index, owner=bob, title="x")
    mine.append(Album.objects.create(pk=987_654_321, owner=alice, title="4"))
    page = rows_of(alice, page_size=2, ordering="title")
    middle = rows_of(alice, page_size=2, ordering="title", cursor=page.next_cursor)
    for cursor in (page.next_cursor, middle.next_cursor, middle.previous_cursor):
        packed = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        ids = {row.public_id.hex: row for row in mine}
        assert packed[:2] + packed[3:4] == [packed[0], "title", 0]
        assert packed[0] in (0, 1)
        assert packed[2] == ids[packed[4]].title_key
        assert len(packed) == 5


NONSENSE = {
    "page_size": ["0", "201", "10**9", "-1", "NaN", "²"],
    "ordering": ["owner__password", "--title", "id"],
    "cursor": ["x", "bm9uc2Vuc2U", "bnVsbA", "W10", "ü", "W1tbW1tb"],
}
ID = "0189000000007000800000000000000f"
ODD = [
    [0, "created_at", "9999-12-31T23:59:59-14:00", 0, ID],
    [0, "created_at", "0001-01-01T00:00:00+14:00", 0, ID],
    [0, "title", "\ud800", 0, ID],
    [2, "title", "x", 0, ID],
    [0, "title", 5, 0, ID],
    [0, "title", "x", -1, ID],
    [0, "title", "x", 1, ID],
    [0, "title", "x", True, ID],
    [0, "title", "x", 0, ID.upper()],
    [0, "title", "x", 0, ID[:-1]],
    [0, "title", "x", 0, ["0"] * 32],
    # As cursors were before they bore public ids; someone may have stored one.
    [0, "title", "x", 0, 17],
    [0, "title", "x", 17],
]


def test_a_cursor_of_this_form_is_taken():
    cursor = base64.urlsafe_b64encode(json.dumps([0, "title", "x", 0, ID]).encode()).decode()
    assert page_of(Album.objects.all(), {"cursor": cursor, "ordering": "title"}, LIST.orderings).items == []


@pytest.mark.parametrize("parts", ODD)
def test_a_forged_cursor_is_refused(parts):
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    with pytest.raises(Problem) as caught:
        page_of(Album.objects.all(), {"cursor": cursor, "ordering": parts[1]}, LIST.orderings)
    assert list(caught.value.extra["errors"]) == ["cursor"]


@pytest.mark.parametrize("params", [{name: value} for name, values in NONSENSE.items() for value in values])
def test_nonsense_is_refused_by_name(params):
    with pytest.raises(Problem) as caught:
        page_of(Album.objects.all(), params, LIST.orderings)
    assert caught.value.code == "invalid"
    assert list(caught.value.extra["errors"]) == list(params)


def test_a_cursor_fits_its_own_order_only():
    alice = user()
    for index in range(3):
        album(alice, str(index))
    cursor = rows_of(alice, page_size=1, ordering="title").next_cursor
    with pytest.raises(Problem):
        rows_of(alice, page_size=1, ordering="created_at", cursor=cursor)


def test_neighbours_are_the_newer_and_the_older():
    alice = user()
    old, middle, new = (album(alice, title) for title in ("old", "middle", "new"))
    rows = Album.objects.owned_by(alice)
    for name in (None, "-created_at"):
        assert neighbours(rows, middle, name, LIST.orderings) == (new, old)
        assert neighbours(rows, new, name, LIST.orderings) == (None, middle)
        assert neighbours(rows, old, name, LIST.orderings) == (middle, None)


@pytest.mark.parametrize("ordering", ["title", "-title", "created_at", "-created_at", "updated_at", "-updated_at"])
def test_neighbours_are_those_of_the_list_also_where_values_tie(ordering):
    alice = user()
    for _ in range(4):
        album(alice, "Same")
    Album.objects.update(created_at=timezone.now(), updated_at=timezone.now())
    listed = rows_of(alice, ordering=ordering).items
    expected = list(zip([None, *listed[:-1]], [*listed[1:], None], strict=True))
    assert [neighbours(Album.objects.owned_by(alice), row, ordering, LIST.orderings) for row in listed] == expected


def test_a_row_outside_the_list_has_neighbours_too():
    alice = user()
    first, other, last = (album(alice, title) for title in ("Sea 1", "Hills", "Sea 2"))
    sea = LIST.read({"search": "sea"}).apply(Album.objects.owned_by(alice))
    assert neighbours(sea, other, "created_at", LIST.orderings) == (first, last)


def test_an_ordering_that_is_none_has_no_neighbours():
    alice = user()
    with pytest.raises(Problem) as caught:
        neighbours(Album.objects.all(), album(alice), "owner", LIST.orderings)
    assert list(caught.value.extra["errors"]) == ["ordering"]


def test_times_far_away_do_no_harm():
    alice = user()
    album(alice)
    Album.objects.update(created_at=timezone.now() - timedelta(days=365_000))
    assert len(walk(alice, page_size=1)) == 1
