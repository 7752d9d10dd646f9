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
from imagestore.kit.params import flag
from imagestore.portal.forms.images import ImageForm
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
    form = ImageForm(request.POST or None, instance=image)
    if request.method == "POST" and form.is_valid():
        services.change(image, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(_url(image, list_request))
    context = {"form": form, "image": image, "album": image.album, "list_request": list_request}
    return render(request, "images/form.html", context)


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
