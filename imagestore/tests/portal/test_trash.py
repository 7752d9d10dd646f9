"""The trash on the pages."""

import re

import pytest
from django.urls import reverse
from django.utils.html import escape

from images.deletion import trash
from images.models import Image
from images.tests.helpers import made_album, trash_all, user, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return user()


@pytest.fixture
def api(client, alice):
    client.force_login(alice)
    return client


def test_deleting_says_where_it_went_and_undo_brings_it_back(api, alice):
    holiday, [image, _] = made_album(alice)
    for path, thing in (
        (reverse("image-delete", args=[image.public_id]), image),
        (reverse("album-delete", args=[holiday.public_id]), holiday),
    ):
        undo = reverse("trash-restore", args=[thing.public_id])
        page = api.post(path, follow=True).content.decode()
        assert f"“<bdi>{thing}</bdi>” is in the trash." in page
        assert f'<form method="post" action="{undo}">' in page
        answer = api.post(undo, follow=True)
        assert answer.redirect_chain == [(thing.get_absolute_url(), 302)]
        assert f"“{thing}” is back." in answer.content.decode()
        assert Image.objects.owned_by(alice).count() == 2


def test_the_trash_page_shows_what_there_is(api, alice):
    assert "The trash is empty" in api.get("/trash/").content.decode()
    holiday, [image, _] = made_album(alice)
    trash_all(image)
    page = api.get("/trash/").content.decode()
    assert "Photo from “<bdi>Iceland</bdi>”" in page
    assert "30 days left" in page
    trash_all(holiday)
    page = api.get("/trash/").content.decode()
    assert "Album with 1 photo<" in page
    assert reverse("trash-restore", args=[image.public_id]) not in page
    answer = api.post(reverse("trash-restore", args=[holiday.public_id]), {"stay": "true"})
    assert answer["Location"] == "/trash/"


def test_a_trashed_photo_can_be_looked_at_larger(api, alice):
    holiday, [image, other] = made_album(alice)
    work_off()
    look = reverse("trash-detail", args=[image.public_id])
    assert api.get(look).status_code == 404
    trash_all(image)
    assert f'href="{look}"' in api.get("/trash/").content.decode()
    page = api.get(look).content.decode()
    assert re.search(r'<img class="trashed__picture"\s+src="[^"]*/media/', page)
    assert reverse("trash-restore", args=[image.public_id]) in page
    trash_all(holiday)
    assert "Restore its album first" in api.get(look).content.decode()
    for thing in (holiday, other):
        assert api.get(reverse("trash-detail", args=[thing.public_id])).status_code == 404


def test_a_further_page_of_the_trash_is_where_one_stays_until_it_is_empty(api, alice):
    _, images = made_album(alice, 4)
    trash_all(*images)
    cursor = api.get("/trash/?page_size=2").context["page"].next_cursor
    page = api.get(f"/trash/?page_size=2&cursor={cursor}")
    here = page.wsgi_request.get_full_path()
    query = here.partition("?")[2]
    first, second = (entry.id for entry in page.context["entries"])
    restore, delete = reverse("trash-restore", args=[first]), reverse("trash-delete", args=[second])
    assert f'action="{restore}?{escape(query)}"' in page.content.decode()
    assert f'href="{delete}?{escape(query)}"' in page.content.decode()
    answer = api.post(f"{restore}?{query}", {"stay": "true"})
    assert answer["Location"] == here
    page = api.get(here)
    assert [entry.id for entry in page.context["entries"]] == [second]
    back = Image.objects.get(public_id=first)
    assert f'“<a href="{back.get_absolute_url()}">photo.jpg</a>” is back.' in page.content.decode()
    assert '<h1 tabindex="-1" autofocus>' in page.content.decode()
    asks = api.get(f"{delete}?{query}").content.decode()
    assert f'action="{delete}?{escape(query)}"' in asks
    assert f'href="{escape(here)}"' in asks
    assert api.post(f"{delete}?{query}")["Location"] == here
    answer = api.get(here, follow=True)
    assert answer.redirect_chain == [("/trash/", 302)]
    assert len(answer.context["entries"]) == 2
    assert "autofocus" in answer.content.decode()
    assert "autofocus" not in api.get("/trash/").content.decode()


