"""The form of selected photos, which works without JavaScript."""

import re
from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from albums.models import Album
from albums.services import change
from images.models import Image
from images.ordering import place
from images.services import move
from images.tests.helpers import made_album
from imagestore.portal.selection import MAX_FORM_IDS
from tests.rows import album_of, image_in, person

pytestmark = pytest.mark.django_db

SELECTED = "/photos/selected/"


@pytest.fixture
def alice():
    return person("alice")


@pytest.fixture
def act(pages):
    """Sends the form with these photos."""

    def act(action, *images, follow=True, **fields):
        ids = [str(image.public_id) for image in images]
        return pages.post(SELECTED, {"action": action, "ids": ids, **fields}, follow=follow)

    return act


def undo(pages, answer):
    """Presses the button "Undo" of the page."""
    [form] = re.findall(
        r'<form method="post" action="/photos/selected/">(.*?)</form>', answer.content.decode(), re.DOTALL
    )
    fields = dict(re.findall(r'<input type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form))
    return pages.post(SELECTED, fields, follow=True).content.decode()


def state(*images):
    return [
        (row.album.title, row.favourite, row.trashed_at is not None)
        for row in Image.objects.filter(pk__in=[image.pk for image in images])
        .select_related("album")
        .order_by("pk")
    ]


def test_each_tile_has_a_box_that_names_its_photo(pages, sea):
    ids = {str(image.public_id) for image in sea.values()}
    for path in ("/photos/", sea["hills"].album.get_absolute_url()):
        page = pages.get(path).content.decode()
        assert set(re.findall(r'name="ids" value="([^"]+)" form="selection"', page)) == ids
        assert 'aria-label="Select hills.jpg"' in page


def test_trash_can_be_undone(pages, act, sea):
    answer = act("trash", sea["hills"], sea["sea 1"], next="/albums/")
    assert answer.redirect_chain == [("/albums/", 302)]
    assert "2 photos are in the trash." in answer.content.decode()
    assert [trashed for *_, trashed in state(*sea.values())] == [False, True, False, True]
    assert "2 photos are back." in undo(pages, answer)
    assert [trashed for *_, trashed in state(*sea.values())] == [False] * 4


def test_without_a_trash_photos_are_deleted_after_a_question(pages, act, sea, settings):
    settings.TRASH_DAYS = 0
    page = pages.get("/photos/").content.decode()
    assert 'value="trash"' not in page
    question = act("delete", sea["hills"], sea["sea 1"]).content.decode()
    assert "Delete <span data-photos>2 photos</span> for ever?" in question
    assert Image.objects.living().count() == 4
    assert "1 photo is deleted." in act("delete", sea["hills"], permanent="true").content.decode()
    assert Image.objects.living().count() == 3


def test_favourites_come_and_go(act, sea):
    act("favourite", sea["hills"], sea["sea 1"])
    assert [favourite for _, favourite, _ in state(*sea.values())] == [False, True, False, True]
    act("unfavourite", sea["hills"])
    assert [favourite for _, favourite, _ in state(*sea.values())] == [False, False, False, True]


def test_a_move_asks_for_the_album_and_can_be_undone(pages, act, alice, sea):
    winter = album_of(alice, "Winter")
    question = act("move", sea["hills"], sea["sea 1"]).content.decode()
    assert set(re.findall(r'<option value="([^"]+)"', question)) == {
        str(album.public_id) for album in Album.objects.all()
    }
    assert {title for title, *_ in state(*sea.values())} == {"Summer"}
    answer = act("move", sea["hills"], sea["sea 1"], album=str(winter.public_id))
    assert "2 photos are in “Winter” now." in answer.content.decode()
    assert [title for title, *_ in state(*sea.values())] == ["Summer", "Winter", "Summer", "Winter"]
    undo(pages, answer)
    assert {title for title, *_ in state(*sea.values())} == {"Summer"}


def test_the_album_in_which_the_photos_are_is_no_choice(pages, act, alice, sea):
    here, winter = sea["hills"].album, album_of(alice, "Winter")
    for question in (
        pages.get(f"{SELECTED}?action=move&without={here.public_id}"),
        act("move", sea["hills"], without=str(here.public_id)),
    ):
        options = re.findall(r'<option value="([^"]+)"', question.content.decode())
        assert options == [str(winter.public_id)]
    assert f'name="without" value="{here.public_id}"' in pages.get(here.get_absolute_url()).content.decode()
    assert len(re.findall("<option", pages.get(f"{SELECTED}?action=move&without=").content.decode())) == 2
    assert pages.get(f"{SELECTED}?action=move&without=x").status_code == 404


def test_a_move_into_a_new_album(act, sea):
    act("move", sea["hills"], title=" Hikes ")
    assert state(sea["hills"]) == [("Hikes", False, False)]
    assert act("move", sea["hills"], title="x" * 201).status_code == 400
    assert act("move", sea["hills"], title="a\0b").status_code == 400


def test_a_photo_that_cannot_be_moved_stays_and_the_page_says_why(act, alice, sea):
    winter = album_of(alice, "Winter")
    same = image_in(winter)
    Image.objects.filter(pk=same.pk).update(living_sha256=sea["hills"].living_sha256, sha256=sea["hills"].sha256)
    said = act("move", sea["hills"], sea["sea 1"], album=str(winter.public_id)).content.decode()
    assert "1 photo is in “Winter” now. It was not done to 1: That album has these bytes already." in said
    assert [title for title, *_ in state(sea["hills"], sea["sea 1"])] == ["Summer", "Winter"]


def test_a_copy_can_be_undone_and_what_the_album_had_before_stays(pages, act, alice):
    _, [before, new] = made_album(alice)
    winter = album_of(alice, "Winter")
    act("copy", before, album=str(winter.public_id))
    [there] = winter.images.living()
    answer = act("copy", before, new, album=str(winter.public_id))
    assert "2 photos are in “Winter”, too." in answer.content.decode()
    assert winter.images.living().count() == 2
    assert "1 photo is deleted." in undo(pages, answer)
    assert list(winter.images.living()) == [there]
    assert Image.objects.living().count() == 3


@pytest.mark.parametrize(
    "action", ["trash", "restore", "favourite", "unfavourite", "move", "copy", "delete", "rotate-left"]
)
def test_photos_of_others_are_not_there(act, alice, sea, action):
    theirs = image_in(album_of(person("bob")))
    mine = album_of(alice)
    answer = act(action, theirs, follow=False, album=str(mine.public_id), permanent="true")
    assert answer.status_code == 404
    assert state(theirs) == [("Summer", False, False)]
    act(action, theirs, sea["hills"], album=str(mine.public_id), permanent="true")
    assert state(theirs) == [("Summer", False, False)]
    if action == "move":
        assert act(action, sea["hills"], album=str(theirs.album.public_id)).status_code == 404


def test_what_is_no_such_form_is_refused(pages, sea):
    for fields, status in (
        ({}, 400), ({"action": "burn"}, 400), ({"action": "trash", "ids": "x"}, 404),
        ({"action": "trash", "ids": ",".join([str(uuid4())] * (MAX_FORM_IDS + 1))}, 400),
        ({"action": "move", "ids": str(sea["hills"].public_id), "album": "x"}, 404),
        ({"action": "trash", "ids": ""}, 302),
    ):  # fmt: skip
        assert pages.post(SELECTED, fields).status_code == status, fields
    assert [pages.get(SELECTED + query).status_code for query in ("?action=burn", "?action=trash")] == [400, 400]


def test_photos_are_rotated_copied_and_dated(act, alice, sea):
    act("rotate-left", sea["hills"])
    act("rotate-right", sea["hills"], sea["sea 1"])
    assert [Image.objects.get(pk=sea[name].pk).rotation for name in ("hills", "sea 1")] == [0, 90]
    Image.objects.filter(pk=sea["hills"].pk).update(taken_at=datetime(2024, 5, 1, 12, tzinfo=UTC))
    shift = {"sign": "-1", "days": "1", "hours": "2", "minutes": "3"}
    act("shift_taken_at", sea["hills"], **shift)
    assert Image.objects.get(pk=sea["hills"].pk).taken_at == datetime(2024, 4, 30, 9, 57, tzinfo=UTC)
    for nonsense in ({"days": "99999"}, {"hours": "x"}, {"sign": "2"}):
        assert act("shift_taken_at", sea["hills"], **(shift | nonsense)).status_code == 400


@pytest.mark.parametrize("url", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""])
def test_the_form_leads_to_no_other_site(act, sea, url):
    assert act("trash", sea["hills"], follow=False, next=url).headers["Location"] == "/photos/"


@pytest.mark.parametrize("action", ["move", "delete", "copy", "shift_taken_at"])
def test_each_question_has_a_form_for_the_dialog(pages, sea, action):
    page = pages.get(f"{SELECTED}?action={action}").content.decode()
    assert "data-confirm-form" in page
    assert "data-photos" in page
    assert "data-cancel" in page


def test_the_ids_of_a_list_are_told_by_album(pages, alice, sea):
    winter = album_of(alice, "Winter")
    move(sea["hills"], winter)
    image_in(album_of(person("bob")))

    def ids(query=""):
        found = defaultdict(set)
        for album, images in pages.get(f"/photos/ids/{query}").json():
            found[album].update(images)
        return found

    def of(*names):
        return {str(sea[name].public_id) for name in names}

    summer = str(sea["sea 1"].album.public_id)
    assert ids() == {summer: of("sea 1", "sea 2", "sea 3"), str(winter.public_id): of("hills")}
    assert ids("?search=2") == {summer: of("sea 2")}
    assert ids(f"?album={winter.public_id}&search=") == {str(winter.public_id): of("hills")}


def test_the_ids_of_a_list_are_in_its_order(pages, alice):
    album, other = album_of(alice), album_of(alice, "Other")
    ids = {name: str(image_in(album, name=name).public_id) for name in "bac"}
    place(album, [UUID(ids["c"])], before=UUID(ids["b"]))
    ids["aa"] = str(image_in(other, name="aa").public_id)

    def told(path):
        return [(run_album, run) for run_album, run in pages.get(path).json()]

    def of(names, album=album):
        return str(album.public_id), [ids[name] for name in names]

    own = f"/albums/{album.public_id}/ids/"
    assert told(f"{own}?ordering=position") == [of("cba")]
    assert told(f"{own}?ordering=-name") == [of("cba")]
    assert told(f"{own}?ordering=name&search=a") == [of("a")]
    change(album, ordering="position")
    assert told(own) == [of("cba")]
    assert told("/photos/ids/?ordering=name") == [of("a"), of(["aa"], other), of("bc")]
    assert pages.get("/photos/ids/?ordering=position").status_code == 400
    page = pages.get(f"{album.get_absolute_url()}?ordering=name").content.decode()
    assert f'data-ids="{own}?ordering=name"' in page


def test_photos_are_put_first_and_last_by_hand(pages, act, alice):
    album = album_of(alice)
    images = {name: image_in(album, name=name) for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")}

    def order():
        return "".join(image.name[0] for image in Image.objects.in_album(album).order_by("position", "pk"))

    assert order() == "abcd"
    assert "at the beginning" in act("put-first", images["d.jpg"], images["b.jpg"]).content.decode()
    assert order() == "dbac"
    act("put-last", images["d.jpg"], images["a.jpg"])
    assert order() == "bcda"
    act("put-first", *images.values())
    assert order() == "bcda"
    page = pages.get(f"{album.get_absolute_url()}?ordering=position").content.decode()
    assert "put-first" in page
    assert "put-first" not in pages.get(album.get_absolute_url()).content.decode()


def test_photos_of_several_albums_have_no_common_order(act, alice, sea):
    other = image_in(album_of(alice, "Other"), name="z.jpg")
    assert act("put-last", sea["hills"], other).status_code == 404
