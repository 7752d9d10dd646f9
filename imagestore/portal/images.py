"""The pages of one image, and forms that edit it, delete it and render it again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from albums.models import Album
from images import services
from images.models import Image
from imagestore.kit.lists import ListRequest
from imagestore.kit.params import choice, flag
from imagestore.portal.forms.images import ImageForm, MoveForm
from imagestore.portal.toasts import say_deleted


def _neighbours(image: Image, list_request: ListRequest) -> tuple[Image | None, Image | None]:
    """The images before and after this one in the album's list; None at an end."""
    images = Image.objects.in_album(image.album).select_related("album")
    return list_request.neighbours(list_request.apply(images), image)


def _url(target: Album | Image, list_request: ListRequest) -> str:
    """The page of an album or image, which continues the list that the user came from."""
    query = list_request.query.urlencode()
    return target.get_absolute_url() + (f"?{query}" if query else "")


@require_safe
def image_detail(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = services.LIST.read(request.GET, image.album.ordering)
    previous, following = _neighbours(image, list_request)
    context = {
        "image": image,
        "album": image.album,
        "list_request": list_request,
        "previous": previous,
        "next": following,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "images/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def image_edit(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = services.LIST.read(request.GET, image.album.ordering)
    form = ImageForm(image, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.change(image, **form.changes)
        messages.success(request, "Saved.")
        return redirect(_url(image, list_request))
    context = {"form": form, "image": image, "album": image.album, "list_request": list_request}
    return render(request, "images/form.html", context)


@require_POST
def image_change(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """The buttons of the image's page. `by` turns it (degrees clockwise), `cover` makes it the album's cover."""
    image = services.find(request.user, image_id)
    list_request = services.LIST.read(request.GET, image.album.ordering)
    if by := choice(request.POST, "by", ("90", "270")):
        services.change(image, rotation=(image.rotation + int(by)) % 360)
    if "favourite" in request.POST:
        services.change(image, favourite=flag(request.POST, "favourite"))
    if flag(request.POST, "cover"):
        services.change_album(image.album, cover_choice=image.public_id)
        messages.success(request, "This photo is the album’s cover now.")
    return redirect(_url(image, list_request))


@require_http_methods(["GET", "HEAD", "POST"])
def image_move(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """To another album. The image's page then continues the list of that one."""
    image = services.find(request.user, image_id)
    form = MoveForm(image, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.move(image, form.cleaned_data["album"])
        messages.success(request, f"Moved to “{image.album.title}”.")
        return redirect(image)
    context = {"form": form, "image": image, "album": image.album}
    return render(request, "images/move.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def image_delete(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """POST moves the image to the trash, or deletes it for ever with `permanent`. GET asks for confirmation.

    After a POST the user sees the next image of the list, or after the last one the list.
    """
    image = services.find(request.user, image_id)
    list_request = services.LIST.read(request.GET, image.album.ordering)
    if request.method != "POST":
        context = {"image": image, "album": image.album, "list_request": list_request}
        return render(request, "images/confirm_delete.html", context)
    following = _neighbours(image, list_request)[1]
    permanent = flag(request.POST, "permanent")
    services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=permanent)
    say_deleted(request, image, permanent=permanent)
    return redirect(_url(following or image.album, list_request))


@require_POST
def image_retry(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = services.LIST.read(request.GET, image.album.ordering)
    services.retry(image)
    return redirect(_url(image if "stay" in request.POST else image.album, list_request))
