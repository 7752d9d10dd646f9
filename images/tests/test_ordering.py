"""The order of an album by hand: what is placed where, with room or without, by one or by several at once."""

import random
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from django.db import connection, connections
from django.db.models import F
from django.utils import timezone

from albums.models import Album
from images import ordering, services
from images.deletion.trash import restore_images
from images.models import Image, Status
from images.tests.helpers import album, trash_all, user
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def letters() -> tuple[Album, dict[str, Image]]:
    """An album with the images a to f, in this order."""
    summer = album(user())
    return summer, {name: add(summer, name) for name in "abcdef"}


def add(summer: Album, name: str) -> Image:
    """A row alone: orders need no files."""
    now, digest = timezone.now(), sha256(name.encode()).hexdigest()
    return Image.objects.create(
        album=summer, owner=summer.owner, name=name, bytes=1, sha256=digest, living_sha256=digest, crc32=0,
        content_type="image/jpeg", width=4, height=3, sorted_at=now, created_at=now, status=Status.PENDING,
    )  # fmt: skip


def order(summer: Album, **params: str) -> str:
    """The names of its images by hand."""
    page = services.LIST.read({"ordering": "position", **params}).page(Image.objects.in_album(summer))
    return "".join(image.name for image in page.items)


def place(summer: Album, letters: dict[str, Image], names: str, **anchor: str) -> None:
    given = {where: letters[name].public_id for where, name in anchor.items()}
    ordering.place(summer, [letters[name].public_id for name in names], **given)


@pytest.mark.parametrize(
    ("names", "anchor", "expected"),
    [
        ("d", {"before": "a"}, "dabcef"),
        ("a", {"after": "f"}, "bcdefa"),
        ("a", {}, "bcdefa"),
        ("fa", {"before": "d"}, "bcfade"),
        ("fa", {"after": "b"}, "bfacde"),
        ("b", {"after": "a"}, "abcdef"),
        ("fedcba", {}, "fedcba"),
    ],
)
@pytest.mark.parametrize("room", ["natural", "none", "equal"])
def test_images_stand_where_they_were_put(letters, names, anchor, expected, room):
    """Also where numbers lie side by side, or are equal, as those of an older version."""
    summer, images = letters
    if room != "natural":
        for number, name in enumerate("abcdef"):
            images[name].position = number if room == "none" else 0
            images[name].save(update_fields=["position"])
    before = order(summer)
    place(summer, images, names, **anchor)
    if before == "abcdef":
        assert order(summer) == expected
    add(summer, "g")
    assert order(summer).endswith("g")
    assert order(summer)[::-1] == order(summer, ordering="-position")


def test_images_in_the_trash_and_of_other_albums_cannot_be_placed(letters):
    summer, images = letters
    other = add(album(summer.owner, "Other"), "x")
    trash_all(images["c"])
    for ids in ([other.public_id], [images["c"].public_id], [images["a"].public_id, other.public_id]):
        with pytest.raises(Problem, match="Not all of these"):
            ordering.place(summer, ids)
    for anchor in (other, images["c"], images["a"]):
        with pytest.raises(Problem, match="no such image"):
            ordering.place(summer, [images["a"].public_id], after=anchor.public_id)
    place(summer, images, "f", before="d")
    restore_images(summer.owner, Image.objects.filter(pk=images["c"].pk))
    assert order(summer).replace("f", "") == "abcde"
    assert "fd" in order(summer).replace("c", "")
    trash_all(summer)
    with pytest.raises(Problem) as gone:
        place(summer, images, "a")
    assert gone.value.code == "not_found"


def test_a_moved_image_comes_last(letters):
    summer, images = letters
    other = album(summer.owner, "Other")
    services.move(add(other, "z"), summer)
    services.move(images["a"], other)
    services.move(images["a"], summer)
    assert order(summer) == "bcdefza"


def test_one_place_takes_more_images_than_there_are_numbers(letters, monkeypatch):
    """First the rows around get new numbers, then all of the album, in parts."""
    summer, images = letters
    monkeypatch.setattr(ordering, "NEAR_ROWS", 2)
    monkeypatch.setattr(ordering, "RENUMBERED_ROWS", 2)
    renumbered = []
    renumber = ordering._renumber_all
    monkeypatch.setattr(ordering, "_renumber_all", lambda album: (renumbered.append(album), renumber(album)))
    Image.objects.filter(album=summer).update(position=F("pk"))
    expected = "abcdef"
    for turn in range(60):
        name, after = "abdef"[turn % 5], "c"
        expected = expected.replace(name, "").replace(after, after + name)
        place(summer, images, name, after=after)
        assert order(summer) == expected
    assert renumbered


def test_any_sequence_of_moves_is_right(letters, monkeypatch):
    summer, images = letters
    monkeypatch.setattr(ordering, "NEAR_ROWS", 3)
    monkeypatch.setattr(ordering, "GAP", 3)
    chosen, expected = random.Random(11), list("abcdef")
    for _ in range(60):
        names = chosen.sample("abcdef", chosen.randint(1, 3))
        rest = [name for name in expected if name not in names]
        at = chosen.randrange(len(rest))
        where = chosen.choice(["before", "after"])
        place(summer, images, "".join(names), **{where: rest[at]})
        at += where == "after"
        expected = [*rest[:at], *names, *rest[at:]]
        assert order(summer) == "".join(expected)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "mysql", reason="about row locks, which SQLite has not")
def test_two_people_at_once_lose_no_image_and_mix_no_group(letters, monkeypatch):
    """Each puts its own three side by side, again and again, where there is room for none."""
    summer, images = letters
    monkeypatch.setattr(ordering, "NEAR_ROWS", 2)
    Image.objects.filter(album=summer).update(position=F("pk"))

    def arrange(names: str) -> None:
        try:
            for _ in range(20):
                place(summer, images, names, before="a" if "a" not in names else "d")
                place(summer, images, names)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(arrange, ("bc", "ef")))
    found = order(summer)
    assert sorted(found) == list("abcdef")
    assert "bc" in found
    assert "ef" in found
    assert Image.objects.filter(album=summer).values("position").distinct().count() == 6
