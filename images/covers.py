"""The cover of each album: the chosen image if it is ready, else the newest ready one, else none.

The album's row names it (`cover_key`), so a list of albums looks for none. Images in the trash by themselves are no
covers. Change which images of an album are ready, or where they are, within `albums_locked`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from albums.models import Album
from images.models import Image, ImageQuerySet

# What lists show of a cover. Another column would cost a query for each album.
_SHOWN_COLUMNS = (
    "public_id", "album", "status", "trashed_at", "variants", "content_type", "width", "height", "placeholder",
)  # fmt: skip


@contextmanager
def albums_locked(images: ImageQuerySet) -> Iterator[ImageQuerySet]:
    """Lock the albums of these images, and choose their covers anew at the end. Call it in a transaction.

    Yields the images to change. Others may have been published or moved since, and their album is not locked.
    """
    albums = sorted(images.order_by().values_list("album_id", flat=True).distinct())
    list(Album.objects.select_for_update().filter(pk__in=albums).order_by("pk").values_list("pk"))
    yield images.filter(album__in=albums)
    choose_covers(albums)


def choose_covers(albums: Iterable[int]) -> None:
    """Write the covers of these albums (keys). Call it with their rows locked, after their images have changed."""
    Album.objects.filter(pk__in=list(albums)).update(cover_key=right_cover_key())


def right_cover_key() -> Coalesce:
    """What `cover_key` of an album should be, as an expression."""
    ready = Image.objects.ready().filter(album=OuterRef("pk"), trashed_at=None)
    newest = ready.newest_first().values("pk")
    chosen = newest.filter(public_id=OuterRef("cover_choice"))
    return Coalesce(Subquery(chosen[:1]), Subquery(newest[:1]), Value(0))


def with_covers(albums: Iterable[Album]) -> list[Album]:
    """Set `cover` of each album."""
    albums = list(albums)
    keys = [album.cover_key for album in albums if album.cover_key]
    # By key alone: with a status beside it, SQLite reads all ready images of the store.
    images = Image.objects.filter(pk__in=keys).only(*_SHOWN_COLUMNS)
    # A key that has drifted must not show a deleted image, nor that of another album.
    covers = {(image.album_id, image.pk): image for image in images if image.is_ready and not image.trashed_at}
    for album in albums:
        album.cover = covers.get((album.pk, album.cover_key))
    return albums
