"""The pages of one image: looking, naming, deleting, trying again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from albums.models import Album
from images import services
from images.models import Image
from imagestore.kit.lists import ListRequest
from imagestore.kit.params import flag
from imagestore.portal.forms.images import ImageForm
from imagestore.portal.toasts import say_where_it_went


def _neighbours(image: Image, asked: ListRequest) -> tuple[Image | None, Image | None]:
    """Before and after it in its album's list."""
    return asked.neighbours(asked.apply(Image.objects.in_album(image.album).select_related("album")), image)


def _url(target: Album | Image, asked: ListRequest) -> str:
    """Where it stands in the list one came from."""
    query = asked.query.urlencode()
    return target.get_absolute_url() + (f"?{query}" if query else "")


@require_GET
def image_detail(request: HttpRequest, image: UUID) -> HttpResponse:
    own = services.find(request.user, image)
    asked = services.LIST.read(request.GET)
    previous, following = _neighbours(own, asked)
    context = {
        "image": own,
        "album": own.album,
        "asked": asked,
        "previous": previous,
        "next": following,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, "images/detail.html", context)


@require_http_methods(["GET", "POST"])
def image_edit(request: HttpRequest, image: UUID) -> HttpResponse:
    own = services.find(request.user, image)
    asked = services.LIST.read(request.GET)
    form = ImageForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        services.change(own, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(_url(own, asked))
    return render(request, "images/form.html", {"form": form, "image": own, "album": own.album, "asked": asked})


@require_http_methods(["GET", "POST"])
def image_delete(request: HttpRequest, image: UUID) -> HttpResponse:
    """To the trash at once, with a way back. The page asks, before it is for ever.

    Then comes the next image of the list, or behind the last one the list.
    """
    own = services.find(request.user, image)
    asked = services.LIST.read(request.GET)
    if request.method == "GET":
        context = {"image": own, "album": own.album, "asked": asked}
        return render(request, "images/confirm_delete.html", context)
    following = _neighbours(own, asked)[1]
    permanent = flag(request.POST, "permanent")
    services.delete_images(own.owner, Image.objects.filter(pk=own.pk), permanent=permanent)
    say_where_it_went(request, own, permanent=permanent)
    return redirect(_url(following or own.album, asked))


@require_POST
def image_retry(request: HttpRequest, image: UUID) -> HttpResponse:
    own = services.find(request.user, image)
    asked = services.LIST.read(request.GET)
    services.retry(own)
    return redirect(_url(own if "stay" in request.POST else own.album, asked))
