"""What the admin's first page shows, and the version below every page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Model, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince

from accounts.models import OutgoingMail, User
from accounts.outbox.queue import GIVE_UP_DAYS
from albums.models import Album
from images import census
from images.deletion.trash import sums_of
from images.models import Finding, Image, LastRun, Status, Upload
from images.processing.errors import BY_CODE
from images.rendering import convergence
from images.storage import space
from imagestore.kit.filesize import filesize
from imagestore.operators.first_page import mails_go

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


# ---- Growth and failures ------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """One month of the chart; `percent` of the longest bar."""

    month: str
    images: str
    percent: int


@register.simple_tag(takes_context=True)
def growth(context: dict[str, Any]) -> list[Bar]:
    """How many images each of the last months has brought; none for operators who may not view images."""
    if not _may_view(context["request"], Image):
        return []
    months = census.growth()
    most = max(month.images for month in months) or 1
    return [
        Bar(
            f"{month.begins:%B %Y}",
            f"{month.images:,}{'' if month.is_counted else ' or more'}",
            round(100 * month.images / most),
        )
        for month in months
    ]


@dataclass(frozen=True)
class Failure:
    code: str
    sentence: str
    images: str
    url: str


@register.simple_tag(takes_context=True)
def failures(context: dict[str, Any]) -> list[Failure]:
    """Why images failed, most frequent reason first; none for operators who may not view images."""
    if not _may_view(context["request"], Image):
        return []
    images = _list_of("images_image")
    return [
        Failure(
            code,
            BY_CODE[code].detail if code in BY_CODE else code,
            f"{count:,}",
            f"{images}?status={Status.FAILED}&error_code={code}",
        )
        for code, count in census.failures()
    ]


@register.simple_tag
def where_mails_go() -> str:
    return mails_go()


# ---- Numbers ------------------------------------------------------------------------------------


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
        Number("Images in work now", f"{census.in_work():,}"),
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
    names = {"storage": "Free on the disk of the images", "staging": "Space for uploads that arrive"}
    try:
        full, sizes = space.full_disks(), space.free_bytes()
    except OSError:
        return [Number(name, "the disk does not answer") for name in names.values()]
    return [
        Number(name, f"{filesize(max(0, sizes[disk]))}{', full: uploads are refused' if disk in full else ''}")
        for disk, name in names.items()
        if disk in sizes
    ]


def _findings() -> list[Number]:
    return [Number("Findings", f"{Finding.objects.unresolved().count():,}", _list_of("images_finding"))]


def _upkeep() -> list[Number]:
    runs = {run.work: run for run in LastRun.objects.all()}
    return [Number(f"Last {work}", _told(runs.get(work))) for work in (LastRun.VERIFY, LastRun.BACKUP)]


def _told(run: LastRun | None) -> str:
    if run is None:
        return "never"
    losses = f", {run.losses:,} files missing, damaged or unknown" if run.losses else ""
    return f"{timesince(run.ended_at, depth=1)} ago{losses}"


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
    ((Finding,), _upkeep),
]
