"""The pages around images: an album with its pictures, one picture, and the bytes."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from albums import services as albums
from images import delivery, services
from images.forms import ImageForm
from images.gate import TakesFiles
from images.models import SHOWN, Image
from images.names import clean_name
from images.services import Received
from imagestore.keyset import neighbours, page_of
from imagestore.params import flag
from imagestore.problems import Problem, not_found

# How many tiles one question may ask for, and how many refused files a page lists by name.
MAX_TILES = 200
MAX_REFUSALS = 10


@require_GET
def album_detail(request: HttpRequest, album: UUID) -> HttpResponse:
    found = albums.find(request.user, album)
    page = page_of(services.search(found, request.GET), request.GET, services.ORDERINGS)
    context = {
        "album": found,
        "page": page,
        "next_url": page.url(request, page.next_cursor),
        "previous_url": page.url(request, page.previous_cursor),
        "search": request.GET.get("search", ""),
        "status": request.GET.get("status", ""),
        "statuses": SHOWN,
        "ordering": request.GET.get("ordering", "-created_at"),
        "upload_limits": {"max_bytes": settings.MAX_UPLOAD_BYTES, "max_files": settings.MAX_BULK_FILES},
        "any_pending": any(image.is_pending for image in page.items),
    }
    return render(request, "albums/detail.html", context)


@require_GET
def album_tiles(request: HttpRequest, album: UUID) -> HttpResponse:
    """The tiles of some images as they are now, for pages that wait for pictures to be made."""
    found = albums.find(request.user, album)
    try:
        ids = [UUID(text) for text in request.GET.get("ids", "").split(",") if text][:MAX_TILES]
    except ValueError:
        raise not_found() from None
    images = Image.objects.in_album(found).filter(public_id__in=ids).select_related("album").newest_first()
    return render(request, "images/_tiles.html", {"images": images})


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
    previous, following = neighbours(Image.objects.in_album(found.album), found)
    context = {"image": found, "album": found.album, "previous": previous, "next": following}
    return render(request, "images/detail.html", context)


@require_http_methods(["GET", "POST"])
def image_edit(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    form = ImageForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        services.change(found, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(found)
    return render(request, "images/form.html", {"form": form, "image": found, "album": found.album})


@require_http_methods(["GET", "POST"])
def image_delete(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    if request.method == "POST":
        services.delete_images(found.owner, Image.objects.filter(pk=found.pk))
        messages.success(request, f"“{found.name}” is deleted.")
        return redirect(found.album)
    return render(request, "images/confirm_delete.html", {"image": found, "album": found.album})


@require_POST
def image_retry(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    services.retry(found)
    return redirect(found.album)


@require_safe
def image_file(request: HttpRequest, image: UUID) -> HttpResponseBase:
    """For "Download": the file under its own name."""
    found = services.find(request.user, image)
    file = delivery.file_of(found, request.GET.get("size", "original"))
    return delivery.serve_file(request, found, file, attachment=flag(request.GET, "download"))


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
