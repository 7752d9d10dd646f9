"""The order of an album's images by hand: a number in each row, between those of its neighbours.

`Image.position` is a time in ns, so that what comes new comes last without a look at the others. To put images
between two others, they get numbers between theirs. Where those lie too close, the rows around get new numbers;
where all around lie close, the whole album does, a transaction at a time. The album's lock lets one request at a
time do that. See Dietz and Sleator, "Two Algorithms for Maintaining Order in a List", 1987.
"""

from collections.abc import Sequence
from time import time_ns
from typing import Any
from uuid import UUID

from django.db.models import Case, Value, When

from albums.models import Album
from images.models import Image, ImageQuerySet
from imagestore.kit.database import retry_transaction
from imagestore.kit.keyset import TIE_BREAKER, Ordering, Position
from imagestore.kit.list_index import along_index
from imagestore.kit.problems import invalid, not_found

# How far apart images stand at the ends of an album. A thousand of them behind the last one are a second, so that
# uploads of later on come behind them.
GAP = 10**6
# How far apart the images of a whole album stand when all get new numbers.
WIDE_GAP = 10**9
# The room that each image must find between two others, else the rows around get new numbers; and the room that
# these must find, else all do.
LEAST_GAP = 2
LEAST_NEAR_GAP = 1000
# So many rows on each side get new numbers together, and so many at a time when all of an album do.
NEAR_ROWS = 500
RENUMBERED_ROWS = 2000

_BY_HAND = Ordering("position", "position", descending=False)


def place(album: Album, ids: Sequence[UUID], *, before: UUID | None = None, after: UUID | None = None) -> None:
    """Put these images of a living album, in this order, before or after another one; without either, last.

    Raises Problem `invalid` when one of them is not in the album, `not_found` when the album is gone.
    """
    while not _place(album, ids, before, after):
        _renumber_all(album)


@retry_transaction
def _place(album: Album, ids: Sequence[UUID], before: UUID | None, after: UUID | None) -> bool:
    """False when there is too little room even around them."""
    _lock(album)
    rows = _images(album).filter(public_id__in=ids).only("public_id", "position")
    found = {image.public_id: image for image in rows}
    if len(found) < len(ids):
        raise invalid("ids", "Not all of these images are in this album.")
    images = [found[public_id] for public_id in ids]
    others = _images(album).exclude(pk__in=[image.pk for image in images])
    lower, upper = _neighbours(others, before, after)
    positions = _between(_position(lower), _position(upper), len(images))
    if positions is None:
        below = [*reversed(_beside(others, upper, NEAR_ROWS, backwards=True))] if upper else []
        above = _beside(others, lower, NEAR_ROWS, backwards=False) if lower else []
        floor = below[0].position if len(below) == NEAR_ROWS else None
        ceiling = above[-1].position if len(above) == NEAR_ROWS else None
        # The outermost rows keep their numbers, unless they are the album's first or last.
        images = [*(below if floor is None else below[1:]), *images, *(above if ceiling is None else above[:-1])]
        positions = _between(floor, ceiling, len(images), LEAST_NEAR_GAP)
    if positions is None:
        return False
    _write(images, positions)
    return True


def put_last(images: Sequence[Image]) -> None:
    """Behind all others, in this order: call it when these images have come into an album."""
    start = time_ns()
    _write(images, [start + GAP * number for number in range(len(images))])


def _lock(album: Album) -> None:
    if not Album.objects.select_for_update().living().filter(pk=album.pk).exists():
        raise not_found()


def _images(album: Album) -> ImageQuerySet:
    """Along the index that has them in their order."""
    images: ImageQuerySet = Image.objects.in_album(album)
    return images


def _neighbours(
    others: ImageQuerySet, before: UUID | None, after: UUID | None
) -> tuple[Image | None, Image | None]:
    """The images between which the gap is; None at an end of the album."""
    if before is None and after is None:
        return _along(others).order_by(*_BY_HAND.order_by(backwards=True)).first(), None
    anchor = others.filter(public_id=before or after).first()
    if anchor is None:
        field = "before" if before else "after"
        raise invalid(field, "There is no such image in this album beside those that are to be placed.")
    other = next(iter(_beside(others, anchor, 1, backwards=before is not None)), None)
    return (other, anchor) if before else (anchor, other)


def _position(image: Image | None) -> int | None:
    return image.position if image else None


def _beside(others: ImageQuerySet, image: Image, count: int, *, backwards: bool) -> list[Image]:
    """The next `count` images from this one on, nearest first."""
    beyond = _BY_HAND.beyond(Position.of(image, 0, _BY_HAND.column), 0, backwards=backwards)
    names = _BY_HAND.order_by(backwards=backwards)
    return list(_along(others).filter(beyond).order_by(*names).only("public_id", "position")[:count])


def _along(images: ImageQuerySet) -> Any:
    return along_index(images, _BY_HAND.column, TIE_BREAKER)


def _between(lower: int | None, upper: int | None, count: int, least: int = LEAST_GAP) -> list[int] | None:
    """`count` numbers between these two, which may be missing, equally far apart; None if that is below `least`."""
    if lower is None and upper is None:
        upper = time_ns()
    if lower is None:
        assert upper is not None
        lower = upper - GAP * (count + 1)
    elif upper is None:
        upper = max(time_ns(), lower + GAP * (count + 1))
    assert upper is not None
    if upper - lower < least * (count + 1):
        return None
    return [lower + (upper - lower) * number // (count + 1) for number in range(1, count + 1)]


def _write(images: Sequence[Image], positions: Sequence[int]) -> None:
    """`updated_at` stays: the images themselves are as they were."""
    for start in range(0, len(images), NEAR_ROWS):
        batch = [*zip(images[start : start + NEAR_ROWS], positions[start : start + NEAR_ROWS], strict=True)]
        new = Case(*(When(pk=image.pk, then=Value(position)) for image, position in batch))
        Image.objects.filter(pk__in=[image.pk for image, _ in batch]).update(position=new)


# ---- All of an album ------------------------------------------------------------------------


def _renumber_all(album: Album) -> None:
    """Give all images of an album new numbers, far apart and before all that there are.

    From the first image on, so that the order is right at each moment. Others may place images meanwhile.
    """
    first = _along(_images(album)).order_by(*_BY_HAND.order_by(backwards=False)).first()
    if first is None:
        return
    # Twice the room that they take now: more may come meanwhile.
    lowest, last = first.position - 2 * WIDE_GAP * (_images(album).count() + 1), None
    while (last := _renumber(album, lowest, last)) is not None:
        lowest = last.position


@retry_transaction
def _renumber(album: Album, lowest: int, last: Image | None) -> Image | None:
    """The next RENUMBERED_ROWS after `last`, above `lowest`. Returns the last of them, None at the end."""
    _lock(album)
    rows = _along(_images(album)).order_by(*_BY_HAND.order_by(backwards=False))
    if last:
        rows = rows.filter(_BY_HAND.beyond(Position.of(last, 0, _BY_HAND.column), 0, backwards=False))
    images = list(rows.only("public_id", "position")[:RENUMBERED_ROWS])
    for number, image in enumerate(images, 1):
        image.position = lowest + WIDE_GAP * number
    _write(images, [image.position for image in images])
    return images[-1] if images else None
