"""The pages around images: an album with its pictures, one picture, and the bytes."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views import View
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import delivery, services, trash
from images.forms import ImageForm
from images.gate import TakesFiles
from images.models import Image
from images.names import clean_name
from images.services import Received
from imagestore.keyset import neighbours, page_of
from imagestore.params import flag
from imagestore.problems import Problem, not_found

# How many tiles one question may ask for, and how many refused files a page lists by name.
MAX_TILES = 200
MAX_REFUSALS = 10
NEWEST_FIRST = "-created_at"


@require_GET
def album_detail(request: HttpRequest, album: UUID) -> HttpResponse:
    found = albums.find(request.user, album)
    page = page_of(services.search(found, request.GET), request.GET, services.ORDERINGS)
    context = _list_asked_for(request) | {
        "album": found,
        "page": page,
        "next_url": page.url(request, page.next_cursor),
        "previous_url": page.url(request, page.previous_cursor),
        "upload_limits": {"max_bytes": settings.MAX_UPLOAD_BYTES, "max_files": settings.MAX_BULK_FILES},
        "room": _room(found),
        "trash_days": settings.TRASH_DAYS,
        "any_pending": any(image.is_pending for image in page.items),
    }
    return render(request, "albums/detail.html", context)


def _list_asked_for(request: HttpRequest) -> dict[str, str]:
    """What a list shows and in which order; `list_query` is that for the links that lead from it and back."""
    asked = {name: request.GET.get(name, "") for name in ("search", "status", "ordering")}
    if asked["ordering"] == NEWEST_FIRST:
        asked["ordering"] = ""
    query = urlencode({name: value for name, value in asked.items() if value})
    return asked | {"ordering": asked["ordering"] or NEWEST_FIRST, "list_query": f"?{query}" if query else ""}


def _neighbours_in_list(request: HttpRequest, image: Image) -> tuple[Image | None, Image | None]:
    """Before and after it in the list that the query names."""
    images = services.search(image.album, request.GET)
    return neighbours(images, image, request.GET.get("ordering"), services.ORDERINGS)


def _room(album: Album) -> int | None:
    """The bytes that fit for certain or not at all; None where only the upload shows it.

    What the album has in the trash comes back without taking any room.
    """
    room = album.owner.room
    return None if room is None or Image.objects.trashed_alone().filter(album=album).exists() else room


@require_GET
def album_tiles(request: HttpRequest, album: UUID) -> HttpResponse:
    """The tiles of some images as they are now, and what else the list's page shows that they change."""
    found = albums.find(request.user, album)
    try:
        ids = [UUID(text) for text in request.GET.get("ids", "").split(",") if text][:MAX_TILES]
    except ValueError:
        raise not_found() from None
    images = Image.objects.in_album(found).filter(public_id__in=ids).select_related("album").newest_first()
    context = _list_asked_for(request) | {"album": found, "images": images, "trash_days": settings.TRASH_DAYS}
    return render(request, "images/_fresh.html", context)


class Upload(TakesFiles, View):
    """The form for many files, for browsers without JavaScript."""

    takes_files = settings.MAX_BULK_FILES

    def post(self, request: HttpRequest, album: UUID) -> HttpResponse:
        found = albums.find(request.user, album)
        files = cast(list[Any], request.FILES.getlist("files"))
        outcomes = services.receive_many(found, files)
        if not files:
            messages.error(request, "Choose at least one picture first.")
        _say_what_came(request, [outcome for outcome in outcomes if isinstance(outcome, Received)])
        refused = [(file.name, outcome) for file, outcome in zip(files, outcomes, strict=True)]
        _say_what_was_refused(request, [(name, why) for name, why in refused if isinstance(why, Problem)])
        return redirect(found)


