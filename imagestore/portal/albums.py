"""The pages of albums: the list, one album with its pictures, and making, naming and deleting one."""

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import services as images
from images.delivery.covers import with_covers
from images.models import Image
from imagestore.kit.params import flag
from imagestore.kit.problems import not_found
from imagestore.portal.forms.albums import AlbumForm
from imagestore.portal.toasts import say_where_it_went

# How many tiles one question may ask for.
MAX_TILES = 200


@require_GET
def album_list(request: HttpRequest) -> HttpResponse:
    asked = albums.LIST.read(request.GET)
    page = asked.page(asked.apply(Album.objects.owned_by(request.user)))
    with_covers(page.items)
    return render(request, "albums/list.html", {"page": page, "asked": asked})


@require_http_methods(["GET", "POST"])
def album_create(request: HttpRequest) -> HttpResponse:
    form = AlbumForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(albums.create(cast(User, request.user), **form.cleaned_data))
    return render(request, "albums/form.html", {"form": form, "album": None})


@require_http_methods(["GET", "POST"])
def album_edit(request: HttpRequest, album: UUID) -> HttpResponse:
    found = albums.find(request.user, album)
    form = AlbumForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        albums.change(found, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(found)
    return render(request, "albums/form.html", {"form": form, "album": found})


@require_http_methods(["GET", "POST"])
def album_delete(request: HttpRequest, album: UUID) -> HttpResponse:
    """To the trash at once, with a way back. The page asks, before it is for ever."""
    found = albums.find(request.user, album)
    if request.method == "GET":
        return render(request, "albums/confirm_delete.html", {"album": found})
    permanent = flag(request.POST, "permanent")
    images.delete_albums(found.owner, Album.objects.filter(pk=found.pk), permanent=permanent)
    say_where_it_went(request, found, permanent=permanent)
    return redirect("album-list")


@require_GET
def album_detail(request: HttpRequest, album: UUID) -> HttpResponse:
    found = albums.find(request.user, album)
    asked = images.LIST.read(request.GET)
    page = asked.page(asked.apply(Image.objects.in_album(found).select_related("album")))
    context = {
        "album": found,
        "page": page,
        "asked": asked,
        "upload_limits": {"max_bytes": settings.MAX_UPLOAD_BYTES, "max_files": settings.MAX_BULK_FILES},
        "free_bytes": _free_bytes(found),
        "trash_days": settings.TRASH_DAYS,
        "any_pending": any(image.is_pending for image in page.items),
    }
    return render(request, "albums/detail.html", context)


def _free_bytes(album: Album) -> int | None:
    """The bytes that fit for certain or not at all; None where only the upload shows it.

    What the album has in the trash comes back without taking any bytes of the quota.
    """
    free = album.owner.free_bytes
    return None if free is None or Image.objects.trashed_alone().filter(album=album).exists() else free


@require_GET
def album_tiles(request: HttpRequest, album: UUID) -> HttpResponse:
    """The tiles of some images as they are now, and what else the list's page shows that they change."""
    found = albums.find(request.user, album)
    try:
        ids = [UUID(text) for text in request.GET.get("ids", "").split(",") if text][:MAX_TILES]
    except ValueError:
        raise not_found() from None
    tiles = Image.objects.in_album(found).filter(public_id__in=ids).select_related("album").newest_first()
    context = {
        "album": found,
        "images": tiles,
        "asked": images.LIST.read(request.GET),
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "images/_live_parts.html", context)
