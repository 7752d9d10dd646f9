from collections.abc import Iterable

from albums.models import Album
from images.models import Image


def with_covers(albums: Iterable[Album]) -> list[Album]:
    """Set `cover` of each album: the chosen image, else the newest ready one, else None."""
    albums = list(albums)
    covers = Image.objects.covers_of(albums)
    for album in albums:
        album.cover = covers.get(album.pk)
    return albums
