"""One action on many images of one owner: each image has an outcome of its own.

Most actions are one transaction; deleting and copying go in batches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from albums.models import Album
from images import changes, services
from images.changes import Refused
from images.deletion.trash import restore_images
from images.models import Image, ImageQuerySet
from images.uploads import copying
from imagestore.kit.problems import Problem, not_found


@dataclass(frozen=True)
class Done:
    """`image` is None where it is in the trash or gone; `created` is True for a new copy."""

    image: Image | None = None
    created: bool = False


Outcome = Done | Problem


def move(owner: User, ids: Sequence[UUID], album: Album) -> list[Outcome]:
    """To another album, where they come last. Refuses images whose bytes it has."""
    return _change(owner, ids, lambda images: changes.move(owner, images, album))


def copy(owner: User, ids: Sequence[UUID], album: Album) -> list[Outcome]:
    """Into another album; one whose bytes it has is that image."""
    sources = _found(ids, Image.objects.owned_by(owner))
    outcomes = dict(zip(sources, copying.copy(list(sources.values()), album), strict=True))
    return [_copied(outcomes[one]) if one in outcomes else not_found() for one in ids]


def trash(owner: User, ids: Sequence[UUID]) -> list[Outcome]:
    """Into the trash; gone for ever if TRASH_DAYS is 0."""
    return _delete(owner, ids, Image.objects.owned_by(owner), permanent=False)


def delete(owner: User, ids: Sequence[UUID]) -> list[Outcome]:
    """For ever, from albums and from the trash."""
    return _delete(owner, ids, Image.objects.undeleted().filter(owner=owner), permanent=True)


def restore(owner: User, ids: Sequence[UUID]) -> list[Outcome]:
    """Out of the trash. Refuses images whose album is there."""
    trashed = _found(ids, Image.objects.trashed_by(owner))
    restore_images(owner, _rows(trashed))
    living = _found([*trashed], Image.objects.owned_by(owner))
    in_trash = Problem("album_in_trash", _("Its album is in the trash. Restore the album first."))
    still = {one: in_trash for one in trashed if one not in living}
    return [Done(living[one]) if one in living else still.get(one) or not_found() for one in ids]


def favourite(owner: User, ids: Sequence[UUID], value: bool) -> list[Outcome]:
    def write(images: ImageQuerySet) -> None:
        images.living().update(favourite=value, updated_at=timezone.now())

    return _change(owner, ids, write)


def rotate(owner: User, ids: Sequence[UUID], by: int) -> list[Outcome]:
    """By so many degrees clockwise, a multiple of 90."""
    return _change(owner, ids, lambda images: changes.turn(images, changes.turned_by(by)))


def shift_taken_at(owner: User, ids: Sequence[UUID], seconds: int) -> list[Outcome]:
    """Refuses images of which the date is unknown."""
    return _change(owner, ids, lambda images: changes.shift_taken(images, timedelta(seconds=seconds)))


def set_taken_offset(owner: User, ids: Sequence[UUID], minutes: int | None) -> list[Outcome]:
    return _change(owner, ids, lambda images: changes.set_taken_offset(images, minutes))


def _change(owner: User, ids: Sequence[UUID], work: Callable[[ImageQuerySet], Refused | None]) -> list[Outcome]:
    """Do `work` on those of the images that are living."""
    found = _found(ids, Image.objects.owned_by(owner))
    refused = work(_rows(found)) or {}
    # Read again: they have changed, and some may be gone meanwhile.
    living = _found([*found], Image.objects.owned_by(owner))
    problems = {one: refused[image.pk] for one, image in found.items() if image.pk in refused}
    done = {one: Done(image) for one, image in living.items()}
    return [problems.get(one) or done.get(one) or not_found() for one in ids]


def _delete(owner: User, ids: Sequence[UUID], among: ImageQuerySet, *, permanent: bool) -> list[Outcome]:
    found = _found(ids, among)
    if found:
        services.delete_images(owner, _rows(found), permanent=permanent)
    return [Done() if one in found else not_found() for one in ids]


def _found(ids: Sequence[UUID], among: Any) -> dict[UUID, Image]:
    """In the order of `ids`."""
    rows = {image.public_id: image for image in among.filter(public_id__in=ids).select_related("album")}
    return {one: rows[one] for one in ids if one in rows}


def _rows(found: dict[UUID, Image]) -> ImageQuerySet:
    rows: ImageQuerySet = Image.objects.filter(pk__in=[image.pk for image in found.values()])
    return rows


def _copied(outcome: copying.Outcome) -> Outcome:
    return outcome if isinstance(outcome, Problem) else Done(outcome.image, outcome.created)
