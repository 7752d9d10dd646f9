"""Changes of images that touch more than their own columns: sums, months, sizes. Of one as of a thousand.

Each is one transaction, with the same number of statements however many images there are.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import lock_owner
from albums.models import Album
from images import covers, ordering, totals, wakeups
from images.models import ROTATIONS, TAKEN_BY_OWNER, Image, ImageQuerySet, ImageWord, RenderAgain, Status
from imagestore.kit.database import retry_transaction
from imagestore.kit.problems import Problem, invalid, not_found
from imagestore.kit.sentences import Sentence, filled

FIRST_YEAR, LAST_YEAR = 1826, 9998
# A statement with one case for each row and column grows with both.
TURNED_ROWS = 250

_MOVED_COLUMNS = ("public_id", "album_id", "bytes", "living_sha256", "trashed_at")

# Key of an image -> why it stays as it is.
Refused = dict[int, Problem]


# ---- Turn -----------------------------------------------------------------------------------


@retry_transaction
def turn(images: ImageQuerySet, rotation_of: Callable[[int], int]) -> None:
    """Give images another rotation, each computed from its own. They show their sizes until new ones are made."""
    rows = list(images.living().select_for_update().order_by("pk"))
    turned = [image for image in rows if rotation_of(image.rotation) != image.rotation]
    for image in turned:
        before, image.rotation = image.rotation, rotation_of(image.rotation)
        if (image.rotation - before) % 180:
            image.width, image.height = image.height, image.width
    Image.objects.bulk_update(turned, ["rotation", "width", "height"], batch_size=TURNED_ROWS)
    Image.objects.filter(pk__in=[image.pk for image in turned]).update(attempts=0, updated_at=timezone.now())
    # A failed image has no sizes to be made again.
    waiting = [image for image in turned if image.status in (Status.PENDING, Status.READY)]
    again = [RenderAgain(image=image, owner_id=image.owner_id) for image in waiting]
    RenderAgain.objects.bulk_create(again, ignore_conflicts=True)
    transaction.on_commit(wakeups.work_waits.set)


def turned_by(degrees: int) -> Callable[[int], int]:
    """Clockwise; for `turn`."""
    return lambda rotation: ROTATIONS[(rotation + degrees) % 360 // 90]


# ---- Dates ----------------------------------------------------------------------------------


@retry_transaction
def set_taken(images: ImageQuerySet, clock: datetime | None) -> None:
    """Set what the camera's clock showed; None: unknown. `clock` is in UTC, whatever its zone was."""
    taken = {"taken_at": clock, "sorted_at": clock or F("created_at")}
    known = {"taken_from": TAKEN_BY_OWNER} if clock else {"taken_from": "", "taken_offset_minutes": None}
    with covers.albums_locked(images.living()) as rows:
        _redate(rows, **taken, **known)


def senseless_year() -> Sentence:
    """What is said of a date outside of FIRST_YEAR to LAST_YEAR."""
    return filled(_("A picture is from the years %(first)s to %(last)s."), first=FIRST_YEAR, last=LAST_YEAR)


@retry_transaction
def shift_taken(images: ImageQuerySet, by: timedelta) -> Refused:
    """Move the clocks of images. Refuses images without one, and times that make no sense."""
    refused: Refused = {}
    shifted: list[int] = []
    with covers.albums_locked(images.living()) as rows:
        for key, taken_at in list(rows.order_by().values_list("pk", "taken_at")):
            if taken_at is None:
                refused[key] = invalid("seconds", _("It is not known when this picture was taken."))
            elif not _makes_sense(taken_at, by):
                refused[key] = invalid("seconds", senseless_year())
            else:
                shifted.append(key)
        # Without a row to shift, `by` may be longer than a database can take.
        if shifted:
            # Both from their own column: MySQL reads in a column what the statement has just written there.
            _redate(rows.filter(pk__in=shifted), taken_at=F("taken_at") + by, sorted_at=F("sorted_at") + by,
                    taken_from=TAKEN_BY_OWNER)  # fmt: skip
    return refused


def set_taken_offset(images: ImageQuerySet, minutes: int | None) -> None:
    """Set by how many minutes the camera's clock was ahead of UTC; None: unknown. The clock itself stays."""
    images.living().update(taken_offset_minutes=minutes, updated_at=timezone.now())


def _redate(rows: ImageQuerySet, **changes: object) -> None:
    """Call it with the albums locked. The rows must not be chosen by what changes."""
    totals.count_months(rows, -1)
    rows.update(updated_at=timezone.now(), **changes)
    totals.count_months(rows, +1)


def _makes_sense(taken_at: datetime, by: timedelta) -> bool:
    try:
        return FIRST_YEAR <= (taken_at + by).year <= LAST_YEAR
    except OverflowError:
        return False


# ---- Move -----------------------------------------------------------------------------------


@retry_transaction
def move(owner: User, images: ImageQuerySet, album: Album) -> Refused:
    """Move images to another album of their owner, where they come last, in the order of their keys.

    Refuses those whose bytes the album has. Raises Problem `not_found` when the album is gone.
    """
    lock_owner(owner)
    rows = list(images.living().exclude(album=album).order_by("pk").only(*_MOVED_COLUMNS))
    keys = sorted({album.pk, *(image.album_id for image in rows)})
    # So nothing is published there until the end of this transaction.
    locked = Album.objects.select_for_update().living().filter(pk__in=keys).order_by("pk")
    if album.pk not in list(locked.values_list("pk", flat=True)):
        raise not_found()
    refused, moved = _without_duplicates(rows, album)
    if not moved:
        return refused
    for key, sign, of_album in sorted(_per_album(moved, album), key=lambda each: each[0]):
        totals.add_to_album(key, sign * len(of_album), sign * sum(image.bytes for image in of_album))
    still = Image.objects.filter(pk__in=[image.pk for image in moved])
    totals.count_months(still, -1)
    still.update(album=album, updated_at=timezone.now())
    ordering.put_last(moved)
    totals.count_months(still, +1)
    covers.choose_covers(keys)
    ImageWord.objects.filter(image__in=[image.pk for image in moved]).update(album=album)
    return refused


def _without_duplicates(rows: list[Image], album: Album) -> tuple[Refused, list[Image]]:
    """Which of these images the album has already, or would get twice, and those that it may get."""
    hashes = [image.living_sha256 for image in rows]
    same_bytes = Image.objects.undeleted().filter(album=album, living_sha256__in=hashes).only(*_MOVED_COLUMNS)
    there = {each.living_sha256: each for each in same_bytes}
    refused, free = Refused(), []
    for image in rows:
        if same := there.get(image.living_sha256):
            detail = _("That album has these bytes already.")
            if same.trashed_at:
                detail = _("That album has these bytes in the trash: restore them, or delete them for ever.")
            refused[image.pk] = Problem("duplicate", detail, image=str(same.public_id))
        else:
            there[image.living_sha256] = image
            free.append(image)
    return refused, free


def _per_album(moved: list[Image], album: Album) -> list[tuple[int, int, list[Image]]]:
    """Key of each album, whether it loses (-1) or gains (+1), and which images."""
    losing = defaultdict(list)
    for image in moved:
        losing[image.album_id].append(image)
    return [*((key, -1, images) for key, images in losing.items()), (album.pk, +1, moved)]