def test_what_the_trash_takes_up_is_all_that_would_go(api, alice):
    holiday, [image, _] = made_album(alice)
    norway, _ = made_album(alice, title="Norway")
    made_album(user("bob@example.org"))
    assert trash.used_bytes(alice) == 0
    trash_all(image, norway)
    assert trash.used_bytes(alice) == trash.sums_of(Image.objects.trashed_by(alice)).bytes > 0
    trash_all(holiday)
    alice.refresh_from_db()
    assert trash.used_bytes(alice) == alice.used_bytes


def test_what_goes_for_ever_is_named_first(api, alice):
    holiday, [image, _] = made_album(alice)
    norway, _ = made_album(alice, 1, "Norway")
    trash_all(image, holiday)
    path = reverse("trash-delete", args=[holiday.public_id])
    assert "Delete “<bdi>Iceland</bdi>” and its 2 photos for ever?" in api.get(path).content.decode()
    assert "Delete 1 album and 2 photos for ever?" in api.get("/trash/empty/").content.decode()
    assert api.post(path)["Location"] == "/trash/"
    assert Image.objects.undeleted().count() == 1
    trash_all(norway)
    assert api.post("/trash/empty/")["Location"] == "/trash/"
    assert not Image.objects.undeleted().exists()


def test_without_a_trash_the_pages_ask_first(api, alice, settings):
    settings.TRASH_DAYS = 0
    holiday, [image, _] = made_album(alice)
    for thing, path in (
        (image, reverse("image-delete", args=[image.public_id])),
        (holiday, reverse("album-delete", args=[holiday.public_id])),
    ):
        link = f'href="{path}"'
        assert link in api.get(thing.get_absolute_url()).content.decode()
        assert "for ever?" in api.get(path).content.decode()
        assert f"“{thing}” is deleted." in api.post(path, {"permanent": "true"}, follow=True).content.decode()
    assert "keeps no trash" in api.get("/trash/").content.decode()


def boxes(page):
    return re.findall(r'name="ids" value="([^"]+)" form="selection"', page.content.decode())


def test_selected_photos_are_restored_or_deleted_together(api, alice):
    """Without JavaScript; albums have no box."""
    _, images = made_album(alice, 4)
    norway, _ = made_album(alice, 1, "Norway")
    trash_all(*images, norway)
    page = api.get("/trash/")
    ids = [str(image.public_id) for image in images]
    assert sorted(boxes(page)) == sorted(ids)
    bar = {"next": "/trash/", "ids": ids[:2]}
    answer = api.post("/photos/selected/", {**bar, "action": "restore"}, follow=True)
    assert answer.redirect_chain == [("/trash/", 302)]
    assert "2 photos are back." in answer.content.decode()
    assert sorted(boxes(answer)) == sorted(ids[2:])
    question = api.post("/photos/selected/", {**bar, "action": "delete", "ids": ids[2]})
    assert "Delete <span data-photos>1 photo</span> for ever?" in question.content.decode()
    api.post("/photos/selected/", {**bar, "action": "delete", "ids": ids[2], "permanent": "true"})
    assert boxes(api.get("/trash/")) == [ids[3]]
    assert Image.objects.owned_by(alice).count() == 2


def test_all_photos_of_the_trash_are_those_trashed_alone(api, alice):
    holiday, images = made_album(alice, 3)
    _, [other] = made_album(user("bob@example.org"), 1)
    norway, [alone, _] = made_album(alice, 2, "Norway")
    trash_all(*images[:2], alone, norway, other)
    found = {album: set(ids) for album, ids in api.get("/trash/ids/").json()}
    assert found == {
        str(holiday.public_id): {str(image.public_id) for image in images[:2]},
        str(norway.public_id): {str(alone.public_id)},
    }
