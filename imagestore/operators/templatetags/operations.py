"""The numbers on the admin's first page, and the version below every page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Model, Sum
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import OutgoingMail, User
from accounts.outbox.queue import GIVE_UP_DAYS
from albums.models import Album
from images.deletion.trash import sums_of
from images.models import Finding, Image, Status, Upload
from images.rendering import convergence
from images.storage import scratch, space
from images.storage.base import image_storage
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


@register.simple_tag(takes_context=True)
def numbers(context: dict[str, Any]) -> list[Number]:
    """How much there is, what waits, what failed: of the tables that this operator may view."""
    request = context["request"]
    return [
        number
        for models, figures in _FIGURES
        if all(_may_view(request, model) for model in models)
        for number in figures()
    ]


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    return admin.site.get_model_admin(model).has_view_permission(request)


def _users() -> list[Number]:
    return [Number("Users", f"{User.objects.living().count():,}", _list_of("accounts_user"))]


def _albums() -> list[Number]:
    return [Number("Albums", f"{Album.objects.living().count():,}", f"{_list_of('albums_album')}?trash=no")]


def _images() -> list[Number]:
    counts = dict(Image.objects.values_list("status").annotate(Count("pk")))
    images = _list_of("images_image")
    return [
        *(
            Number(f"Images {status.label}", f"{counts.get(status, 0):,}", f"{images}?status={status}")
            for status in (Status.READY, Status.PENDING, Status.FAILED)
        ),
        _to_be_made_again(),
        Number("Images being received", f"{counts.get(Status.RECEIVING, 0):,}"),
        Number("Images being deleted", f"{counts.get(Status.DOOMED, 0):,}"),
    ]


def _uploads() -> list[Number]:
    return [Number("Resumable uploads open", f"{Upload.objects.open().count():,}", _list_of("images_upload"))]


def _mails() -> list[Number]:
    """Two counts, and nothing of what the mails say or to whom they go."""
    mails = OutgoingMail.objects.aggregate(waiting=Count("due_at"), all=Count("pk"))
    return [
        Number("Mails waiting", f"{mails['waiting']:,}"),
        Number(f"Mails given up in {GIVE_UP_DAYS} days", f"{mails['all'] - mails['waiting']:,}"),
    ]


def _to_be_made_again() -> Number:
    left = convergence.count_left()
    return Number("Images to be made again", f"{left.images:,}" if left.counted_all else f"{left.images:,} or more")


def _trash() -> list[Number]:
    """Adds up albums in the trash by their own sums, which leave out images that were trashed before."""
    whole = Album.objects.trashed().aggregate(albums=Count("pk"), images=Sum("image_count"), size=Sum("bytes"))
    alone = sums_of(Image.objects.trashed_alone())
    albums, images = (f"{_list_of(name)}?trash=yes" for name in ("albums_album", "images_image"))
    return [
        Number("Albums in the trash", f"{whole['albums']:,}", albums),
        Number("Images in the trash", f"{(whole['images'] or 0) + alone.images:,}", images),
        Number("Originals in the trash", filesize((whole["size"] or 0) + alone.bytes)),
    ]


def _originals() -> list[Number]:
    return [Number("Originals", filesize(User.objects.aggregate(used=Sum("used_bytes"))["used"] or 0))]


def _free_space() -> list[Number]:
    """Free bytes on the disks of images and uploads. A bucket tells no limit."""
    disks = {
        "Free on the disk of the images": ("storage", image_storage().free_bytes),
        "Space for uploads that arrive": ("staging", scratch.free_bytes),
    }
    try:
        full = space.full_disks()
        sizes = {name: (disk, free_bytes()) for name, (disk, free_bytes) in disks.items()}
    except OSError:
        return [Number(name, "the disk does not answer") for name in disks]
    return [
        Number(name, f"{filesize(max(0, size))}{', full: uploads are refused' if disk in full else ''}")
        for name, (disk, size) in sizes.items()
        if size is not None
    ]


def _findings() -> list[Number]:
    return [Number("Findings", f"{Finding.objects.unresolved().count():,}", _list_of("images_finding"))]


def _list_of(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


# Figures in the order of the page, each with the tables that an operator must be allowed to view.
_FIGURES: list[tuple[tuple[type[Model], ...], Callable[[], list[Number]]]] = [
    ((User,), _users),
    ((Album,), _albums),
    ((Image,), _images),
    ((Upload,), _uploads),
    ((Album, Image), _trash),
    ((User,), _originals),
    ((Image,), _free_space),
    ((User,), _mails),
    ((Finding,), _findings),
]
