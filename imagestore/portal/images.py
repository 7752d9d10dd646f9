"""The pages of one image, and forms that edit it, delete it and render it again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from images import services
from images.models import Image
from imagestore.kit.params import choice, flag
from imagestore.portal.forms.images import ImageForm, MoveForm
from imagestore.portal.lists import image_url, list_request_of, list_url, neighbours, place_url, title_of
from imagestore.portal.toasts import say_deleted


@require_safe
def image_detail(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = list_request_of(request, image.album)
    previous, following = neighbours(image, list_request)
    context = {
        "image": image,
        "album": image.album,
        "list_request": list_request,
        "place_url": place_url(image, list_request),
        "list_title": title_of(image, list_request),
        "previous": previous,
        "next": following,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "images/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def image_edit(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = list_request_of(request, image.album)
    form = ImageForm(image, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.change(image, **form.changes)
        messages.success(request, gettext("Saved."))
        return redirect(image_url(image, list_request))
    context = {"form": form, "image": image, "album": image.album, "list_request": list_request}
    return render(request, "images/form.html", context)


@require_POST
def image_change(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """The buttons of the image's page. `by` turns it (degrees clockwise), `cover` makes it the album's cover."""
    image = services.find(request.user, image_id)
    list_request = list_request_of(request, image.album)
    if by := choice(request.POST, "by", ("90", "270")):
        services.change(image, rotation=(image.rotation + int(by)) % 360)
    if "favourite" in request.POST:
        services.change(image, favourite=flag(request.POST, "favourite"))
    if flag(request.POST, "cover"):
        services.change_album(image.album, cover_choice=image.public_id)
        messages.success(request, gettext("This photo is the album’s cover now."))
    return redirect(image_url(image, list_request))


@require_http_methods(["GET", "HEAD", "POST"])
def image_move(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """To another album. The image's page then continues the list of that one."""
    image = services.find(request.user, image_id)
    form = MoveForm(image, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.move(image, form.cleaned_data["album"])
        messages.success(request, gettext("Moved to “%(album)s”.") % {"album": image.album.title})
        return redirect(image)
    context = {"form": form, "image": image, "album": image.album}
    return render(request, "images/move.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def image_delete(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """POST moves the image to the trash, or deletes it for ever with `permanent`. GET asks for confirmation.

    After a POST the user sees the next image of the list, or after the last one the list.
    """
    image = services.find(request.user, image_id)
    list_request = list_request_of(request, image.album)
    if request.method != "POST":
        context = {"image": image, "album": image.album, "list_request": list_request}
        return render(request, "images/confirm_delete.html", context)
    following = neighbours(image, list_request)[1]
    permanent = flag(request.POST, "permanent")
    services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=permanent)
    say_deleted(request, image, permanent=permanent)
    url = image_url(following, list_request) if following else list_url(image, list_request)
    return redirect(url)


@require_POST
def image_retry(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = list_request_of(request, image.album)
    services.retry(image)
    return redirect((image_url if "stay" in request.POST else list_url)(image, list_request))
