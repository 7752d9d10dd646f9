"""The pages of albums: the list, one album with its images, and forms that create, edit and delete one."""

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import services as images
from images.covers import with_covers
from images.deletion import trash
from images.models import Image
from images.timeline import MonthEntry, months_to_jump_to
from imagestore.kit.keyset import PAGE_SIZE
from imagestore.kit.lists import ListRequest
from imagestore.kit.params import choice, flag
from imagestore.portal.forms.albums import AlbumForm
from imagestore.portal.lists import ids_in_order, tile_ids
from imagestore.portal.toasts import say_deleted


@require_safe
def album_list(request: HttpRequest) -> HttpResponse:
    list_request = albums.LIST.read(request.GET)
    page = list_request.page(list_request.apply(Album.objects.owned_by(request.user)))
    with_covers(page.items)
    return render(request, "albums/list.html", {"page": page, "list_request": list_request})


@require_http_methods(["GET", "HEAD", "POST"])
def album_create(request: HttpRequest) -> HttpResponse:
    form = AlbumForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(albums.create(cast(User, request.user), **form.cleaned_data))
    return render(request, "albums/form.html", {"form": form, "album": None})


@require_http_methods(["GET", "HEAD", "POST"])
def album_edit(request: HttpRequest, album_id: UUID) -> HttpResponse:
    album = albums.find(request.user, album_id)
    form = AlbumForm(request.POST or None, instance=album)
    if request.method == "POST" and form.is_valid():
        albums.change(album, **form.cleaned_data)
        messages.success(request, gettext("Saved."))
        return redirect(album)
    return render(request, "albums/form.html", {"form": form, "album": album})


@require_http_methods(["GET", "HEAD", "POST"])
def album_delete(request: HttpRequest, album_id: UUID) -> HttpResponse:
    """POST moves the album to the trash, or deletes it for ever with `permanent`. GET asks for confirmation."""
    album = albums.find(request.user, album_id)
    if request.method != "POST":
        return render(request, "albums/confirm_delete.html", {"album": album})
    permanent = flag(request.POST, "permanent")
    images.delete_albums(album.owner, Album.objects.filter(pk=album.pk), permanent=permanent)
    say_deleted(request, album, permanent=permanent)
    return redirect("album-list")


@require_safe
def album_detail(request: HttpRequest, album_id: UUID) -> HttpResponse:
    album = albums.find(request.user, album_id)
    list_request = images.LIST.read(request.GET, album.ordering)
    page = list_request.page(list_request.apply(album.images.in_album(album)))
    context = {
        "album": album,
        "page": page,
        "list_request": list_request,
        "free_bytes": _free_bytes(album),
        "trash_days": settings.TRASH_DAYS,
        "any_unfinished": _any_unfinished(album),
        "trash_is_used": lambda: trash.is_used(request.user),
        "any_pending": any(image.is_pending or image.is_turning for image in page.items),
        "months": _months(album, list_request),
    }
    return render(request, "albums/detail.html", context)


@require_POST
def album_order(request: HttpRequest, album_id: UUID) -> HttpResponse:
    """Store how the album's images are listed from now on, and show them so."""
    album = albums.find(request.user, album_id)
    ordering = choice(request.POST, "ordering", images.LIST.ordering_names, default=album.ordering)
    albums.change(album, ordering=ordering)
    list_request = images.LIST.read(request.GET, album.ordering)
    return redirect(f"{album.get_absolute_url()}?{list_request.narrowing_query.urlencode()}".removesuffix("?"))


@require_safe
def album_part(request: HttpRequest, album_id: UUID) -> HttpResponse:
    """The tiles alone of the page of the album that `cursor`, `around` and `page_size` ask for."""
    album = albums.find(request.user, album_id)
    list_request = images.LIST.read(request.GET, album.ordering)
    page = list_request.page(list_request.apply(album.images.in_album(album)))
    return render(request, "images/_part.html", {"album": album, "page": page, "list_request": list_request})


@require_safe
def album_ids(request: HttpRequest, album_id: UUID) -> HttpResponse:
    """For "Select all"."""
    album = albums.find(request.user, album_id)
    list_request = images.LIST.read(request.GET, album.ordering)
    return ids_in_order(list_request.in_order(album.images.in_album(album)))


def _months(album: Album, list_request: ListRequest) -> list[MonthEntry]:
    """Those to jump to in the album's list; none in an album of one page."""
    images_of_album = Image.objects.in_album(album)
    return months_to_jump_to(images_of_album, list_request) if album.image_count > PAGE_SIZE else []


def _free_bytes(album: Album) -> int | None:
    """Bytes above which the page refuses files before it uploads them; None when it must not.

    An image that the album has in the trash comes back when it is uploaded again, and that takes no
    bytes of the quota. So with images in the trash, only the upload shows whether a file fits.
    """
    free_bytes = album.owner.free_bytes
    # `stored` names each status, so that an index leads to images in the trash past all others.
    if free_bytes is None or album.images.stored().trashed_alone().exists():
        return None
    return free_bytes


def _any_unfinished(album: Album) -> bool:
    """Whether the toolbar offers a choice of states."""
    return bool(Image.objects.in_album(album).unfinished().exists())


@require_safe
def album_tiles(request: HttpRequest, album_id: UUID) -> HttpResponse:
    """The current tiles of the images in `?ids=`, and the other elements of the page that they change."""
    album = albums.find(request.user, album_id)
    tiles = Image.objects.in_album(album).filter(public_id__in=tile_ids(request)).newest_first()
    list_request = images.LIST.read(request.GET, album.ordering)
    context = {
        "album": album,
        "images": tiles,
        "list_request": list_request,
        "any_unfinished": _any_unfinished(album),
        "trash_is_used": lambda: trash.is_used(request.user),
        "trash_days": settings.TRASH_DAYS,
        "months": _months(album, list_request),
    }
    return render(request, "images/_live_parts.html", context)