@require_GET
def image_detail(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    previous, following = _neighbours_in_list(request, found)
    context = _list_asked_for(request) | {
        "image": found,
        "album": found.album,
        "previous": previous,
        "next": following,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "images/detail.html", context)


@require_http_methods(["GET", "POST"])
def image_edit(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    asked = _list_asked_for(request)
    form = ImageForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        services.change(found, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(found.get_absolute_url() + asked["list_query"])
    return render(request, "images/form.html", asked | {"form": form, "image": found, "album": found.album})


@require_http_methods(["GET", "POST"])
def image_delete(request: HttpRequest, image: UUID) -> HttpResponse:
    """To the trash at once, with a way back. The page asks, before it is for ever.

    Then comes the next image of the list, or behind the last one the list.
    """
    found = services.find(request.user, image)
    asked = _list_asked_for(request)
    if request.method == "GET":
        return render(request, "images/confirm_delete.html", asked | {"image": found, "album": found.album})
    following = _neighbours_in_list(request, found)[1]
    permanent = flag(request.POST, "permanent")
    services.delete_images(found.owner, Image.objects.filter(pk=found.pk), permanent=permanent)
    say_where_it_went(request, found, permanent=permanent)
    return redirect((following or found.album).get_absolute_url() + asked["list_query"])


def say_where_it_went(request: HttpRequest, thing: Album | Image, *, permanent: bool) -> None:
    """A message; one that bears an id gets a button "Undo", which restores that."""
    if settings.TRASH_DAYS and not permanent:
        messages.success(request, f"“{thing}” is in the trash.", extra_tags=str(thing.public_id))
    else:
        messages.success(request, f"“{thing}” is deleted.")


@require_POST
def image_retry(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    services.retry(found)
    back = found if "stay" in request.POST else found.album
    return redirect(back.get_absolute_url() + _list_asked_for(request)["list_query"])


@require_safe
def image_file(request: HttpRequest, image: UUID) -> HttpResponseBase:
    """For "Download": the file under its own name."""
    found = services.find(request.user, image)
    file = delivery.file_of(found, request.GET.get("size", "original"))
    return delivery.serve_file(request, found, file, attachment=flag(request.GET, "download"))


@require_GET
def trash_list(request: HttpRequest) -> HttpResponse:
    page = page_of(trash.contents(request.user), request.GET, trash.ORDERINGS)
    if request.GET.get("cursor") and not page.items:
        # Its last one has gone.
        return redirect("trash")
    context = {
        "entries": trash.entries(page.items),
        "page_query": _trash_page(request),
        "next_url": page.url(request, page.next_cursor),
        "previous_url": page.url(request, page.previous_cursor),
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "trash/list.html", context)


def _trash_page(request: HttpRequest) -> str:
    """Which page of the trash one is on, for the links that lead from it and back."""
    asked = {name: value for name, value in request.GET.items() if name in ("cursor", "ordering", "page_size")}
    return f"?{urlencode(asked)}" if asked else ""


@require_POST
def trash_restore(request: HttpRequest, thing: UUID) -> HttpResponse:
    found = trash.find(request.user, thing)
    trash.restore(found)
    if "stay" not in request.POST:
        messages.success(request, f"“{found}” is back.")
        return redirect(found)
    messages.success(request, format_html('“<a href="{}">{}</a>” is back.', found.get_absolute_url(), found))
    return redirect(reverse("trash") + _trash_page(request))


@require_http_methods(["GET", "POST"])
def trash_delete(request: HttpRequest, thing: UUID) -> HttpResponse:
    found = trash.find(request.user, thing)
    if request.method == "GET":
        context = {
            "thing": found,
            "weight": trash.weight(trash.images_of(found)),
            "page_query": _trash_page(request),
        }
        return render(request, "trash/confirm_delete.html", context)
    trash.delete(found)
    messages.success(request, f"“{found}” is deleted.")
    return redirect(reverse("trash") + _trash_page(request))


@require_http_methods(["GET", "POST"])
def trash_empty(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method == "GET":
        context = {
            "albums": Album.objects.trashed_by(user).count(),
            "weight": trash.weight(Image.objects.trashed_by(user)),
        }
        return render(request, "trash/confirm_empty.html", context)
    trash.empty(user)
    messages.success(request, "The trash is empty.")
    return redirect("trash")


@login_not_required
@require_safe
def signed_file(request: HttpRequest, image: UUID, file: str) -> HttpResponseBase:
    return delivery.serve_link(request, image, file)


def _say_what_came(request: HttpRequest, received: list[Received]) -> None:
    created = sum(one.created for one in received)
    known = len(received) - created
    if created:
        messages.success(request, "1 photo added." if created == 1 else f"{created} photos added.")
    if known:
        messages.info(request, "1 photo was here already." if known == 1 else f"{known} photos were here already.")


def _say_what_was_refused(request: HttpRequest, refused: list[tuple[str, Problem]]) -> None:
    for name, problem in refused[:MAX_REFUSALS]:
        messages.error(request, f"{clean_name(name)}: {problem.detail}")
    if len(refused) > MAX_REFUSALS:
        messages.error(request, f"{len(refused) - MAX_REFUSALS} more files were not taken.")
