"""The numbers on the admin's first page, and the version below every page."""

import shutil
from dataclasses import dataclass

from django import template
from django.conf import settings
from django.db.models import Count, Sum
from django.urls import reverse

from accounts.models import User
from albums.models import Album
from images.deletion.trash import sums_of
from images.models import Finding, Image, Status
from images.rendering import convergence
from images.storage.base import image_storage
from images.storage.disk import DurableFileStorage
from imagestore.kit.filesize import filesize

register = template.Library()


@dataclass(frozen=True)
class Number:
    name: str
    value: str
    url: str = ""


@register.simple_tag
def version() -> str:
    return settings.VERSION


@register.simple_tag
def numbers() -> list[Number]:
    """How much there is, what waits, what failed."""
    counts = dict(Image.objects.values_list("status").annotate(Count("pk")))
    used = User.objects.aggregate(used=Sum("used_bytes"))["used"] or 0
    albums, images = reverse("admin:albums_album_changelist"), reverse("admin:images_image_changelist")
    return [
        Number("Users", f"{User.objects.living().count():,}", reverse("admin:accounts_user_changelist")),
        Number("Albums", f"{Album.objects.living().count():,}", f"{albums}?trash=no"),
        *(
            Number(f"Images {status.label}", f"{counts.get(status, 0):,}", f"{images}?status={status}")
            for status in (Status.READY, Status.PENDING, Status.FAILED)
        ),
        _to_be_made_again(),
        Number("Images being received", f"{counts.get(Status.RECEIVING, 0):,}"),
        Number("Images being deleted", f"{counts.get(Status.DOOMED, 0):,}"),
        *_trash(f"{albums}?trash=yes", f"{images}?trash=yes"),
        Number("Originals", filesize(used)),
        *_free_space(),
        Number("Findings", f"{Finding.objects.unresolved().count():,}", reverse("admin:images_finding_changelist")),
    ]


def _to_be_made_again() -> Number:
    left = convergence.count_left()
    return Number("Images to be made again", f"{left.images:,}" if left.counted_all else f"{left.images:,} or more")


def _trash(albums: str, images: str) -> list[Number]:
    """Adds up albums in the trash by their own sums, which leave out images that were trashed before."""
    whole = Album.objects.trashed().aggregate(albums=Count("pk"), images=Sum("image_count"), size=Sum("bytes"))
    alone = sums_of(Image.objects.trashed_alone())
    return [
        Number("Albums in the trash", f"{whole['albums']:,}", albums),
        Number("Images in the trash", f"{(whole['images'] or 0) + alone.images:,}", images),
        Number("Originals in the trash", filesize((whole["size"] or 0) + alone.bytes)),
    ]


def _free_space() -> list[Number]:
    """Free bytes on the disk of the images; nothing for a bucket, which has no limit."""
    storage = image_storage()
    if not isinstance(storage, DurableFileStorage):
        return []
    try:
        return [Number("Free on the disk of the images", filesize(shutil.disk_usage(storage.location).free))]
    except OSError:
        return [Number("Free on the disk of the images", "the disk does not answer")]
