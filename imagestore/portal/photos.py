"""The pages of all photos, over all albums: the list, which is the page of searches too, and its tiles."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import timeline
from images.covers import with_covers
from images.models import Image
from imagestore.kit.lists import ListRequest
from imagestore.portal.lists import album_choices, ids_in_order, tile_ids

# So many albums stand above the photos of a search.
FOUND_ALBUMS = 6


@require_safe
def photo_list(request: HttpRequest) -> HttpResponse:
    list_request = _read(request)
    images = timeline.images_of(request.user, list_request)
    page = list_request.page(list_request.apply(images))
    timeline.with_albums(page.items)
    context = {
        "page": page,
        "months": timeline.months_to_jump_to(images, list_request),
        **_found_albums(request, list_request),
        "any_pending": any(image.is_pending or image.is_turning for image in page.items),
        **_toolbar(request, list_request),
    }
    return render(request, "photos/list.html", context)


@require_safe
def photo_part(request: HttpRequest) -> HttpResponse:
    """The tiles alone of the page that `cursor`, `around` and `page_size` ask for."""
    list_request = _read(request)
    page = list_request.page(list_request.apply(timeline.images_of(request.user, list_request)))
    timeline.with_albums(page.items)
    return render(request, "images/_part.html", {"page": page, "list_request": list_request})


@require_safe
def photo_tiles(request: HttpRequest) -> HttpResponse:
    """The current tiles of the images in `?ids=`, and the toolbar, which they change."""
    list_request = _read(request)
    images = Image.objects.owned_by(request.user).filter(public_id__in=tile_ids(request)).newest_first()
    context = {"images": timeline.with_albums(list(images)), **_toolbar(request, list_request)}
    return render(request, "photos/_live_parts.html", context)


@require_safe
def photo_ids(request: HttpRequest) -> HttpResponse:
    """For "Select all"."""
    list_request = _read(request)
    return ids_in_order(list_request.in_order(timeline.images_of(request.user, list_request)))


def _read(request: HttpRequest) -> ListRequest:
    """A form sends the fields that the visitor left empty, too."""
    return timeline.LIST.read({name: str(value) for name, value in request.GET.items() if value})


def _toolbar(request: HttpRequest, list_request: ListRequest) -> dict[str, Any]:
    return {
        "list_request": list_request,
        "any_unfinished": Image.objects.owned_by(cast(User, request.user)).unfinished().exists(),
        "choices": album_choices(Album.objects.owned_by(request.user)),
        "trash_days": settings.TRASH_DAYS,
    }


def _found_albums(request: HttpRequest, list_request: ListRequest) -> dict[str, Any]:
    """The first albums that the search finds, and whether there are more."""
    if list_request.narrowed_by() != {"search"} or request.GET.get("cursor"):
        return {}
    search = albums.LIST.read({"search": list_request.search, "page_size": str(FOUND_ALBUMS)})
    page = search.page(search.apply(Album.objects.owned_by(request.user)))
    return {"found_albums": with_covers(page.items), "more_albums": page.next_cursor}
