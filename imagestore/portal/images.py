"""The pages of one image, and forms that edit it, delete it and render it again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from images import services
from images.models import Image
from imagestore.kit.params import flag
from imagestore.portal.forms.images import ImageForm
from imagestore.portal.lists import image_url, list_request_of, list_url, neighbours, title_of
from imagestore.portal.toasts import say_deleted


@require_safe
def image_detail(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = list_request_of(request)
    previous, following = neighbours(image, list_request)
    context = {
        "image": image,
        "album": image.album,
        "list_request": list_request,
        "list_url": list_url(image, list_request),
        "list_title": title_of(image, list_request),
        "previous": previous,
        "next": following,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "images/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def image_edit(request: HttpRequest, image_id: UUID) -> HttpResponse:
    image = services.find(request.user, image_id)
    list_request = list_request_of(request)
    form = ImageForm(request.POST or None, instance=image)
    if request.method == "POST" and form.is_valid():
        services.change(image, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(image_url(image, list_request))
    context = {"form": form, "image": image, "album": image.album, "list_request": list_request}
    return render(request, "images/form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def image_delete(request: HttpRequest, image_id: UUID) -> HttpResponse:
    """POST moves the image to the trash, or deletes it for ever with `permanent`. GET asks for confirmation.

    After a POST the user sees the next image of the list, or after the last one the list.
    """
    image = services.find(request.user, image_id)
    list_request = list_request_of(request)
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
    list_request = list_request_of(request)
    services.retry(image)
    return redirect((image_url if "stay" in request.POST else list_url)(image, list_request))
