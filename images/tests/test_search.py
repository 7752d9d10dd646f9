"""What a search finds, alike on every database."""

import pytest

from albums import services as albums
from albums.models import Album, AlbumWord
from images import services
from images.deletion.removal import purge
from images.models import Image, ImageWord
from images.tests.helpers import album, received, user
from images.upkeep.words import count_differing
from imagestore.kit import search
from imagestore.kit.problems import Problem
from imagestore.kit.words import SEARCH_TERMS
from tests.rows import image_in

pytestmark = pytest.mark.django_db

COMPOSED, DECOMPOSED = "Ros\u00e9", "Rose\u0301"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
# A text, a search, and whether it finds the text.
FOUND = [
    ("IMG_2041.JPG", "img", True),
    ("IMG_2041.JPG", "img_2041", True),
    ("IMG_2041.JPG", "jpg 204", True),
    ("IMG_2041.JPG", "041", False),
    ("IMG_2041.JPG", "img pdf", False),
    ("Der ÄRGER", "ärger", True),
    ("Der ÄRGER", "arger", True),
    ("Der Arger", "ÄRGER", True),
    ("Verärgert", "ärger", False),
    (COMPOSED, DECOMPOSED, True),
    (DECOMPOSED, COMPOSED, True),
    ("Straße", "STRASSE", True),
    ("STRASSE", "straße", True),
    ("İstanbul", "istanbul", True),
    ("istanbul", "İSTANBUL", True),
    ("ISPARTA", "ısparta", True),
    ("Ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ", True),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", True),
    ("Ｐｈｏｔｏ １２", "photo 12", True),
    ("ﾊﾟﾘ", "パリ", True),
    ("か", "が", False),
    ("Party 🎉", "🎉", True),
    ("Party 🎉", "😀", False),
    ("Party🎉🎂", "🎂 party", True),
    (f"Us {FAMILY}", FAMILY, True),
    ("👍🏽", "👍", True),
    ("☺️", "☺", True),
    ("Vacances 🇫🇷", "🇫🇷", True),
    ("Vacances 🇫🇷🇩🇪", "🇩🇪", True),
    ("Vacances 🇫🇷", "🇷🇪", False),
    ("東京タワーの夜景", "タワー", True),
    ("東京タワーの夜景", "夜景", True),
    ("東京タワーの夜景", "京都", False),
    ("東京タワーの夜景を見る人々の群れ", "タワーの夜景を見る人々", True),
    ("東京タワーの夜景を見る人々の群れ", "タワーの夜景を見る子供", False),
    ("우리서울여행", "서울", True),
    ("서울", "사울", False),
    ("ภาพถ่ายกรุงเทพ", "กรุงเทพ", True),
    ("中国長城2019", "長城 2019", True),
    ("שָׁלוֹם עולם", "שלום", True),
    ("صورة عَائِلِيَّة", "عائلية", True),
    ("हिन्दी में", "हिन्दी", True),
    ("By the sea side", "side sea", True),
    ("By the sea side", '"sea side"', True),
    ("By the sea side", '"the sea si"', True),
    ("By the seaside", '"the sea"', True),
    ("By the sea side", '"side sea"', False),
    ("By the seas side", '"sea side"', False),
    ("By the sea side", '"by sea"', False),
    ("By the sea side", "“the sea” by", True),
    ("By the sea side", '"sea', True),
    ("東京都 2024", '"東京 2024"', False),
    ("東京 2024", '"東京 2024"', True),
    ("the the end", '"the end"', True),
    ("100% wool", "100%", True),
    ("100 wool", "1_0", False),
    ("a_b", "a b", True),
    ("x" * 70, "x" * 70, True),
    ("anything", "... !?", True),
    ("anything", '""', True),
]


@pytest.fixture(params=["looked up", "asked of each row"])
def way(request, monkeypatch):
    """Both ways of the search give the same answer."""
    monkeypatch.setattr(search, "RARE_WORDS", search.RARE_WORDS if request.param == "looked up" else 0)


def found_images(rows, text):
    return set(services.LIST.read({"search": text}).apply(rows).values_list("name", flat=True))


def found_albums(owner, text):
    rows = albums.LIST.read({"search": text}).apply(Album.objects.owned_by(owner))
    return set(rows.values_list("title", flat=True))


def test_what_is_found(way):
    """One row for each text, so that each search is also one among many."""
    alice = user()
    other, summer = album(alice, "Zzz"), album(alice, "Zzz")
    rows = [image_in(other, f"qqq{number}", caption=text) for number, (text, _, _) in enumerate(FOUND)]
    titled = [albums.create(alice, title=f"qqq{n}", description=text) for n, (text, _, _) in enumerate(FOUND)]
    assert found_images(Image.objects.in_album(summer), "party") == set()
    for (text, typed, expected), image, row in zip(FOUND, rows, titled, strict=True):
        for among in (Image.objects.in_album(other), Image.objects.owned_by(alice)):
            assert (image.name in found_images(among, typed)) == expected, (text, typed)
        assert (row.title in found_albums(alice, typed)) == expected, (text, typed)


