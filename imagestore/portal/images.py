"""The pages of one image: looking, naming, deleting, trying again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from images import services
from images.models import Image
from imagestore.kit.keyset import neighbours
from imagestore.kit.params import flag
from imagestore.portal.forms.images import ImageForm
from imagestore.portal.lists import list_context
from imagestore.portal.toasts import say_where_it_went


def _neighbours_in_list(request: HttpRequest, image: Image) -> tuple[Image | None, Image | None]:
    """Before and after it in the list that the query names."""
    images = services.search(image.album, request.GET)
    return neighbours(images, image, request.GET.get("ordering"), services.ORDERINGS)


@require_GET
def image_detail(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    previous, following = _neighbours_in_list(request, found)
    context = list_context(request) | {
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
    asked = list_context(request)
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
    asked = list_context(request)
    if request.method == "GET":
        return render(request, "images/confirm_delete.html", asked | {"image": found, "album": found.album})
    following = _neighbours_in_list(request, found)[1]
    permanent = flag(request.POST, "permanent")
    services.delete_images(found.owner, Image.objects.filter(pk=found.pk), permanent=permanent)
    say_where_it_went(request, found, permanent=permanent)
    return redirect((following or found.album).get_absolute_url() + asked["list_query"])


@require_POST
def image_retry(request: HttpRequest, image: UUID) -> HttpResponse:
    found = services.find(request.user, image)
    services.retry(found)
    back = found if "stay" in request.POST else found.album
    return redirect(back.get_absolute_url() + list_context(request)["list_query"])