def test_each_word_may_be_in_another_text_but_no_phrase(way):
    alice = user()
    summer = album(alice, "Summer in Rome")
    image_in(summer, "beach.jpg", caption="Sand castle", camera="Canon EOS 6D")
    image_in(summer, "town.jpg")
    image_in(album(alice, "Winter"), "snow.jpg", caption="Canon in Rome")
    for rows in (Image.objects.in_album(summer), Image.objects.owned_by(alice)):
        assert found_images(rows, "canon castle beach") == {"beach.jpg"}
        assert found_images(rows, '"jpg sand"') == set()
        assert found_images(rows, "summer canon") == {"beach.jpg"}
        assert found_images(rows, '"in rome" t') == {"town.jpg"}
        assert found_images(rows, "summer") == {"beach.jpg", "town.jpg"}
    assert found_images(Image.objects.owned_by(alice), "rome") == {"beach.jpg", "town.jpg", "snow.jpg"}
    assert found_images(Image.objects.owned_by(alice), '"canon in rome"') == {"snow.jpg"}


def test_the_description_of_an_album_finds_the_album_alone(way):
    alice = user()
    image_in(albums.create(alice, title="Summer", description="Lisbon"), "a.jpg")
    assert found_albums(alice, "lisbon") == {"Summer"}
    assert found_images(Image.objects.owned_by(alice), "lisbon") == set()


def test_words_of_others_are_never_found(way):
    alice, bob = user(), user("bob@example.org")
    image_in(album(bob, "Secret"), "secret.jpg", caption="secret")
    image_in(album(alice, "Mine"), "mine.jpg")
    assert found_images(Image.objects.owned_by(alice), "secret") == set()
    assert found_albums(alice, "secret") == set()


def test_what_is_in_the_trash_is_not_found(way):
    alice = user()
    summer = album(alice, "Summer")
    image = image_in(summer, "a.jpg")
    services.delete_images(alice, Image.objects.filter(pk=image.pk))
    for rows in (Image.objects.owned_by(alice), Image.objects.in_album(summer)):
        assert found_images(rows, "a") == set()


def test_words_follow_every_change(way):
    alice = user()
    summer, winter = albums.create(alice, title="Summer"), albums.create(alice, title="Winter")
    image = received(summer, name="beach.jpg")
    mine = Image.objects.owned_by(alice)
    assert found_images(Image.objects.in_album(summer), "beach") == {"beach.jpg"}
    services.change(image, name="dunes.jpg", caption="Sand")
    assert (found_images(mine, "beach"), found_images(mine, "dunes sand summer")) == (set(), {"dunes.jpg"})
    services.move(image, winter)
    assert found_images(Image.objects.in_album(summer), "dunes") == found_images(mine, "summer") == set()
    assert found_images(Image.objects.in_album(winter), "dunes winter") == {"dunes.jpg"}
    albums.change(winter, title="Spring")
    assert (found_images(mine, "winter"), found_images(mine, "spring dunes")) == (set(), {"dunes.jpg"})
    assert (found_albums(alice, "winter"), found_albums(alice, "spring")) == (set(), {"Spring"})
    assert count_differing() == 0


def test_words_go_with_image_album_and_account():
    alice = user()
    image = received(albums.create(alice, title="Summer"))
    services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
    purge()
    assert (ImageWord.objects.count(), AlbumWord.objects.count()) == (0, 1)
    received(image.album)
    services.delete_account(alice)
    purge()
    assert (ImageWord.objects.count(), AlbumWord.objects.count()) == (0, 0)


NAMES = ["img_002.jpg", "IMG_3.jpg", "Img_10.jpg", "ÏMG_11.jpg", "img_100.jpg", "Zebra", "日本"]


@pytest.mark.parametrize("sign", ["", "-"])
def test_names_sort_as_people_count(sign):
    alice = user()
    summer = album(alice, "Numbers")
    for name in sorted(NAMES):
        image_in(summer, name)
        album(alice, name)
    expected = NAMES if sign == "" else NAMES[::-1]
    listed = services.LIST.read({"ordering": f"{sign}name"}).page(Image.objects.in_album(summer)).items
    assert [image.name for image in listed] == expected
    page = albums.LIST.read({"ordering": f"{sign}title"}).page(Album.objects.owned_by(alice)).items
    assert [row.title for row in page if row.title != "Numbers"] == expected


@pytest.mark.parametrize(
    "text", ["a" * 101, " ".join(map(str, range(10, 10 + SEARCH_TERMS + 1))), '"' + "ﷺ" * 40 + '"']
)
def test_a_search_that_is_too_long_is_refused(text):
    with pytest.raises(Problem) as caught:
        services.LIST.read({"search": text})
    assert list(caught.value.extra["errors"]) == ["search"]


def test_the_images_that_an_album_has_are_searched_in_it(way):
    """By the related manager; each image then knows its album without a query."""
    summer = album(user(), "Summer")
    image_in(summer, "beach.jpg")
    assert found_images(summer.images.living(), "beach summer") == {"beach.jpg"}
    [image] = services.LIST.read({"search": "beach"}).apply(summer.images.living())
    assert image.album is summer
